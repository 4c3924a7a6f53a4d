(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("scripted");
  var fr = document.getElementById("lang-fr"), en = document.getElementById("lang-en");
  function tongue() { root.lang = en.checked ? "en" : "fr"; }
  if (location.hash === "#en" || (!/^fr/i.test(navigator.language || "fr") && location.hash.indexOf("fr") < 0)) {
    en.checked = true;
  }
  fr.addEventListener("change", tongue); en.addEventListener("change", tongue); tongue();
  document.querySelectorAll("button[data-filter]").forEach(function (button) {
    button.addEventListener("click", function () {
      var wanted = button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.filter;
      document.querySelectorAll("button[data-filter]").forEach(function (other) {
        other.setAttribute("aria-pressed", String(other.dataset.filter === wanted));
      });
      document.querySelectorAll("[data-verdict]").forEach(function (row) {
        row.hidden = wanted !== "" && row.dataset.verdict !== wanted;
      });
      if (wanted) {
        document.querySelectorAll("details.use-case").forEach(function (box) { box.open = true; });
        document.getElementById("use-cases").scrollIntoView();
      }
    });
  });
  document.querySelectorAll("pre.curl").forEach(function (pre) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = root.lang === "en" ? "copy" : "copier";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(pre.textContent).then(function () {
        button.textContent = root.lang === "en" ? "copied" : "copié";
      });
    });
    pre.parentNode.insertBefore(button, pre);
  });
  function open() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", open);
  open();
})();
