(function () {
  "use strict";
  document.documentElement.classList.add("scripted");
  var under = false, again = false, leaving = false;
  function parts(of) { return of.querySelectorAll("[data-live]"); }
  function freshen(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html"), moved = fresh.body.dataset.turn !== document.body.dataset.turn;
    var open = Array.prototype.map.call(document.querySelectorAll("details[open][id]"), function (one) { return one.id; });
    if (moved && fresh.body.dataset.turn) {
      document.title = fresh.title;
      document.body.dataset.turn = fresh.body.dataset.turn;
      document.getElementById("main").replaceWith(fresh.getElementById("main"));
      document.getElementById("now").focus();
    }
    parts(fresh).forEach(function (one) {
      var mine = document.querySelector('[data-live="' + one.dataset.live + '"]');
      if (mine && mine.innerHTML !== one.innerHTML) { mine.innerHTML = one.innerHTML; }
    });
    open.forEach(function (id) { var one = document.getElementById(id); if (one) { one.open = true; } });
  }
  function look() {
    if (leaving) { return; }
    if (under) { again = true; return; }
    under = true;
    fetch(location.pathname, {cache: "no-store"}).then(function (answer) {
      return answer.ok ? answer.text().then(function (text) { if (!leaving) { freshen(text); } }) : null;
    }).catch(function () { return null; }).then(function () {
      under = false;
      if (again) { again = false; look(); }
    });
  }
  var source = new EventSource("events");
  source.addEventListener("message", look);
  source.addEventListener("open", function () { document.getElementById("lost").hidden = true; });
  source.addEventListener("error", function () { document.getElementById("lost").hidden = false; });
  document.addEventListener("submit", function () { leaving = true; });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    navigator.clipboard.writeText(button.dataset.copy).then(function () { button.textContent = button.dataset.copied; });
  });
})();
