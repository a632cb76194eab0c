// Which kernels are the fastest on this adapter, from one visit to the next: in IndexedDB, where there is one.

const STORE = "tuned";

/** Under what an adapter's measurements are kept; undefined where there is no adapter. */
async function key(): Promise<string | undefined> {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    const { vendor, architecture, device, description } = adapter?.info ?? {};
    return adapter ? [vendor, architecture, device, description].join("|") : undefined;
}

/** What is known of one adapter. */
export class Tuning {
    private constructor(
        readonly known: string | undefined,
        readonly key: string | undefined,
    ) {}

    /** What earlier visits measured. Browsers that keep nothing know nothing. */
    static async recall(): Promise<Tuning> {
        try {
            const name = await key();
            const found: unknown = name && (await within("readonly", (store) => store.get(name)));
            return new Tuning(typeof found === "string" ? found : undefined, name);
        } catch {
            return new Tuning(undefined, undefined);
        }
    }

    /** Keeps what is new; where that is not possible it is measured again next time. */
    async keep(tuned: string): Promise<void> {
        const { key } = this;
        if (key === undefined || tuned === this.known) return;
        await within("readwrite", (store) => store.put(tuned, key)).catch(() => {});
    }
}

async function within(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const opening = indexedDB.open("yolov4-wgpu", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const base = (await settled(opening)) as IDBDatabase;
    try {
        return await settled(ask(base.transaction(STORE, mode).objectStore(STORE)));
    } finally {
        base.close();
    }
}

function settled(request: IDBRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
    });
}
