// The histogram of bounds: a line is dragged with the pointer or moved by key, and its amount stands in the field below.
// The field is what is sent; the line only follows it, so fields and lines never say different things.
(function () {
  "use strict";
  var chart = document.querySelector("[data-bounds]");
  var form = document.getElementById("bounds-form");
  if (!chart || !form) return;
  var svg = chart.querySelector("svg");
  var width = Number(chart.dataset.width), strip = Number(chart.dataset.strip);
  var low = Math.log10(Number(chart.dataset.low)), high = Math.log10(Number(chart.dataset.high));
  var handles = Array.from(chart.querySelectorAll("[data-bound]"));

  function field(handle) { return form.elements[handle.dataset.bound]; }
  function amount(handle) { return Number(field(handle).value) || 0; }

  function place(value) {
    if (value < Math.pow(10, low)) return strip / 2;
    if (value > Math.pow(10, high)) return width - strip / 2;
    return strip + (Math.log10(value) - low) / (high - low) * (width - 2 * strip);
  }

  // Two figures that count: nobody means 438,193 yuan when dragging.
  function plain(value) {
    if (value <= 0) return 0;
    var step = Math.pow(10, Math.floor(Math.log10(value)) - 1);
    return Math.round(value / step) * step;
  }

  function draw(handle) {
    var value = amount(handle), x = place(value).toFixed(1);
    handle.querySelectorAll("line").forEach(function (line) { line.setAttribute("x1", x); line.setAttribute("x2", x); });
    handle.setAttribute("aria-valuenow", String(Math.round(value)));
    handle.setAttribute("aria-valuetext", value.toLocaleString(document.documentElement.lang || "zh"));
  }

  // A bound stays between its neighbours: one step of two figures away from either.
  function between(handle, value) {
    var at = handles.indexOf(handle);
    var least = at > 0 ? amount(handles[at - 1]) * 1.01 + 0.01 : 0;
    var most = at < handles.length - 1 ? amount(handles[at + 1]) * 0.99 - 0.01 : Math.pow(10, high);
    return Math.min(Math.max(value, least), Math.max(most, least));
  }

  function set(handle, value) {
    var input = field(handle), kept = between(handle, value);
    var text = String(Math.round(kept * 100) / 100);
    if (input.value === text) return;
    input.value = text;
    draw(handle);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  var held = null;
  chart.addEventListener("pointerdown", function (event) {
    held = event.target.closest("[data-bound]");
    if (!held) return;
    event.preventDefault();
    held.focus();
    held.classList.add("is-held");
    held.setPointerCapture(event.pointerId);
  });
  chart.addEventListener("pointermove", function (event) {
    if (!held) return;
    var box = svg.getBoundingClientRect();
    var x = Math.min(Math.max((event.clientX - box.left) / box.width * width, strip), width - strip);
    set(held, plain(Math.pow(10, low + (x - strip) / (width - 2 * strip) * (high - low))));
  });
  function drop() {
    if (held) held.classList.remove("is-held");
    held = null;
  }
  chart.addEventListener("pointerup", drop);
  chart.addEventListener("pointercancel", drop);

  chart.addEventListener("keydown", function (event) {
    var handle = event.target.closest("[data-bound]");
    if (!handle) return;
    var value = amount(handle), step = Math.pow(10, Math.floor(Math.log10(Math.max(value, 1000))) - 1);
    var steps = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step };
    if (event.key === "Home") set(handle, Number(field(handle).dataset.stands));
    else if (event.key in steps) set(handle, plain(Math.max(value + steps[event.key], 0)));
    else return;
    event.preventDefault();
  });

  form.addEventListener("input", function () { handles.forEach(draw); });
  form.addEventListener("click", function (event) {
    if (!event.target.closest("[data-bounds-reset]")) return;
    handles.forEach(function (handle) { field(handle).value = field(handle).dataset.stands; draw(handle); });
    form.requestSubmit();
  });
  // Saving leads to a page of its own: htmx, which answers every other submit of the form, stays out of it.
  form.addEventListener("click", function (event) {
    var save = event.target.closest("[data-bounds-save]");
    if (!save) return;
    event.preventDefault();
    window.location.assign(save.formAction + "?" + new URLSearchParams(new FormData(form)).toString());
  });
  handles.forEach(draw);
})();
