{% load ui %}// Keeps the page for a lost connection, and nothing else: no page of a client is ever stored.
const facts = {{ facts|as_json }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(facts.store).then((store) => store.addAll([facts.page, ...facts.files])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("offline-") && name !== facts.store).map((name) => caches.delete(name))))
      .then(() => self.clients.claim())
  );
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(facts.page)));
  } else if (facts.files.includes(new URL(request.url).pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(request)));
  }
});
