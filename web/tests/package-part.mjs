// Parts of the built package, for tests of one of them.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WEB } from "./harness.mjs";

/**
 * A module of the package, exported or not.
 * @param {string} name
 * @returns {Promise<any>}
 */
export const part = (name) => import(pathToFileURL(join(WEB, "package/dist", name)).href);

/** Whatever else is to be done, done. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
