import { chmod, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { ISSUER_NAME, jwks, KeyIssuer, TLS } from "./support/key_issuer";
import { NativeNginx } from "./support/native_nginx";

const SECOND = 1000;
/** Within which all workers know of a change. */
const SOON = 2 * SECOND;

const LOCATIONS = `
    location = /keys {
        content_by_lua_block {
            local found, set = {}, keys:current()
            for place, key in ipairs(set and set.keys or {}) do found[place] = key.kid end
            ngx.print(ngx.worker.pid(), " ", table.concat(found, ","))
        }
    }
    location = /find {
        access_by_lua_block {
            local set = keys:find(ngx.var.arg_kid)
            ngx.print(set and set:has(ngx.var.arg_kid) and "found" or "unknown")
            ngx.exit(200)
        }
    }
    location = /leader {
        content_by_lua_block { ngx.print(ngx.shared.openclaw:get("leader:jwks " .. ngx.md5(URL)) or "") }
    }
    location = /metrics { content_by_lua_block { metrics:page() } }
`;

function start(made: string, more: { workers?: number; files?: Record<string, string> }) {
    return NativeNginx.start({
        ...more,
        http: `
            lua_ssl_trusted_certificate ${TLS}/ca.pem;
            init_by_lua_block {
                metrics = require("resty.openclaw.metrics").new()
                local registry = require("resty.openclaw.core.metrics.metric_registry").open("openclaw")
                ${made}
            }
            init_worker_by_lua_block { keys:init_worker() }
            exit_worker_by_lua_block { if keys.exit_worker then keys:exit_worker() end }`,
        server: LOCATIONS,
    });
}

/** Keys from the file keys.json in the prefix. */
function fromFile(more: { before?: string; files?: Record<string, string> } = {}) {
    const made = `${more.before ?? ""} keys = require("resty.openclaw.auth.jwt.key_file").new({
        registry = registry, route = "r", option = "test: jwks_file", path = ngx.config.prefix() .. "keys.json",
    })`;
    return start(made, { workers: 4, files: more.files ?? { "keys.json": jwks("a") } });
}

/** Keys from an issuer, with other times than the usual ones, in seconds. */
function fromUrl(issuer: KeyIssuer, times: Record<string, number> = {}, workers = 3) {
    const seconds = { usual: 300, least: 60, most: 3600, retry: 60, stale: 86400, ask: 30, wait: 1, ...times };
    const table = Object.entries(seconds).map(([name, value]) => `${name} = ${value}`);
    const made = `
        URL = "https://127.0.0.1:${issuer.port}/keys?secret=1"
        keys = require("resty.openclaw.auth.jwt.key_url").new({
            registry = registry, route = "r", option = "test: jwks_url", url = URL,
            server_name = "${ISSUER_NAME}", times = { ${table.join(", ")} },
        })`;
    return start(made, { workers });
}

/** Resolves when all workers have these keys; with how many milliseconds that took. */
async function awaitKeys(nginx: NativeNginx, kids: string, timeoutMs?: number): Promise<number> {
    const began = Date.now();
    const pids = await nginx.workerPids();
    const ready = new Set<number>();
    await eventually(
        `all workers have the keys ${kids}`,
        async () => {
            const answers = await Promise.all(pids.map(() => nginx.get("/keys")));
            for (const answer of answers) {
                const [pid, found] = answer.split(" ");
                if (found === kids) ready.add(Number(pid));
            }
            return pids.every((pid) => ready.has(pid));
        },
        timeoutMs,
    );
    return Date.now() - began;
}

/** Keys of the next answers, whichever workers give them. */
async function keysOf(nginx: NativeNginx): Promise<Set<string>> {
    const answers = await Promise.all(Array.from({ length: 40 }, () => nginx.get("/keys")));
    return new Set(answers.map((answer) => answer.split(" ")[1] ?? ""));
}

async function linesWith(nginx: NativeNginx, text: string): Promise<string[]> {
    const log = await nginx.errorLog();
    return log.split("\n").filter((line) => line.includes(text));
}

async function replace(nginx: NativeNginx, text: string): Promise<void> {
    const file = path.join(nginx.prefix, "keys.json");
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
}

test("all workers have a changed file within two seconds, however it was changed", async () => {
    await using nginx = await fromFile();
    const file = path.join(nginx.prefix, "keys.json");
    await awaitKeys(nginx, "a");
    await replace(nginx, jwks("b"));
    expect(await awaitKeys(nginx, "b")).toBeLessThan(SOON);
    await writeFile(file, jwks("c"));
    expect(await awaitKeys(nginx, "c")).toBeLessThan(SOON);
    await writeFile(path.join(nginx.prefix, "target"), jwks("d"));
    await symlink("target", `${file}.new`);
    await rename(`${file}.new`, file);
    expect(await awaitKeys(nginx, "d")).toBeLessThan(SOON);
    expect(await nginx.get("/metrics")).toContain('openclaw_auth_key_load_failures_total{route="r",method="jwt"} 0');
    expect(await linesWith(nginx, "[error]")).toEqual([]);
});

test("a broken file leaves all workers their keys, and one of them says so, once", async () => {
    await using nginx = await fromFile();
    await replace(nginx, '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}');
    await eventually("the metrics say so", async () =>
        (await nginx.get("/metrics")).includes('openclaw_auth_keys_stale{route="r",method="jwt"} 1'),
    );
    await new Promise((resolve) => setTimeout(resolve, 3 * SECOND));
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    const page = await nginx.get("/metrics");
    expect(page).toContain('openclaw_auth_key_load_failures_total{route="r",method="jwt"} 1');
    expect(page).toContain('openclaw_auth_keys{route="r",method="jwt"} 1');
    expect(await linesWith(nginx, "[error]")).toHaveLength(1);
    expect(await linesWith(nginx, "test: jwks_file: ")).toHaveLength(1);
    expect(await nginx.errorLog()).not.toContain("c2Vj");
    await replace(nginx, jwks("b"));
    expect(await awaitKeys(nginx, "b")).toBeLessThan(SOON);
    expect(await nginx.get("/metrics")).toContain('openclaw_auth_keys_stale{route="r",method="jwt"} 0');
});

test("a file that is written slowly is not taken half written", async () => {
    await using nginx = await fromFile();
    const text = jwks("b");
    const file = path.join(nginx.prefix, "keys.json");
    for (let bytes = 20; bytes < text.length; bytes += 20) {
        await writeFile(file, text.slice(0, bytes));
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    await writeFile(file, text);
    expect(await awaitKeys(nginx, "b")).toBeLessThan(SOON);
    expect(await linesWith(nginx, "[error]")).toEqual([]);
});

test("nginx does not start with a broken file", async () => {
    await expect(fromFile({ files: { "keys.json": "{" } })).rejects.toThrow(
        /test: jwks_file: .*: the JWKS is not JSON/,
    );
});

/** Whether nginx's workers run as another user than its master. */
const isRoot = process.getuid?.() === 0;
const REMEDY = 'let the user of nginx\'s workers (the directive "user") read it';

test.runIf(isRoot)("workers that may not read what their master has read say how to help them", async () => {
    await using nginx = await fromFile({ before: 'os.execute("chmod 600 " .. ngx.config.prefix() .. "keys.json")' });
    await eventually("one of them says so", async () => (await linesWith(nginx, REMEDY)).length > 0, 4 * SECOND);
    await new Promise((resolve) => setTimeout(resolve, 2 * SECOND));
    expect(await linesWith(nginx, REMEDY)).toHaveLength(1);
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    expect(await nginx.get("/metrics")).toContain('openclaw_auth_keys_stale{route="r",method="jwt"} 1');
    await replace(nginx, jwks("b"));
    expect(await awaitKeys(nginx, "b")).toBeLessThan(SOON);
    expect(await nginx.get("/metrics")).toContain('openclaw_auth_keys_stale{route="r",method="jwt"} 0');
});

test.runIf(isRoot)("workers that may not read a file any more keep its keys", async () => {
    await using nginx = await fromFile();
    await awaitKeys(nginx, "a");
    await chmod(path.join(nginx.prefix, "keys.json"), 0o600);
    await eventually("one of them says so", async () => (await linesWith(nginx, REMEDY)).length > 0, 4 * SECOND);
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
});

test("a URL's keys are fetched once, and reach all workers, as do changes", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer, { usual: 2, least: 1 }, 4);
    await awaitKeys(nginx, "a");
    expect(issuer.fetches).toBe(1);
    issuer.kids = ["b", "c"];
    // The next fetch is 2 seconds after the first one at the latest.
    expect(await awaitKeys(nginx, "b,c")).toBeLessThan(4 * SECOND);
    expect(await linesWith(nginx, "[error]")).toEqual([]);
    expect(await nginx.get("/metrics")).toContain('openclaw_auth_keys{route="r",method="jwt"} 2');
});

