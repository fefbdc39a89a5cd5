// My day: the chosen row opens beside the queue; a logged contact brings the queue up to date and opens the next row.
(function () {
  "use strict";
  var list = document.getElementById("list");
  var brief = document.getElementById("brief");
  var open = "";   // address of the brief that is open
  var place = -1;  // its place in the queue when the contact was logged, until the next row is open

  function links() { return Array.from(list.querySelectorAll("[data-rows] a.row-link")); }
  function address(link) { return link ? link.getAttribute("hx-get") || "" : ""; }

  function mark() {
    links().forEach(function (link) {
      link.closest("tr").classList.toggle("is-current", !!open && address(link) === open);
    });
  }

  function next() {
    var all = links();
    if (all[place] && address(all[place]) === open) place += 1;  // still due: go past it
    var link = all.slice(Math.max(place, 0)).concat(all).find(function (one) { return address(one) && address(one) !== open; });
    place = -1;
    if (link) link.click();
    else mark();
  }

  list.addEventListener("click", function (event) {
    var link = event.target.closest("a.row-link[hx-get]");
    if (!link) return;
    open = address(link);
    mark();
  });

  document.addEventListener("contact-logged", function () {
    place = links().findIndex(function (link) { return address(link) === open; });
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target === list) { if (place >= 0) next(); else mark(); }
    if (event.target !== brief) return;
    var words = brief.querySelector("textarea");
    var below = brief.getBoundingClientRect().top >= list.getBoundingClientRect().bottom;
    if (below) brief.parentElement.scrollIntoView({ block: "start" });
    if (words && window.matchMedia("(pointer: fine)").matches) words.focus({ preventScroll: true });
  });
})();
