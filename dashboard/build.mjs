/**
 * Makes one HTML page of all that is here, and a Lua module of the page: `node dashboard/build.mjs OUTPUT.lua`. The same
 * sources give the same bytes.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const FOLDER = import.meta.dirname;
const [output] = process.argv.slice(2);
if (output === undefined) throw new Error("usage: node dashboard/build.mjs OUTPUT.lua");

async function bundle(name) {
    const { outputFiles } = await build({
        absWorkingDir: FOLDER,
        entryPoints: [name],
        bundle: true,
        minify: true,
        write: false,
        format: "iife",
        target: ["es2022", "chrome108", "firefox115", "safari16.4"],
        charset: "ascii",
        legalComments: "none",
        logLevel: "warning",
        tsconfigRaw: {},
    });
    return outputFiles[0].text.trim();
}

/** What a Content-Security-Policy calls these bytes. */
function source(text) {
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Puts a text between the tags that hold its name; no white space is left there, as the hash is of all that is. */
function insert(page, tag, name, text) {
    const mark = new RegExp(`<${tag}>\\s*/\\* ${name} \\*/\\s*</${tag}>`);
    if (!mark.test(page)) throw new Error(`index.html has no <${tag}> with ${name}`);
    return page.replace(mark, () => `<${tag}>${text}</${tag}>`);
}

/** A Lua text that holds any bytes but carriage returns. */
function luaText(text) {
    let level = "=";
    while (text.includes(`]${level}]`)) level += "=";
    if (text.includes("\r")) throw new Error("Lua would change a carriage return");
    return `[${level}[\n${text}]${level}]`;
}

const style = await bundle("style.css");
const script = await bundle("main.ts");
if (/<\/(style|script)/i.test(style + script)) throw new Error("a script or style would end early");
let page = readFileSync(path.join(FOLDER, "index.html"), "utf8");
page = insert(page, "style", "style.css", style);
page = insert(page, "script", "main.ts", script);

const policy = [
    "default-src 'none'",
    `script-src ${source(script)}`,
    `style-src ${source(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
].join("; ");
const tag = createHash("sha256").update(page).update(policy).digest("hex").slice(0, 32);

const uplot = path.join(FOLDER, "../node_modules/uplot");
const { version } = JSON.parse(readFileSync(path.join(uplot, "package.json"), "utf8"));
const licence = readFileSync(path.join(uplot, "LICENSE"), "utf8").trim().split("\n");

writeFileSync(
    output,
    [
        "--- The page that shows the gateway's status. Generated from the folder dashboard; see dashboard/build.mjs.",
        `-- It contains uPlot ${version}, https://github.com/leeoniya/uPlot:`,
        ...licence.map((line) => `--   ${line}`.trimEnd()),
        "return {",
        `html = ${luaText(page)},`,
        `content_security_policy = "${policy}",`,
        `etag = '"${tag}"',`,
        "}",
        "",
    ].join("\n"),
);