test("an issuer that fails leaves all workers their keys", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer, { usual: 1, least: 1, retry: 1 });
    await awaitKeys(nginx, "a");
    issuer.kids = [];
    await eventually("there are failures", async () =>
        /openclaw_auth_key_load_failures_total\{route="r",method="jwt"\} ([2-9]|\d\d)/.test(
            await nginx.get("/metrics"),
        ),
    );
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    expect(await linesWith(nginx, "[error]")).toHaveLength(1);
    expect(await nginx.errorLog()).not.toContain("secret");
    issuer.kids = ["b"];
    await awaitKeys(nginx, "b");
});

test("after a reload new workers have the keys at once, and fetch none", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer);
    await awaitKeys(nginx, "a");
    issuer.isHeld = true;
    for (let reload = 0; reload < 3; reload += 1) {
        await nginx.reload();
        expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    }
    expect(issuer.fetches).toBe(1);
});

/** The worker that leads. */
async function leaderOf(nginx: NativeNginx): Promise<number> {
    const pid = await eventually(
        "somebody leads",
        async () => Number((await nginx.get("/leader")).split(" ")[0]) || false,
    );
    return pid;
}

test("another worker follows a leader that is killed during a fetch", async () => {
    using issuer = await KeyIssuer.start("a");
    issuer.isHeld = true;
    await using nginx = await fromUrl(issuer);
    await eventually("a fetch has begun", () => issuer.fetches === 1);
    const leader = await leaderOf(nginx);
    nginx.kill(leader, "SIGKILL");
    await eventually("another fetch has begun", () => issuer.fetches === 2, 3 * SECOND);
    expect(await leaderOf(nginx)).not.toBe(leader);
    issuer.release();
    expect(await awaitKeys(nginx, "a")).toBeLessThan(SOON);
    expect(issuer.fetches).toBe(2);
});

