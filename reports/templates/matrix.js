(function () {
  "use strict";
  var table = document.querySelector("table.heat"), form = document.querySelector(".filters");
  if (!table) { return; }
  var body = table.tBodies[0], heads = table.tHead.rows[0].cells;
  if (heads.length > 31) { table.classList.add("many"); }
  form.hidden = false;
  function links() { return table.querySelectorAll("td a"); }
  links().forEach(function (a) { a.tabIndex = -1; a.dataset.state = a.className; a.dataset.sign = a.textContent; });
  var at = links()[0];
  if (at) { at.tabIndex = 0; }
  function go(a) { at.tabIndex = -1; at = a; at.tabIndex = 0; at.focus(); }
  function step(down, right) {
    var row = at.closest("tr"), column = at.closest("td").cellIndex;
    for (;;) {
      if (right) { column += right; }
      if (down) { row = down > 0 ? row.nextElementSibling : row.previousElementSibling; }
      var cell = row && row.cells[column];
      if (!cell || column < 1) { return; }
      var a = cell.querySelector("a");
      if (a && !row.hidden && !cell.hidden) { go(a); return; }
    }
  }
  var keys = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table.addEventListener("keydown", function (event) {
    var move = keys[event.key];
    if (move && event.target.matches("td a")) { event.preventDefault(); step(move[0], move[1]); }
  });
  table.addEventListener("focusin", function (event) {
    if (event.target.matches("td a") && event.target !== at) { at.tabIndex = -1; at = event.target; at.tabIndex = 0; }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && /^#c-/.test(location.hash)) { location.hash = "#matrix"; at.focus(); }
  });
  document.querySelectorAll("a.close").forEach(function (close) {
    close.addEventListener("click", function () { setTimeout(function () { at.focus(); }, 0); });
  });
  function mark() {
    links().forEach(function (a) { a.classList.toggle("at", a.getAttribute("href") === location.hash); });
    var shown = /^#c-/.test(location.hash) && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (shown) { shown.focus({ preventScroll: true }); }
  }
  window.addEventListener("hashchange", mark);
  mark();
  function chosen(name) { return form.querySelector('[data-by="' + name + '"]').value; }
  function filter() {
    var region = chosen("region"), solution = chosen("solution"), state = chosen("state"), use = chosen("use-case");
    function fits(one) {
      return (!region || one.dataset.region === region) && (!solution || one.dataset.solution === solution);
    }
    var all = !region && !solution, signs = {};
    links().forEach(function (a) { signs[a.dataset.state] = a.dataset.sign; });
    Array.prototype.forEach.call(body.rows, function (row) {
      var mine = fits(row), any = false;
      Array.prototype.forEach.call(row.cells, function (cell, column) {
        if (column === 0) { return; }
        var a = cell.querySelector("a"), shown = all || mine || fits(heads[column]);
        any = any || (a && shown);
        if (!a) { return; }
        var now = (use && a.getAttribute("data-" + use)) || a.dataset.state;
        a.className = now + (a.getAttribute("href") === location.hash ? " at" : "");
        a.textContent = signs[now] || a.dataset.sign;
        a.classList.toggle("dim", !shown || (state !== "" && now !== state));
      });
      row.hidden = !any && !all;
    });
  }
  form.addEventListener("change", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
})();
