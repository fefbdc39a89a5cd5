// Theme and density before the first paint, so that nothing flashes. Loaded blocking, hence small and alone.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function kept(name) {
    try { return window.localStorage.getItem("crm." + name); } catch (refused) { return null; }
  }

  function apply() {
    var theme = kept("theme") || "auto";
    root.setAttribute("data-bs-theme", theme === "auto" ? (dark.matches ? "dark" : "light") : theme);
    if (kept("density")) root.setAttribute("data-density", kept("density"));
    root.classList.add("js");
  }

  window.crmLook = {
    get: function (name) { return kept(name) || (name === "theme" ? "auto" : root.getAttribute("data-" + name)); },
    set: function (name, value) {
      try { window.localStorage.setItem("crm." + name, value); } catch (refused) { /* this page only */ }
      if (name === "density") root.setAttribute("data-density", value);
      apply();
      document.dispatchEvent(new CustomEvent("crm:look"));
    }
  };
  dark.addEventListener("change", function () { apply(); document.dispatchEvent(new CustomEvent("crm:look")); });
  apply();
})();
