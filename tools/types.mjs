// Writes types/openclaw.d.ts: the modules that plugins in TypeScript may use, under the names that Lua knows them by, and all
// that these modules name. It comes from src:
//
//     node tools/types.mjs            writes the file where it differs, and says so
//     node tools/types.mjs --check    fails where it differs
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";

const OUTPUT = "types/openclaw.d.ts";
const PUBLIC = [
    "resty/openclaw/plugin",
    "resty/openclaw/core/metrics/fault",
    "resty/openclaw/core/metrics/metric_registry",
    "resty/openclaw/core/request/json_error",
    "resty/openclaw/core/request/request",
    "resty/openclaw/core/request/time_left",
    "resty/openclaw/http_client",
    "resty/openclaw/spool",
];
const HEAD = `/**
 * The modules of lua-resty-openclaw that plugins may use. Written by tools/types.mjs from src: do not edit.
 */
`;

/** The declarations of all modules, by their paths without ending. */
function declarations() {
    const folder = mkdtempSync(path.join(tmpdir(), "openclaw-types-"));
    try {
        const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
        const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
        const emitOptions = { ...options, declaration: true, emitDeclarationOnly: true, outDir: folder };
        const program = ts.createProgram(fileNames, emitOptions);
        const written = new Map();
        program.emit(undefined, (file, text) => written.set(moduleOf(path.relative(folder, file)), text));
        for (const file of fileNames) {
            const module = moduleOf(path.relative("src", file));
            if (file.endsWith(".d.ts") && module.startsWith("resty/")) written.set(module, readFileSync(file, "utf8"));
        }
        return written;
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function moduleOf(file) {
    return file.replace(/\.d\.ts$/, "");
}

const RELATIVE = /(from |import\()"(\.[^"]+)"/g;

/** The public modules and all that they import, sorted. */
function reachable(all) {
    const known = new Set();
    const waiting = [...PUBLIC];
    while (waiting.length > 0) {
        const module = waiting.pop();
        if (known.has(module)) continue;
        known.add(module);
        const text = all.get(module);
        if (text === undefined) throw new Error(`types: there is no module ${module}`);
        for (const [, , target] of text.matchAll(RELATIVE)) waiting.push(path.join(path.dirname(module), target));
    }
    return [...known].sort();
}

/** A module's declarations as those of an ambient module. */
function ambient(module, text) {
    const named = text.replace(
        RELATIVE,
        (_, before, target) => `${before}"${path.join(path.dirname(module), target).replaceAll("/", ".")}"`,
    );
    const body = named
        // Fields that modules keep of requests are their own business.
        .replace(/^declare module "\.[^]*?^}\n/gm, "")
        .replace(/^(export )?declare /gm, "$1")
        .replace(/^(?=.)/gm, "    ");
    return `/** @noResolution */\ndeclare module "${module.replaceAll("/", ".")}" {\n${body}}\n`;
}

const all = declarations();
const modules = reachable(all).map((module) => ambient(module, all.get(module)));
const text = `${HEAD}\n${modules.join("\n")}`;
const present = existsSync(OUTPUT) ? readFileSync(OUTPUT, "utf8") : "";
if (text !== present) {
    if (process.argv.includes("--check")) {
        console.error(`${OUTPUT} differs from src: run make docs`);
        process.exit(1);
    }
    mkdirSync(path.dirname(OUTPUT), { recursive: true });
    writeFileSync(OUTPUT, text);
    console.log(OUTPUT);
}
