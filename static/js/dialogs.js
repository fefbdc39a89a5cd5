// Dialogs, menus, toasts, copying, printing. Everything is declared by attributes on the page.
(function () {
  "use strict";
  var crm = (window.crm = window.crm || {});
  var UNDO_SECONDS = 10;
  var READ_SECONDS = 6;

  crm.words = function (name) {
    var words = document.getElementById("words");
    return (words && words.dataset[name]) || "";
  };

  // --- Confirmation -----------------------------------------------------------------------------------------------
  function ask(source) {
    var dialog = document.getElementById("confirm-dialog");
    if (!dialog) return Promise.resolve(true);
    var yes = dialog.querySelector("[data-confirm-yes]");
    dialog.querySelector("[data-confirm-text]").textContent = source.dataset.confirm;
    yes.textContent = source.dataset.confirmLabel || crm.words("continue");
    var danger = "confirmDanger" in source.dataset;
    yes.classList.toggle("btn-danger", danger);
    yes.classList.toggle("btn-primary", !danger);
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise(function (answer) {
      dialog.addEventListener("close", function () { answer(dialog.returnValue === "yes"); }, { once: true });
    });
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    var source = event.submitter && event.submitter.dataset.confirm ? event.submitter : form;
    if (!source.dataset.confirm) return;
    if (form.crmConfirmed) { form.crmConfirmed = false; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    var submitter = event.submitter;
    ask(source).then(function (agreed) {
      if (!agreed) return;
      form.crmConfirmed = true;
      form.requestSubmit(submitter);
    });
  }, true);

  document.addEventListener("click", function (event) {
    var source = event.target.closest("[data-confirm]");
    if (!source || source.tagName === "FORM" || (source.type === "submit" && source.form)) return;
    if (source.crmConfirmed) { source.crmConfirmed = false; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(source).then(function (agreed) {
      if (!agreed) return;
      source.crmConfirmed = true;
      source.click();
    });
  }, true);

  // --- Opening, closing, copying, printing ------------------------------------------------------------------------
  crm.open = function (dialog) {
    if (!dialog || dialog.open) return;
    dialog.showModal();
  };

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open], details.reveal[open]").forEach(function (menu) {
      if (menu !== except && !(except && menu.contains(except))) menu.open = false;
    });
  }

  // A box that would leave the window on the right hangs from its right edge instead.
  document.addEventListener("toggle", function (event) {
    var menu = event.target;
    if (!menu.matches || !menu.matches("details.menu, details.reveal")) return;
    menu.classList.remove("to-left");
    if (!menu.open) return;
    var box = menu.lastElementChild.getBoundingClientRect();
    menu.classList.toggle("to-left", box.right > document.documentElement.clientWidth - 4);
    var first = menu.matches(".reveal") && menu.querySelector("input:not([type=hidden])");
    if (first) first.focus();
  }, true);

  function copy(source) {
    if (!navigator.clipboard) return;
    navigator.clipboard.writeText(source.dataset.copy).then(function () {
      crm.toast({ level: "success", text: crm.words("copied") });
    });
  }

  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details"));
    var source = event.target.closest("[data-dialog], [data-close], [data-print], [data-copy], [data-look], [data-show-keys], [data-toast-close]");
    if (event.target.tagName === "DIALOG" && event.target.open) {
      var box = event.target.getBoundingClientRect();
      var inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.clientX) event.target.close("no");
    }
    if (!source) return;
    if (source.dataset.dialog) { event.preventDefault(); crm.open(document.querySelector(source.dataset.dialog)); }
    if ("close" in source.dataset) { event.preventDefault(); source.closest("dialog").close(); }
    if ("print" in source.dataset) window.print();
    if (source.dataset.copy) copy(source);
    if (source.dataset.look) { window.crmLook.set.apply(null, source.dataset.look.split(":")); showLook(); }
    if ("showKeys" in source.dataset) { closeMenus(); crm.open(document.getElementById("keys-dialog")); }
    if ("toastClose" in source.dataset) dismiss(source.closest("[data-toast]"));
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || event.isComposing) return;
    var menu = document.activeElement && document.activeElement.closest("details.menu[open], details.reveal[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else closeMenus();
  });

  function showLook() {
    document.querySelectorAll("[data-look]").forEach(function (button) {
      var pair = button.dataset.look.split(":");
      button.setAttribute("aria-pressed", String(window.crmLook.get(pair[0]) === pair[1]));
    });
  }
  if (window.crmLook) showLook();

  // --- Toasts -----------------------------------------------------------------------------------------------------
  function dismiss(note) {
    if (!note) return;
    var hadFocus = note.contains(document.activeElement);
    note.remove();
    if (hadFocus) document.getElementById("main").focus();
  }

  function schedule(note) {
    var undo = "undo" in note.dataset;
    var lasting = note.classList.contains("note-danger") || note.classList.contains("note-warning");
    if (lasting && !undo) return;
    setTimeout(function wait() {
      if (note.matches(":hover, :focus-within")) { setTimeout(wait, 2000); return; }
      dismiss(note);
    }, (undo ? UNDO_SECONDS : READ_SECONDS) * 1000);
  }

  crm.toast = function (what) {
    var region = document.getElementById("toasts");
    var template = document.getElementById("toast-template");
    if (!region || !template || !what.text) return;
    var note = template.content.firstElementChild.cloneNode(true);
    var tone = { error: "danger" }[what.level] || what.level || "info";
    note.classList.add("note-" + tone);
    (note.querySelector('[data-icon="' + tone + '"]') || note.querySelector('[data-icon="info"]')).hidden = false;
    note.querySelector("[data-text]").textContent = what.text;
    if (what.undo && what.undo.charAt(0) === "/" && what.undo.charAt(1) !== "/") {
      var form = note.querySelector("[data-undo-form]");
      form.action = what.undo;
      form.hidden = false;
      note.dataset.undo = "";
    }
    region.append(note);
    schedule(note);
  };
  document.querySelectorAll("#toasts [data-toast]").forEach(schedule);
  document.addEventListener("toast", function (event) { crm.toast(event.detail); });
})();
