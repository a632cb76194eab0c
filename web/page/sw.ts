// The page without a network: every file of this version is kept at the first visit, or when it is needed first. Models by address are none of its business.
declare const VERSION: string;
declare const FILES: string[];
declare const SELDOM: string[];
declare const self: ServiceWorkerGlobalScope;

const PREFIX = `yolov4-page ${new URL(self.registration.scope).pathname} `;
const CACHE = PREFIX + VERSION;

self.addEventListener("install", (event) => {
    const fill = async () => {
        const cache = await caches.open(CACHE);
        // Past the browser's own cache: files of two versions must not meet.
        await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
        await self.skipWaiting();
    };
    event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
    const tidy = async () => {
        const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
        await Promise.all(old.map((name) => caches.delete(name)));
        await self.clients.claim();
    };
    event.waitUntil(tidy());
});

// From a page that has needed one of what is kept then, before it had this worker.
self.addEventListener("message", (event) => {
    const name = SELDOM.find((name) => name === event.data);
    if (name) event.waitUntil(caches.open(CACHE).then((cache) => cache.add(name)));
});

self.addEventListener("fetch", (event) => {
    const { request } = event;
    const mine = request.method === "GET" && request.url.startsWith(self.registration.scope);
    if (!mine || request.headers.has("range")) return;
    const answer = async () => {
        const cache = await caches.open(CACHE);
        const kept = await cache.match(request, { ignoreSearch: true });
        if (kept) return kept;
        const came = await fetch(request);
        const name = request.url.slice(self.registration.scope.length);
        if (came.ok && SELDOM.includes(name)) await cache.put(request, came.clone()).catch(() => {});
        return came;
    };
    event.respondWith(answer());
});

export {};
