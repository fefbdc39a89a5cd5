// Keys: / ? j k Enter, g then a letter, Ctrl/Cmd+K, and the letters a page declares by data-key.
// Esc leaves a field, so that the keys work again; nothing else happens in inputs, while an input method composes, or when single-letter keys are switched off.
(function () {
  "use strict";
  var crm = (window.crm = window.crm || {});
  var AFTER_G = 1500;
  var waiting = 0;

  function lettersOn() {
    try { return window.localStorage.getItem("crm.keys") !== "off"; } catch (refused) { return true; }
  }

  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio|button|submit)$/.test(target.type);
  }

  function shown(element) { return !!(element && element.getClientRects().length); }

  // --- Rows -------------------------------------------------------------------------------------------------------
  function rows() {
    return Array.from(document.querySelectorAll("[data-rows] > *")).filter(function (row) {
      return shown(row) && (row.dataset.href || "row" in row.dataset || row.querySelector("a[href]"));
    });
  }

  function move(step) {
    var all = rows();
    if (!all.length) return;
    var focused = document.activeElement && document.activeElement.closest("[data-rows] > *");
    var at = all.indexOf(focused || document.querySelector("[data-rows] > .is-current"));
    var next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
    all.forEach(function (row) { row.classList.toggle("is-current", row === next); });
    var handle = "row" in next.dataset ? next : next.querySelector("a.row-link, a[href]") || next;
    if (handle === next && !next.hasAttribute("tabindex")) next.tabIndex = -1;
    handle.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // A row whose link answers beside the list opens there; others lead away.
  function openRow(row) {
    var link = row.querySelector("a.row-link");
    if (link && link.hasAttribute("hx-get")) link.click();
    else if (row.dataset.href) window.location.assign(row.dataset.href);
    else if (link) link.click();
    else row.click();
  }

  document.addEventListener("click", function (event) {
    var row = event.target.closest("[data-href]");
    if (!row || event.defaultPrevented || event.button !== 0) return;
    var own = event.target.closest("a, button, input, label, select, textarea, summary, [hx-get], [hx-post]");
    if (own && row.contains(own)) return;
    if (String(window.getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else openRow(row);
  });

  // --- Palette ----------------------------------------------------------------------------------------------------
  function openPalette() {
    var dialog = document.getElementById("palette");
    if (!dialog || dialog.open) return;
    var input = dialog.querySelector("input");
    input.value = "";
    crm.open(dialog);
    input.focus();
    input.dispatchEvent(new CustomEvent("palette-open"));
  }

  function paletteKey(event) {
    var dialog = document.getElementById("palette");
    var items = Array.from(dialog.querySelectorAll(".palette-results a, .palette-results button"));
    var at = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      var next = at + (event.key === "ArrowDown" ? 1 : -1);
      if (next < 0) dialog.querySelector("input").focus();
      else if (items[next]) items[next].focus();
    } else if (event.key === "Enter" && at < 0 && items.length) {
      event.preventDefault();
      items[0].click();
    }
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-palette]")) openPalette();
  });

  // --- The list of keys -------------------------------------------------------------------------------------------
  function listPageKeys() {
    var list = document.querySelector("[data-page-keys]");
    if (!list) return;
    list.textContent = "";
    document.querySelectorAll("[data-key][data-key-label]").forEach(function (source) {
      var pair = document.createElement("div"), key = document.createElement("dt"), what = document.createElement("dd");
      key.append(document.createElement("kbd"));
      key.firstChild.textContent = source.dataset.key;
      what.textContent = source.dataset.keyLabel;
      pair.append(key, what);
      list.append(pair);
    });
  }

  function showKeys() { listPageKeys(); crm.open(document.getElementById("keys-dialog")); }
  document.addEventListener("click", function (event) { if (event.target.closest("[data-show-keys]")) listPageKeys(); });

  var toggle = document.querySelector("[data-keys-switch]");
  if (toggle) {
    toggle.checked = lettersOn();
    toggle.addEventListener("change", function () {
      try { window.localStorage.setItem("crm.keys", toggle.checked ? "on" : "off"); } catch (refused) { /* this page only */ }
    });
  }

  // --- Dispatch ---------------------------------------------------------------------------------------------------
  function pageKey(letter) {
    var source = Array.from(document.querySelectorAll("[data-key]")).find(function (item) {
      return item.dataset.key === letter && shown(item);
    });
    if (!source) return false;
    if (typing(source)) source.focus(); else source.click();
    return true;
  }

  function go(letter) {
    var link = document.querySelector('[data-go="' + letter.replace(/[^a-z]/g, "") + '"]');
    if (link) window.location.assign(link.href);
    return !!link;
  }

  function letterKey(event) {
    if (waiting && Date.now() - waiting < AFTER_G) { waiting = 0; return go(event.key); }
    waiting = 0;
    switch (event.key) {
      case "g": waiting = Date.now(); return true;
      case "j": move(1); return true;
      case "k": move(-1); return true;
      case "?": showKeys(); return true;
      case "/": var box = document.querySelector('[data-focus-key="/"]'); if (!shown(box)) return false; box.focus(); box.select(); return true;
      case "Enter":
        if (document.activeElement && document.activeElement.matches("[data-rows] > *")) { openRow(document.activeElement); return true; }
        return false;
      default: return pageKey(event.key);
    }
  }

  document.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    var palette = document.getElementById("palette");
    if (palette && palette.open) { paletteKey(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && typing(event.target) && !document.querySelector("dialog[open]")) { event.target.blur(); return; }
    if (typing(event.target) || document.querySelector("dialog[open]") || !lettersOn()) return;
    if (event.key.length === 1 || event.key === "Enter") { if (letterKey(event)) event.preventDefault(); }
  });
})();
