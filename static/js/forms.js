// Forms: sent once, never while an input method composes, long texts kept until they are safe on the server.
(function () {
  "use strict";
  var PREFIX = "crm.draft.";
  var GIVE_UP_SECONDS = 20;

  function composing(event) { return event.isComposing || event.keyCode === 229; }

  // --- Once -------------------------------------------------------------------------------------------------------
  function buttons(form) {
    return Array.from(form.elements).filter(function (part) { return part.type === "submit" || part.type === "image"; });
  }

  function release(form) {
    delete form.dataset.busy;
    buttons(form).forEach(function (button) {
      if (!("held" in button.dataset)) return;
      button.disabled = false;
      delete button.dataset.held;
    });
  }

  function hold(form) {
    form.dataset.busy = "1";
    setTimeout(function () {  // after the browser has taken the pressed button's own value along
      if (!form.dataset.busy) return;
      buttons(form).forEach(function (button) {
        if (button.disabled) return;
        button.disabled = true;
        button.dataset.held = "1";
      });
    }, 0);
    setTimeout(function () { release(form); }, ("download" in form.dataset ? 3 : GIVE_UP_SECONDS) * 1000);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    leaving(form);
    if (form.method === "post") hold(form);
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) document.querySelectorAll("form[data-busy]").forEach(release);
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    var form = event.detail.elt;
    if (form.tagName !== "FORM" || event.detail.requestConfig.verb === "get") return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    leaving(form);
    hold(form);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt;
    if (form.tagName !== "FORM") return;
    release(form);
    settle(form, event.detail.successful);
  });

  // --- Enter belongs to the input method while it composes; Ctrl+Enter sends ---------------------------------------
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter") return;
    if (composing(event)) { if (event.target.tagName === "INPUT") event.preventDefault(); event.stopPropagation(); return; }
    if (!(event.ctrlKey || event.metaKey)) return;
    var form = event.target.closest && event.target.closest("form");
    if (form && (form.matches("[data-submit-on]") || event.target.matches("textarea"))) { event.preventDefault(); form.requestSubmit(); }
  }, true);

  // Searching as one types must wait for the word, not search its pinyin letters.
  document.addEventListener("input", function (event) {
    if (event.isComposing && event.target.type === "search") event.stopPropagation();
  }, true);
  document.addEventListener("compositionend", function (event) {
    if (event.target.type === "search") event.target.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-autosubmit]") && event.target.form) event.target.form.requestSubmit();
  });

  // --- A value that is offered beside a field ---------------------------------------------------------------------
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button[data-fills]");
    var field = button && button.form && button.form.elements[button.dataset.fills];
    if (!field) return;
    field.value = button.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // --- Fields that go with one answer only: data-for="kind=person" ---------------------------------------------------
  function fit(form) {
    form.querySelectorAll("[data-for]").forEach(function (part) {
      var wanted = part.dataset.for.split("="), asked = form.elements[wanted[0]], row = part.closest(".form-row");
      if (asked && row) row.hidden = asked.value !== wanted[1];
    });
  }
  document.addEventListener("change", function (event) { if (event.target.form) fit(event.target.form); });
  document.querySelectorAll("form").forEach(fit);

  // --- Leaving with unsaved text ----------------------------------------------------------------------------------
  function leaving(form) {
    form.dataset.sent = "1";
    form.querySelectorAll("textarea[data-draft]").forEach(function (text) { mark(text, true); });
  }

  function settle(form, well) {
    if (!well) delete form.dataset.sent;
    form.querySelectorAll("textarea[data-draft]").forEach(function (text) {
      if (well) forget(text.dataset.draft); else mark(text, false);
    });
  }

  function unsaved(form) {
    if (form.dataset.sent) return false;
    return Array.from(form.elements).some(function (part) {
      var typed = part.tagName === "TEXTAREA" || (part.tagName === "INPUT" && /^(text|search|email|tel|number|date)$/.test(part.type));
      if (!typed) return false;
      return part.value !== part.defaultValue || ("dirty" in form.dataset && part.tagName === "TEXTAREA" && part.value.trim());
    });
  }

  window.addEventListener("beforeunload", function (event) {
    if (Array.from(document.querySelectorAll("form[data-guard]")).some(unsaved)) event.preventDefault();
  });

  // --- Drafts: in this browser session only, and only for the person who wrote them ---------------------------------
  var store = (function () {
    try { return window.sessionStorage; } catch (refused) { return null; }
  })();

  function forget(key) { if (store) { store.removeItem(PREFIX + key); store.removeItem(PREFIX + key + ".sent"); } }

  function forgetAll() {
    if (!store) return;
    Object.keys(store).filter(function (key) { return key.indexOf(PREFIX) === 0; }).forEach(function (key) { store.removeItem(key); });
  }

  function mark(text, sent) {
    if (!store) return;
    var key = PREFIX + text.dataset.draft + ".sent";
    if (sent) store.setItem(key, "1"); else store.removeItem(key);
  }

  function restore(text) {
    if (!store || text.dataset.draftReady) return;
    text.dataset.draftReady = "1";
    var key = PREFIX + text.dataset.draft;
    var kept = store.getItem(key);
    if (!kept) return;
    if (text.value.trim()) { store.removeItem(key + ".sent"); return; }  // the server sent it back: not saved yet
    if (store.getItem(key + ".sent")) { forget(text.dataset.draft); return; }
    text.value = kept;
    var words = document.getElementById("words");
    if (words && window.crm && window.crm.toast) window.crm.toast({ level: "info", text: words.dataset.restored });
  }

  document.addEventListener("input", function (event) {
    var text = event.target;
    if (!store || !text.matches || !text.matches("textarea[data-draft]")) return;
    delete (text.form || text).dataset.sent;
    if (text.value.trim()) store.setItem(PREFIX + text.dataset.draft, text.value); else forget(text.dataset.draft);
  });
  document.addEventListener("submit", function (event) { if ("signOut" in event.target.dataset) forgetAll(); });

  function start() {
    var user = document.body.dataset.user || "";
    if (store && user) {
      if (store.getItem("crm.user") && store.getItem("crm.user") !== user) forgetAll();
      store.setItem("crm.user", user);
    }
    var texts = Array.from(document.querySelectorAll("textarea[data-draft]"));
    texts.forEach(restore);
    if (!store || !user) return;
    var here = texts.map(function (text) { return text.dataset.draft; });
    Object.keys(store).forEach(function (key) {  // sent, and we are on another page of the product: it arrived
      if (!/\.sent$/.test(key) || key.indexOf(PREFIX) !== 0) return;
      var name = key.slice(PREFIX.length, -5);
      if (here.indexOf(name) < 0) forget(name);
    });
  }
  start();
  document.addEventListener("htmx:load", function (event) {
    event.detail.elt.querySelectorAll("textarea[data-draft]").forEach(restore);
  });
  window.addEventListener("load", function () {
    var wrong = document.querySelector(".is-invalid, .form-errors");
    if (wrong && !wrong.closest("[data-sample]")) wrong.focus();
  });
})();
