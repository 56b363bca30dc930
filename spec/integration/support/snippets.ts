import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CHECKOUT, run } from "./checkout";
import { findNginx, makePrefix } from "./native_nginx";

/** A fenced piece of a document. `context` is what follows the language: ```` ```nginx http ````. */
interface Snippet {
    line: number;
    language: string;
    context: string;
    text: string;
}

const NGINX_CONTEXTS = ["main", "http", "server", "location", "upstream"];
const LUA_CONTEXTS = ["init", "access", "content", "log"];
/** Where the documents suppose the project to be. */
const INSTALLED = "/opt/openclaw";

/** All fenced snippets of a document, in order. */
export function readSnippets(file: string): Snippet[] {
    const snippets: Snippet[] = [];
    let open: { fence: string; snippet: Snippet } | undefined;
    for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
        const [, fence = "", language = "", context = ""] = /^\s*(`{3,})\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
        if (open === undefined) {
            if (fence !== "") open = { fence, snippet: { line: index + 1, language, context, text: "" } };
        } else if (fence === open.fence && language === "") {
            snippets.push(open.snippet);
            open = undefined;
        } else {
            open.snippet.text += `${line}\n`;
        }
    }
    return snippets;
}

function isHttpLevel(snippet: Snippet): boolean {
    const key = `${snippet.language} ${snippet.context}`;
    return ["nginx http", "nginx upstream", "lua init"].includes(key);
}

/** What the http level must say for a snippet to stand there. */
function httpLevel(snippet: Snippet): string {
    const { language, context, text } = snippet;
    if (language === "lua" && context === "init") return `init_by_lua_block {\n${text}}\n`;
    // The phases of a request compile their code at the first request; here it is compiled at once.
    if (language === "lua") return `init_by_lua_block { local function ${context}()\n${text}\nend }\n`;
    if (context === "http") return text;
    // A whole upstream, or what stands in one.
    if (context === "upstream") return /^\s*upstream\s/.test(text) ? text : `upstream snippet {\n${text}}\n`;
    if (context === "server") return /^\s*server\s*\{/m.test(text) ? text : `server { listen 80;\n${text}}\n`;
    const location = /^\s*location\s/m.test(text) ? text : `location /snippet {\n${text}}\n`;
    return `server { listen 80;\n${location}}\n`;
}

/** A whole configuration around a snippet, with others of its document at the http level. */
function wholeConfig(snippet: Snippet, around: Snippet[]): string {
    if (snippet.language === "nginx" && snippet.context === "main") return snippet.text;
    const body = [...around, snippet].map(httpLevel).join("\n");
    const hasPath = /\blua_package_path\b/.test(body);
    const hasDict = /\blua_shared_dict\s+openclaw\b|include\s+\S*\/openclaw\.conf\b/.test(body);
    const hasLimitDict = /\blua_shared_dict\s+openclaw_limit\b|include\s+\S*\/openclaw\.conf\b/.test(body);
    const hasAnswers = /\blua_shared_dict\s+openclaw_answers\b|include\s+\S*\/openclaw\.conf\b/.test(body);
    return `
events {}
http {
    ${hasPath ? "" : `lua_package_path "${INSTALLED}/lua-out/?.lua;;";`}
    ${hasDict ? "" : "lua_shared_dict openclaw 10m;"}
    ${hasLimitDict ? "" : "lua_shared_dict openclaw_limit 1m;"}
    ${hasAnswers ? "" : "lua_shared_dict openclaw_answers 1m;"}
    ${body}
}
`;
}

/** What is wrong with the contexts that a document names. */
function wrongContext({ language, context }: Snippet): string | undefined {
    const contexts = language === "nginx" ? NGINX_CONTEXTS : LUA_CONTEXTS;
    if (contexts.includes(context)) return undefined;
    return `a ${language} snippet needs its context after the language (${contexts.join(", ")}), not "${context}"`;
}

/** The bodies of the `..._by_lua_block`s in a piece of configuration. */
function luaBlocks(text: string): string[] {
    const bodies: string[] = [];
    for (const match of text.matchAll(/_by_lua_block\s*\{/g)) {
        const begin = match.index + match[0].length;
        let end = begin;
        for (let depth = 1; end < text.length; end += 1) {
            if (text[end] === "{") depth += 1;
            if (text[end] === "}") depth -= 1;
            if (depth === 0) break;
        }
        bodies.push(text.slice(begin, end));
    }
    return bodies;
}

/** A folder that stands for the install folder of the documents, and starts configurations there. */
class Trial {
    private constructor(
        private readonly prefix: string,
        private readonly nginx: { binary: string; modules: string },
    ) {}

    static async create(): Promise<Trial> {
        const nginx = await findNginx();
        const prefix = await makePrefix();
        for (const name of ["lua-out", "nginx", "demo", "examples"].filter((folder) =>
            existsSync(path.join(CHECKOUT, folder)),
        )) {
            await cp(path.join(CHECKOUT, name), path.join(prefix, name), { recursive: true });
        }
        await mkdir(path.join(prefix, "conf"));
        // The default access log of nginx built with its own paths, such as OpenResty, is there.
        await mkdir(path.join(prefix, "logs"));
        await cp(path.join(CHECKOUT, "spec/support/tls/ca.pem"), path.join(prefix, "conf/ca.pem"));
        await writeFile(path.join(prefix, "conf/identity.key"), "0".repeat(64), { mode: 0o600 });
        await writeFile(path.join(prefix, "conf/redis_password"), "secret", { mode: 0o600 });
        await run("tools/api_files.sh", path.join(prefix, "conf"));
        return new Trial(prefix, nginx);
    }

    async write(name: string, text: string): Promise<string> {
        const file = path.join(this.prefix, name);
        await writeFile(file, text.replaceAll(INSTALLED, this.prefix));
        return file;
    }

    /** What nginx says when it does not start with this configuration. Nothing listens on any port meanwhile. */
    async refusal(config: string): Promise<string | undefined> {
        let sockets = 0;
        const harmless = config
            .replace(/^\s*pid\s[^;]*;/gm, "")
            // The modules are loaded by `-g`, and nginx refuses to load one twice.
            .replace(/^\s*include\s+\/etc\/nginx\/modules-enabled\/[^;]*;/gm, "")
            .replace(/\blisten\s+(?!unix:)[^\s;]+/g, () => `listen unix:${this.prefix}/run/${++sockets}.sock`);
        const file = await this.write("conf/nginx.conf", harmless);
        // `nginx -t` would not run init_by_lua.
        const directives = `daemon off; pid ${this.prefix}/run/nginx.pid; error_log stderr notice; ${this.nginx.modules}`;
        const master = spawn(this.nginx.binary, ["-e", "stderr", "-p", this.prefix, "-c", file, "-g", directives], {
            stdio: ["ignore", "ignore", "pipe"],
        });
        let log = "";
        let started = false;
        master.stderr.on("data", (chunk) => {
            log += String(chunk);
            if (!started && log.includes("start worker process ")) {
                started = true;
                master.kill("SIGTERM");
            }
        });
        await new Promise((resolve) => master.on("close", resolve));
        if (started) return undefined;
        return log.split("\n").find((line) => /\[(emerg|error)\]/.test(line)) ?? log;
    }

    async remove(): Promise<void> {
        await rm(this.prefix, { recursive: true, force: true });
    }
}

async function problemOf(snippet: Snippet, before: Snippet[], trial: Trial): Promise<string | undefined> {
    const wrong = wrongContext(snippet);
    if (wrong !== undefined) return wrong;
    let refused: string | undefined;
    for (const around of [[], before.slice(-1), before]) {
        refused = await trial.refusal(wholeConfig(snippet, around));
        if (refused === undefined) break;
    }
    if (refused !== undefined || snippet.language === "lua") return refused;
    for (const text of luaBlocks(snippet.text)) {
        refused ??= await trial.refusal(wholeConfig({ ...snippet, language: "lua", context: "content", text }, []));
    }
    return refused;
}

/**
 * Starts nginx with every nginx and Lua snippet of a document: alone; when it fails so, with the http-level snippet
 * before it, then with all of those. The code of a request's phases is compiled, not run. Resolves with how many
 * snippets there are, and a sentence for each that is refused.
 */
export async function checkDocument(file: string): Promise<{ checked: number; problems: string[] }> {
    const trial = await Trial.create();
    const snippets = readSnippets(file).filter(({ language }) => language === "nginx" || language === "lua");
    const gateway = snippets.find((snippet) => snippet.language === "lua" && snippet.context === "init");
    await trial.write("conf/gateway.lua", gateway?.text ?? "");
    const problems: string[] = [];
    for (const [index, snippet] of snippets.entries()) {
        const problem = await problemOf(snippet, snippets.slice(0, index).filter(isHttpLevel), trial);
        if (problem !== undefined) problems.push(`${path.relative(CHECKOUT, file)}:${snippet.line}: ${problem}`);
    }
    await trial.remove();
    return { checked: snippets.length, problems };
}
