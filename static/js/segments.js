// The builder of segments: a field is found by a part of its name or heading, or by the pinyin of its name.
(function () {
  "use strict";
  var crm = window.crm;
  var dialog = document.getElementById("field-picker");
  if (!dialog) return;
  var input = dialog.querySelector("input"), none = dialog.querySelector("[data-none]");
  var sections = Array.from(dialog.querySelectorAll("section"));
  var choices = Array.from(dialog.querySelectorAll("[data-field]")).map(function (button) {
    var heading = button.closest("section").querySelector("h3");
    var names = said(button), groups = said(heading);
    return { button: button, names: names, groups: groups, words: names.concat(groups).join(" ") };
  });
  function said(part) { return [part.textContent.toLowerCase()].concat((part.dataset.words || "").split(" ")); }
  var asking = null;  // the button of the condition that a field is chosen for

  function shown() { return choices.filter(function (one) { return !one.button.parentElement.hidden; }); }

  // What Enter takes: the field of just that name, else the first of a group of that name, else one that begins so, else the first.
  function best(typed) {
    var left = shown();
    function like(test) { return left.find(function (one) { return typed && test(one); }); }
    return like(function (one) { return one.names.indexOf(typed) >= 0; }) ||
      like(function (one) { return one.groups.indexOf(typed) >= 0; }) ||
      like(function (one) { return one.names.some(function (name) { return name.indexOf(typed) === 0; }); }) ||
      left[0];
  }

  function narrow() {
    var typed = input.value.trim().toLowerCase(), parts = typed.split(/\s+/);
    choices.forEach(function (one) {
      one.button.parentElement.hidden = !parts.every(function (part) { return one.words.indexOf(part) >= 0; });
      one.button.classList.remove("is-first");
    });
    sections.forEach(function (section) { section.hidden = !section.querySelector("li:not([hidden])"); });
    var first = best(typed);
    none.textContent = first ? "" : none.dataset.words;
    if (!first || !typed) return;
    first.button.classList.add("is-first");
    first.button.scrollIntoView({ block: "nearest" });
  }

  function choose(button) {
    var held = document.getElementById(asking.dataset.chooseField);
    dialog.close();
    if (!held || held.value === button.dataset.field) return;
    held.value = button.dataset.field;
    asking.querySelector("[data-label]").textContent = button.textContent;
    held.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-choose-field]");
    if (!button) return;
    asking = button;
    input.value = "";
    var now = document.getElementById(button.dataset.chooseField).value;
    crm.open(dialog);
    narrow();
    choices.forEach(function (one) {
      var is = one.button.dataset.field === now;
      if (is) one.button.setAttribute("aria-current", "true"); else one.button.removeAttribute("aria-current");
      if (is) one.button.scrollIntoView({ block: "center" });
    });
    if (!now) dialog.querySelector(".palette-results").scrollTop = 0;
    input.focus();
  });

  dialog.addEventListener("click", function (event) {
    var button = event.target.closest("[data-field]");
    if (button) choose(button);
  });
  input.addEventListener("input", narrow);
  dialog.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229) return;
    var left = shown(), at = left.findIndex(function (one) { return one.button === document.activeElement; });
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      var next = at + (event.key === "ArrowDown" ? 1 : -1);
      if (next < 0) input.focus();
      else if (left[next]) left[next].button.focus();
    } else if (event.key === "Enter" && at < 0) {
      event.preventDefault();
      var first = best(input.value.trim().toLowerCase());
      if (first) choose(first.button);
    }
  });
})();
