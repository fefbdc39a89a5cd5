// What htmx needs around it: refusals become notices, filters stay tidy, lists of rows can be ticked.
(function () {
  "use strict";
  var crm = window.crm;

  // --- Tabs: the open one is in view on a phone --------------------------------------------------------------------
  document.querySelectorAll(".tabs .active").forEach(function (tab) {
    var row = tab.closest("ul"), over = tab.getBoundingClientRect().right - row.getBoundingClientRect().right;
    if (over > 0) row.scrollLeft += over + 24;
  });

  // --- Answers ----------------------------------------------------------------------------------------------------
  var SAME_FORM = [400, 409, 412, 422, 428];  // the same fragment with the refusal in it

  function isPage(text) { return /<html[\s>]/i.test(String(text).slice(0, 600)); }

  document.addEventListener("htmx:beforeSwap", function (event) {
    var answer = event.detail.xhr;
    var landed = answer.responseURL ? new URL(answer.responseURL).pathname : "";
    if (/\/login\/$/.test(landed) && landed !== window.location.pathname) {
      event.detail.shouldSwap = false;
      window.location.assign(landed + "?next=" + encodeURIComponent(window.location.pathname + window.location.search));
      return;
    }
    if (SAME_FORM.indexOf(answer.status) >= 0 && answer.responseText && !isPage(answer.responseText) && !/json/.test(answer.getResponseHeader("Content-Type") || "")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("htmx:responseError", function (event) {
    var status = event.detail.xhr.status;
    var word = { 401: "signedOut", 403: "forbidden", 404: "gone", 409: "stale", 412: "stale", 428: "stale" }[status] || "failed";
    crm.toast({ level: "error", text: crm.words(word) });
  });
  document.addEventListener("htmx:sendError", function () { crm.toast({ level: "error", text: crm.words("offline") }); });
  document.addEventListener("htmx:timeout", function () { crm.toast({ level: "error", text: crm.words("failed") }); });

  function busy(event, on) {
    var target = event.detail.target;
    if (!target || target === document.body) return;
    if (on) target.setAttribute("aria-busy", "true"); else target.removeAttribute("aria-busy");
  }
  document.addEventListener("htmx:beforeRequest", function (event) { busy(event, true); });
  document.addEventListener("htmx:afterRequest", function (event) { busy(event, false); });

  // --- Filters: no empty parameters in addresses; a chip empties its field -------------------------------------------
  document.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.verb !== "get") return;
    var form = event.detail.formData;
    if (!form) return;
    Array.from(form.keys()).forEach(function (name) {
      var filled = form.getAll(name).filter(function (value) { return value !== ""; });
      form.delete(name);
      filled.forEach(function (value) { form.append(name, value); });
    });
  });

  // What is typed is asked for while it is typed. Without this, leaving the field would ask once more: rows sorted by
  // the click that left it fell back into their old order, and the row under the pointer was swapped before the click.
  document.addEventListener("change", function (event) {
    if (event.target.type === "search" && event.target.closest("[data-filter-bar]")) event.stopPropagation();
  }, true);

  // Sorting is one more word of the same question: fields filled a moment ago count, and the next filter keeps the order.
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a.sort[hx-get]");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    var form = document.querySelector('form[data-filter-bar][hx-target="' + link.getAttribute("hx-target") + '"]');
    if (!form || link.pathname !== form.getAttribute("hx-get")) return;
    event.preventDefault();
    event.stopPropagation();
    var sort = form.querySelector('input[type=hidden][name="sort"]');
    if (!sort) {
      sort = document.createElement("input");
      sort.type = "hidden";
      sort.name = "sort";
      form.prepend(sort);
    }
    sort.value = new URLSearchParams(link.search).get("sort") || "";
    form.requestSubmit();
  }, true);

  // The back key leaves a whole search, not one letter of it, and never leads to the page it is pressed on.
  var typed = "";
  document.addEventListener("htmx:beforeHistoryUpdate", function (event) {
    var entry = event.detail.history, here = window.location.pathname + window.location.search;
    var cause = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    var typing = !!cause && cause.type === "input";
    if (entry.path === here || (typing && typed === here)) entry.type = "replace";
    typed = typing ? entry.path : "";
  });

  function empty(control) {
    if (control.type === "checkbox" || control.type === "radio") control.checked = false;
    else if (control.multiple) Array.from(control.options).forEach(function (option) { option.selected = false; });
    else control.value = "";
  }

  document.addEventListener("click", function (event) {
    var chip = event.target.closest("[data-clear]");
    var form = chip && document.querySelector("form[data-filter-bar]");
    if (!form || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    var name = chip.dataset.clear;
    Array.from(form.elements).forEach(function (control) {
      if (!name || control.name === name || control.name.indexOf(name + "_") === 0) if (control.name && control.type !== "hidden") empty(control);
    });
    form.requestSubmit();
  });

  // --- Ticking rows -----------------------------------------------------------------------------------------------
  var TICKS = "tbody input[type=checkbox]"; // within a form marked data-bulk
  function tally(form) {
    var boxes = Array.from(form.querySelectorAll(TICKS));
    var ticked = boxes.filter(function (box) { return box.checked; }).length;
    var all = form.querySelector("[data-select-all]");
    if (all) { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length; }
    boxes.forEach(function (box) { var row = box.closest("tr"); if (row) row.classList.toggle("is-ticked", box.checked); });
    var bar = form.querySelector("[data-bulk-bar]");
    if (!bar) return;
    bar.hidden = !ticked;
    bar.querySelector("[data-bulk-count]").textContent = String(ticked);
  }

  var lastBox = null;
  document.addEventListener("click", function (event) {
    var box = event.target;
    if (!box.matches || !box.matches(TICKS)) return;
    var form = box.closest("[data-bulk]");
    if (!form) return;
    if (event.shiftKey && lastBox && form.contains(lastBox)) {
      var boxes = Array.from(form.querySelectorAll(TICKS));
      var ends = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort(function (a, b) { return a - b; });
      boxes.slice(ends[0], ends[1] + 1).forEach(function (other) { other.checked = box.checked; });
    }
    lastBox = box;
    tally(form);
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-select-all]")) return;
    var form = event.target.closest("[data-bulk]");
    form.querySelectorAll(TICKS).forEach(function (box) { box.checked = event.target.checked; });
    tally(form);
  });
  document.addEventListener("click", function (event) {
    var none = event.target.closest("[data-select-none]");
    if (!none) return;
    var form = none.closest("[data-bulk]");
    form.querySelectorAll(TICKS + ", [data-select-all]").forEach(function (box) { box.checked = false; });
    tally(form);
  });
  function tallyAll() { document.querySelectorAll("[data-bulk]").forEach(tally); }
  tallyAll();
  document.addEventListener("htmx:afterSettle", tallyAll);

  // --- Scrolling boxes can be scrolled by key only when they can be focused ------------------------------------------
  function reachable() {
    document.querySelectorAll(".table-wrap").forEach(function (box) {
      box.classList.remove("fits");  // a head can only stick to the page where its box does not scroll by itself
      var wide = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      box.classList.toggle("fits", !wide);
      ["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); });
      if (!wide) return;
      var caption = box.querySelector("caption");
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", caption ? caption.textContent.trim() : document.title);
    });
  }
  reachable();
  window.addEventListener("resize", reachable);
  document.addEventListener("htmx:afterSettle", reachable);

  // --- Connection -------------------------------------------------------------------------------------------------
  function connection() {
    var note = document.getElementById("offline-note");
    if (note) note.hidden = navigator.onLine;
  }
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);
  connection();

  // The worker keeps the page for a lost connection; only a safe origin may have one.
  var worker = document.body.dataset.worker;
  if (worker && "serviceWorker" in navigator && window.isSecureContext) {
    window.addEventListener("load", function () { navigator.serviceWorker.register(worker).catch(function () { /* works without */ }); });
  }
})();