test("a reload during a fetch loses nothing", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer, { usual: 1, least: 1 });
    await awaitKeys(nginx, "a");
    issuer.isHeld = true;
    const before = issuer.fetches;
    await eventually("a fetch has begun", () => issuer.fetches > before);
    await nginx.reload();
    expect(await keysOf(nginx)).toEqual(new Set(["a"]));
    issuer.kids = ["b"];
    issuer.release();
    await awaitKeys(nginx, "b", 4 * SECOND);
});

test("200 requests with unknown keys cause one fetch, and those whose keys are in it are served", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer);
    await awaitKeys(nginx, "a");
    issuer.kids = ["a", "b"];
    issuer.isHeld = true;
    setTimeout(() => issuer.release(), 300);
    const began = Date.now();
    const found = await Promise.all(
        Array.from({ length: 200 }, (_, place) => nginx.get(`/find?kid=${place % 2 === 0 ? "b" : `x${place}`}`)),
    );
    expect(Date.now() - began).toBeLessThan(2 * SECOND);
    expect(issuer.fetches).toBe(2);
    expect(found.filter((answer) => answer === "found")).toHaveLength(100);
    // Nobody waits again, and nobody causes another fetch.
    const again = Date.now();
    await Promise.all(Array.from({ length: 200 }, (_, place) => nginx.get(`/find?kid=y${place}`)));
    expect(Date.now() - again).toBeLessThan(SECOND);
    expect(issuer.fetches).toBe(2);
    expect(await linesWith(nginx, "[error]")).toEqual([]);
});

test("an issuer that does not answer holds requests up for a second at most", async () => {
    using issuer = await KeyIssuer.start("a");
    await using nginx = await fromUrl(issuer);
    await awaitKeys(nginx, "a");
    issuer.isHeld = true;
    const began = Date.now();
    await Promise.all(Array.from({ length: 100 }, (_, place) => nginx.get(`/find?kid=x${place}`)));
    expect(Date.now() - began).toBeGreaterThan(0.9 * SECOND);
    expect(Date.now() - began).toBeLessThan(1.6 * SECOND);
    const known = Date.now();
    expect(await nginx.get("/find?kid=a")).toBe("found");
    expect(Date.now() - known).toBeLessThan(0.2 * SECOND);
    expect(issuer.fetches).toBe(2);
});
