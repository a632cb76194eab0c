// The smallest build with webpack: no loader, no plugin.
import { createRequire } from "node:module";

const webpack = createRequire(import.meta.url)("webpack");

const output = { path: new URL("packed", import.meta.url).pathname, filename: "main.js" };
webpack({ mode: "production", entry: "./out/main.js", output, performance: false }).run((/** @type {unknown} */ error, /** @type {any} */ stats) => {
    if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
    console.error(error ?? stats.toString("errors-warnings"));
    process.exitCode = 1;
});
