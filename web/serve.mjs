// Serves a folder of static files on this machine: `node serve.mjs FOLDER [PORT] [/SUB/PATH/]`.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

/**
 * A server on the loopback address; `base` is where the folder lies, "/" or "/some/where/". `isolated` pages may use threads.
 * @param {string} folder
 * @param {{ port?: number, base?: string, isolated?: boolean }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(folder, { port = 0, base = "/", isolated = false } = {}) {
    const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    const files = sirv(folder, {
        dev: true,
        etag: true,
        setHeaders: (response) => {
            for (const [name, value] of Object.entries(isolated ? headers : {})) response.setHeader(name, value);
        },
    });
    const server = createServer((request, response) => {
        const url = request.url ?? "/";
        if (!url.startsWith(base)) {
            response.writeHead(404).end();
            return;
        }
        request.url = url.slice(base.length - 1);
        files(request, response);
    });
    await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => resolve(undefined));
    });
    const address = /** @type {import("node:net").AddressInfo} */ (server.address());
    return {
        url: `http://127.0.0.1:${address.port}${base}`,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [, , folder, port] = process.argv;
    if (!folder) {
        console.error("serve.mjs: expected a folder and, if you like, a port");
        process.exit(2);
    }
    const server = await serve(folder, { port: Number(port ?? 8080) }).catch((error) => {
        console.error(`serve.mjs: port ${port}: ${error.message}`);
        process.exit(1);
    });
    console.log(`${server.url}   (Ctrl+C ends it)`);
}
