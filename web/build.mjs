// From sources to `target/web`: the npm package and the page. `cargo xtask web` has put the wasm module there before.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const WEB = fileURLToPath(new URL("./", import.meta.url));
const ROOT = join(WEB, "..");
const OUT = join(ROOT, "target/web");
const PACKAGE = join(OUT, "package");
const SITE = join(OUT, "site");
const WASM = join(OUT, "wasm");
const ASSETS = join(ROOT, "assets");

/** Most that the wasm modules may weigh, gzipped. */
const MOST = { yolov4: 350_000, yolov4_cpu: 250_000, yolov4_train: 400_000 };

/** What is kept for a page without a network only once somebody needs it. */
const SELDOM = ["wasm/yolov4_cpu_bg.wasm", "wasm/yolov4_train_bg.wasm"];

/** Settings that both share. */
const COMMON = {
    bundle: true,
    minify: true,
    target: "es2022",
    legalComments: /** @type {const} */ ("none"),
    logLevel: /** @type {const} */ ("warning"),
};

/** @param {string} from @param {string} to */
function copy(from, to) {
    cpSync(from, to, { recursive: true });
}

/** @param {string} folder @returns {string[]} */
function files(folder) {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
        .sort();
}

/** Only what a browser needs of the wasm module's folder. @param {string} to */
function wasm(to) {
    copy(WASM, to);
    for (const name of Object.keys(MOST)) rmSync(join(to, `.${name}.made-from`), { force: true });
    for (const name of Object.keys(MOST)) rmSync(join(to, `${name}_bg.wasm.d.ts`), { force: true });
}

async function makePackage() {
    rmSync(PACKAGE, { recursive: true, force: true });
    const dist = join(PACKAGE, "dist");
    wasm(join(WEB, "package/src/wasm"));
    execFileSync(join(WEB, "node_modules/.bin/tsc"), ["-p", "tsconfig.package.json"], { cwd: WEB, stdio: "inherit" });
    wasm(join(dist, "wasm"));
    copy(join(ASSETS, "demo.safetensors"), join(dist, "demo.safetensors"));
    await build({
        ...COMMON,
        entryPoints: [join(WEB, "package/src/index.ts")],
        outfile: join(dist, "yolov4-wgpu.global.js"),
        format: "iife",
        globalName: "yolov4",
        // A plain script has no import.meta: what it loads lies beside itself.
        define: { "import.meta.url": "__yolov4_script" },
        banner: { js: "var __yolov4_script = document.currentScript ? document.currentScript.src : location.href;" },
    });
    for (const name of ["package.json", "README.md"]) copy(join(WEB, "package", name), join(PACKAGE, name));
    for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) copy(join(ROOT, name), join(PACKAGE, name));
    copy(join(ASSETS, "fonts/DejaVuSans.LICENSE.txt"), join(dist, "DejaVuSans.LICENSE.txt"));
}

async function makeSite() {
    rmSync(SITE, { recursive: true, force: true });
    mkdirSync(SITE, { recursive: true });
    const page = join(WEB, "page");
    for (const name of ["index.html", "controls.css", "style.css", "teach.css", "icon.svg", "manifest.webmanifest"]) copy(join(page, name), join(SITE, name));
    mkdirSync(join(SITE, "wasm"));
    for (const name of Object.keys(MOST)) copy(join(WASM, `${name}_bg.wasm`), join(SITE, `wasm/${name}_bg.wasm`));
    copy(join(ASSETS, "demo.safetensors"), join(SITE, "demo.safetensors"));
    copy(join(ASSETS, "clip.mjpeg"), join(SITE, "clip.mjpeg"));
    copy(join(ASSETS, "images"), join(SITE, "images"));
    copy(join(ASSETS, "coco.names"), join(SITE, "coco.names"));
    await build({
        ...COMMON,
        entryPoints: ["app", "worker"].map((name) => join(page, `${name}.ts`)),
        outdir: SITE,
        format: "esm",
        splitting: true,
        chunkNames: "part-[hash]",
        tsconfig: join(WEB, "tsconfig.json"),
    });
    // The service worker knows every other file, and is another one whenever one of them is.
    const all = files(SITE);
    const version = createHash("sha256");
    all.forEach((file) => version.update(file).update(readFileSync(file)));
    const names = ["./", ...all.map((file) => relative(SITE, file).replaceAll("\\", "/"))].filter((name) => !SELDOM.includes(name));
    await build({
        ...COMMON,
        entryPoints: [join(page, "sw.ts")],
        outdir: SITE,
        format: "iife",
        define: {
            VERSION: JSON.stringify(version.digest("hex").slice(0, 16)),
            FILES: JSON.stringify(names),
            SELDOM: JSON.stringify(SELDOM),
        },
    });
}

function report() {
    const rows = [...files(SITE), ...files(PACKAGE)].filter((file) => /\.(js|wasm|css|html|safetensors)$/.test(file));
    for (const file of rows) {
        const bytes = readFileSync(file);
        const [raw, zipped] = [bytes.length, gzipSync(bytes, { level: 9 }).length].map((n) => String(n).padStart(9));
        console.log(`${raw} ${zipped} gzipped  ${relative(OUT, file)}`);
    }
    for (const [name, most] of Object.entries(MOST)) {
        const module = gzipSync(readFileSync(join(WASM, `${name}_bg.wasm`)), { level: 9 }).length;
        if (module > most) {
            console.error(`the wasm module ${name} weighs ${module} bytes gzipped, allowed are ${most}`);
            process.exit(1);
        }
    }
}

if (!Object.keys(MOST).every((name) => existsSync(join(WASM, `${name}.js`)))) {
    console.error("build.mjs: target/web/wasm is empty: run `cargo xtask web`");
    process.exit(1);
}
await makePackage();
for (const project of ["tsconfig.json", "tsconfig.sw.json", "tsconfig.tests.json"]) {
    execFileSync(join(WEB, "node_modules/.bin/tsc"), ["-p", project], { cwd: WEB, stdio: "inherit" });
}
await makeSite();
report();
