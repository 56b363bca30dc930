/** Purges of the cache in a real nginx: which answers are gone, in which workers, and that they do not come back. */
import { createHash } from "node:crypto";
import { chmodSync, chownSync, existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";

const NOBODY = 65534;

let asked = 0;
const node = http.createServer((request, response) => {
    request.resume().on("end", () => {
        asked += 1;
        response.end(`answer ${asked}`);
    });
});

beforeAll(async () => {
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
    node.closeAllConnections();
    node.close();
});

interface Options {
    /** The file of purges; nothing for none. */
    purges?: string | undefined;
    main?: string;
    workers?: number;
}

/** As auth would, from what nobody can write in earnest. */
const TELLER = `{ name = "teller", meaning = "says who asks", order = { access = 250 }, schema = {}, create = function()
    return { access = function()
        local tenant = ngx.var.http_x_tenant
        if tenant then ngx.var.openclaw_tenant = tenant end
    end }
end }`;

async function start({ purges, main = "", workers = 2 }: Options): Promise<NativeNginx> {
    const routes = {
        chat: 'cache = { key = "json", by = { "tenant" } }',
        other: 'cache = { key = "json", by = { "tenant" } }',
        raw: "cache = { shared = true }",
        mixed: 'cache = { key = "json", by = { "class" }, ignore = { "model" }, key_variables = { "http_x_region" } }',
        digest: "body_digest = {}",
    };
    const cache = purges === undefined ? "" : `cache = { purges = "${purges}" },`;
    const nginx = await NativeNginx.start({
        workers,
        main,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(${TELLER}) },
                    upstreams = { cluster = { nodes = { "127.0.0.1:${(node.address() as AddressInfo).port}" } } },
                    routes = { ${Object.entries(routes)
                        .map(([name, options]) => `${name} = { upstream = "cluster", teller = {}, ${options} }`)
                        .join(", ")} },
                    ${cache}
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            include metrics.conf;
            include admin.conf;
            location ~ ^/(?<first>[a-z]+) {
                set $openclaw_route $first;
                include route.conf;
                include cache.conf;
                add_header X-Key $openclaw_cache_key always;
                add_header X-Worker $pid always;
                proxy_cache answers;
                proxy_pass http://cluster;
            }`,
    });
    onTestFinished(() => nginx.stop());
    return nginx;
}

/** A folder in which workers may write, whoever they run as. */
async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-purges-"));
    if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return folder;
}

interface Answer {
    cache: string | undefined;
    key: string;
    text: string;
    worker: string;
}

interface Ask {
    route?: string;
    tenant?: string;
    model?: string;
    /** In place of JSON with the model. */
    body?: string;
}

/** Each request on a connection of its own, so that any worker may get it. */
function send(
    nginx: NativeNginx,
    method: string,
    target: string,
    headers: Record<string, string> = {},
    body?: string,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
    return new Promise((resolve, reject) => {
        const sent = http.request(nginx.url(target), { method, headers, agent: false }, (answer) => {
            const chunks: string[] = [];
            answer.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
            answer.on("error", reject).on("end", () => {
                resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: chunks.join("") });
            });
        });
        // As bytes: Node would write the headers in the encoding of a text.
        sent.on("error", reject).end(body === undefined ? undefined : Buffer.from(body));
    });
}

async function ask(
    nginx: NativeNginx,
    { route = "chat", tenant = "a", model = "large", body }: Ask = {},
): Promise<Answer> {
    const type = { "Content-Type": "application/json", "X-Tenant": tenant };
    const answer = await send(nginx, "POST", `/${route}`, type, body ?? JSON.stringify({ model }));
    expect(answer.status).toBe(200);
    const header = (name: string): string => String(answer.headers[name]);
    return {
        cache: header("x-cache-status"),
        key: header("x-key"),
        text: answer.text,
        worker: header("x-worker"),
    };
}

async function cacheOf(nginx: NativeNginx, asks: Ask[]): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = [];
    for (const one of asks) found.push((await ask(nginx, one)).cache);
    return found;
}

async function purge(nginx: NativeNginx, query: string): Promise<{ status: number; json: Record<string, unknown> }> {
    const answer = await send(nginx, "DELETE", `/openclaw/cache${query}`);
    return { status: answer.status, json: JSON.parse(answer.text) as Record<string, unknown> };
}

interface Shown {
    routes: Record<string, number | string>[];
    purges: { file: string; filters: number; last_generation: number; last_at: number | null } | null;
}

async function show(nginx: NativeNginx): Promise<Shown> {
    return JSON.parse(await nginx.get("/openclaw/cache")) as Shown;
}

/** Asks until each worker has answered so; the answers of each. */
async function askAll(nginx: NativeNginx, one: Ask, workers = 2): Promise<Map<string, Answer[]>> {
    const found = new Map<string, Answer[]>();
    for (let time = 0; time < 200 && (found.size < workers || time < 12); time += 1) {
        const answer = await ask(nginx, one);
        found.set(answer.worker, [...(found.get(answer.worker) ?? []), answer]);
    }
    expect(found.size).toBe(workers);
    return found;
}

const ALL: Ask[] = [
    {},
    { tenant: "b" },
    { model: "small" },
    { tenant: "b", model: "small" },
    { route: "other" },
    { route: "other", tenant: "b" },
    { route: "raw" },
];

const HITS = ALL.map(() => "HIT");

describe("a purge", () => {
    test("is about what its query says, and nothing else", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        await cacheOf(nginx, ALL);
        expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        const cases: [query: string, changed: number[]][] = [
            // All share the answers of "raw", and its model is not known: it may be any.
            ["?route=chat", [0, 1, 2, 3]],
            ["?tenant=b", [1, 3, 5, 6]],
            ["?model=small", [2, 3, 6]],
            ["?route=chat&tenant=b", [1, 3]],
            ["?route=chat&model=large", [0, 1]],
            ["?tenant=a&model=large", [0, 4, 6]],
            ["?route=raw&tenant=nobody&model=none", [6]],
            ["?route=other&tenant=b&model=large", [5]],
            ["?route=other&tenant=b&model=none", []],
            ["?all=true", [0, 1, 2, 3, 4, 5, 6]],
            // Once more: each purge is a new one.
            ["?route=chat", [0, 1, 2, 3]],
            ["?all=true", [0, 1, 2, 3, 4, 5, 6]],
        ];
        let generation = 0;
        for (const [query, changed] of cases) {
            generation += 1;
            const { status, json } = await purge(nginx, query);
            expect({ query, status, generation: json.generation }).toEqual({ query, status: 200, generation });
            const expected = ALL.map((_, place) => (changed.includes(place) ? "MISS" : "HIT"));
            expect({ query, found: await cacheOf(nginx, ALL) }).toEqual({ query, found: expected });
            expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        }
    });

    test("is seen by all workers at once", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges`, workers: 4 });
        for (let time = 1; time <= 5; time += 1) {
            const before = (await ask(nginx)).text;
            await askAll(nginx, {}, 4);
            await purge(nginx, "?tenant=a");
            for (const [, answers] of await askAll(nginx, {}, 4)) {
                for (const answer of answers) expect(answer.text).not.toBe(before);
            }
        }
    });

    test("of a key is about one answer, also after the key has changed", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        let { key } = await ask(nginx);
        await ask(nginx, { model: "small" });
        const keys = [key];
        for (let time = 1; time <= 3; time += 1) {
            const { status, json } = await purge(nginx, `?key=${time === 2 ? key.toUpperCase() : key}`);
            expect(status).toBe(200);
            expect(json).toMatchObject({ key, route: null, all: false, generation: time });
            const next = await ask(nginx);
            expect(next.cache).toBe("MISS");
            expect(next.key).toMatch(/^[0-9a-f]{64}$/);
            expect(keys).not.toContain(next.key);
            key = next.key;
            keys.push(key);
            expect(await cacheOf(nginx, [{}, { model: "small" }])).toEqual(["HIT", "HIT"]);
        }
        // The first key, which leads to the others.
        await purge(nginx, `?key=${keys[0]}`);
        expect(await cacheOf(nginx, [{}, {}, { model: "small" }])).toEqual(["MISS", "HIT", "HIT"]);
    });

    test("of a model is about requests whose model is not known", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        const bodies = [
            '{"a":1}',
            '{"model":["small"]}',
            '{"x":{"model":"small"}}',
            '[{"model":"small"}]',
            '{"model":"la\\"rge"}',
            `{"model":"${"x".repeat(257)}"}`,
            "no JSON",
        ];
        const known = [
            '{"model":"large","n":1}',
            '{"n":1,"mod\\u0065l":"la\\u0072ge2","z":2}',
            `{"model":"${"x".repeat(256)}"}`,
        ];
        const all = [...bodies, ...known].map((body) => ({ body }));
        await cacheOf(nginx, all);
        await purge(nginx, "?model=small");
        expect(await cacheOf(nginx, all)).toEqual([...bodies.map(() => "MISS"), ...known.map(() => "HIT")]);
        await purge(nginx, "?model=large2");
        expect(await cacheOf(nginx, all.slice(-3, -1))).toEqual(["HIT", "MISS"]);
        await purge(nginx, `?model=${"x".repeat(256)}`);
        expect(await cacheOf(nginx, all.slice(-2))).toEqual(["HIT", "MISS"]);
    });

    test("of a tenant or a model is about answers that several of them share", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        const [one, two] = [
            { route: "mixed", tenant: "a", model: "large" },
            { route: "mixed", tenant: "b", model: "small" },
        ];
        const { text } = await ask(nginx, one);
        expect(await ask(nginx, two)).toMatchObject({ cache: "HIT", text });
        for (const query of ["?tenant=a", "?model=large", "?route=mixed&tenant=a&model=large"]) {
            await purge(nginx, query);
            expect(await cacheOf(nginx, [two, one])).toEqual(["MISS", "HIT"]);
        }
    });

    test("takes any bytes in names", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        const tenants = ['a&b=c %\t"é\\', 'a&b=c %\t"e\\', "all", "route=chat"];
        // Node sends headers as Latin-1.
        const asks = tenants.map((tenant) => ({ tenant: Buffer.from(tenant).toString("latin1") }));
        await cacheOf(nginx, asks);
        for (const [place, tenant] of tenants.entries()) {
            expect((await purge(nginx, `?tenant=${encodeURIComponent(tenant)}`)).status).toBe(200);
            expect(await cacheOf(nginx, asks)).toEqual(asks.map((_, other) => (other === place ? "MISS" : "HIT")));
        }
        await nginx.crash();
        await nginx.startAgain();
        expect(await cacheOf(nginx, asks)).toEqual(asks.map(() => "HIT"));
    });
});

describe("what was purged does not come back", () => {
    test("after kill -9 of the master and the workers, and after a reload", async () => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file });
        await cacheOf(nginx, ALL);
        const { key } = await ask(nginx, { route: "other" });
        await purge(nginx, "?route=chat&tenant=a");
        await purge(nginx, `?key=${key}`);
        await nginx.crash();
        await nginx.startAgain();
        const expected = ["MISS", "HIT", "MISS", "HIT", "MISS", "HIT", "HIT"];
        expect(await cacheOf(nginx, ALL)).toEqual(expected);
        expect((await show(nginx)).purges).toMatchObject({ file, filters: 2, last_generation: 2 });
        await purge(nginx, "?tenant=b");
        await nginx.reload();
        expect(await cacheOf(nginx, ALL)).toEqual(["HIT", "MISS", "HIT", "MISS", "HIT", "MISS", "MISS"]);
        // What a reload has read is older than what came after it.
        await purge(nginx, "?route=raw");
        for (const pid of await nginx.workerPids()) nginx.kill(pid, "SIGKILL");
        await nginx.waitFor("new workers are there", async () => (await nginx.workerPids()).length === 2);
        expect(await cacheOf(nginx, ALL)).toEqual(["HIT", "HIT", "HIT", "HIT", "HIT", "HIT", "MISS"]);
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(await nginx.errorLog()).not.toMatch(/purges_|worker thread/);
    });

    test("by old workers that drain while new ones take purges", async () => {
        const nginx = await start({ purges: `${await makeFolder()}/purges` });
        const before = await ask(nginx);
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        onTestFinished(() => agent.destroy());
        const headers = {
            "X-Tenant": "a",
            "Content-Type": "application/json",
            "Content-Length": 17,
            Expect: "100-continue",
        };
        const sent = http.request(nginx.url("/chat"), { method: "POST", agent, headers });
        const held = new Promise<string>((resolve, reject) => {
            sent.on("error", reject).on("response", (answer) => {
                answer.resume();
                resolve(String(answer.headers["x-cache-status"]));
            });
        });
        // Says that a worker waits for the body.
        const begun = new Promise((resolve) => sent.once("continue", resolve));
        sent.flushHeaders();
        await begun;
        await nginx.reload();
        await nginx.waitFor(
            "only the old worker with the request is left",
            async () => (await nginx.drainingPids()).length === 1,
        );
        await purge(nginx, "?tenant=a");
        sent.end('{"model":"large"}');
        expect(await held).toBe("MISS");
        const after = await ask(nginx);
        expect(after.cache).toBe("HIT");
        expect(after.text).not.toBe(before.text);
    });

    test.each([
        ["is gone", (file: string) => unlinkSync(file)],
        ["is empty", (file: string) => writeFileSync(file, "")],
        ["is cut", (file: string) => writeFileSync(file, readFileSync(file, "utf8").slice(0, -5))],
        [
            "has a changed line",
            (file: string) => writeFileSync(file, readFileSync(file, "utf8").replace("tenant=a", "tenant=c")),
        ],
        [
            "lacks a line",
            (file: string) => writeFileSync(file, readFileSync(file, "utf8").replace(/\n\d+ tenant=a/, "")),
        ],
    ])("when the file %s: then everything is purged", async (what, damage) => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file });
        await cacheOf(nginx, ALL);
        await purge(nginx, "?tenant=a");
        await purge(nginx, "?tenant=b");
        await cacheOf(nginx, ALL);
        await nginx.crash();
        damage(file);
        await nginx.startAgain();
        // A worker that is asked before then purges everything once more.
        await nginx.waitFor("the file is there", () => existsSync(file) && statSync(file).size > 0);
        expect(await cacheOf(nginx, ALL)).toEqual(ALL.map(() => "MISS"));
        expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        await nginx.crash();
        await nginx.startAgain();
        expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        const isDamaged = what !== "is gone" && what !== "is empty";
        expect(existsSync(`${file}.damaged`)).toBe(isDamaged);
        expect(/purges_damaged: .* everything is purged/.test(await nginx.errorLog())).toBe(isDamaged);
    });

    test("when the file goes while nginx runs", async () => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file });
        await cacheOf(nginx, ALL);
        await purge(nginx, "?tenant=a");
        const before = (await ask(nginx)).text;
        // So that all workers know the last purge.
        await askAll(nginx, {});
        unlinkSync(file);
        await nginx.waitFor("everything is purged", async () => (await ask(nginx)).text !== before);
        await nginx.waitFor("the file is there", () => existsSync(file));
        await nginx.waitFor("all workers agree", async () => {
            const found = await askAll(nginx, {});
            return new Set([...found.values()].flat().map(({ key }) => key)).size === 1;
        });
    });

    test("when somebody puts an older file back: then everything is purged", async () => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file });
        await purge(nginx, "?tenant=b");
        const purged = (await ask(nginx)).text;
        const copy = readFileSync(file);
        await purge(nginx, "?tenant=a");
        const present = (await ask(nginx)).text;
        await askAll(nginx, {});
        writeFileSync(file, copy);
        await nginx.waitFor("everything is purged", async () => {
            const found = [...(await askAll(nginx, {})).values()].flat().map(({ text }) => text);
            expect(found).not.toContain(purged);
            return !found.includes(present);
        });
        expect(await nginx.errorLog()).toMatch(/purges_unreadable: .* is older than it was; everything is purged/);
        expect(existsSync(`${file}.damaged`)).toBe(true);
    });
});

describe("the file", () => {
    test.each([
        ["workers", ""],
        ["threads", "thread_pool default threads=2;"],
    ])("has each purge of many at once, which %s write", async (_, main) => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file, workers: 4, main });
        const names = Array.from({ length: 60 }, (_, place) => `t${place}`);
        const answers = await Promise.all(names.map((name) => purge(nginx, `?tenant=${name}`)));
        expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
        const generations = answers.map(({ json }) => Number(json.generation)).sort((a, b) => a - b);
        expect(generations).toEqual(names.map((_, place) => place + 1));
        const text = readFileSync(file, "utf8");
        for (const { json } of answers)
            expect(text).toContain(`\n${String(json.generation)} tenant=${String(json.tenant)}\n`);
        expect((await show(nginx)).purges).toMatchObject({ filters: 60, last_generation: 60 });
    });

    test("is the old one or a new one after kill -9 in the middle of purges, and no number is used twice", async () => {
        const file = `${await makeFolder()}/purges`;
        const nginx = await start({ purges: file });
        let last = 0;
        for (let time = 1; time <= 6; time += 1) {
            const before = (await ask(nginx)).text;
            const claimed: number[] = [];
            const sent = Array.from({ length: 20 }, async (_, place) => {
                const { status, json } = await purge(
                    nginx,
                    `?tenant=a&model=${place % 2 === 0 ? "large" : "m" + place}`,
                );
                if (status === 200) claimed.push(Number(json.generation));
            }).map((one) => one.catch(() => undefined));
            await nginx.waitFor("some are claimed", () => claimed.length > time);
            await nginx.crash();
            await Promise.all(sent);
            await nginx.startAgain();
            const last_generation = (await show(nginx)).purges?.last_generation ?? 0;
            expect(last_generation).toBeGreaterThanOrEqual(Math.max(last, ...claimed));
            expect(Math.min(...claimed)).toBeGreaterThan(last);
            last = last_generation;
            expect((await ask(nginx)).text).not.toBe(before);
            expect(await nginx.errorLog()).not.toContain("purges_damaged");
        }
    });

    test("may serve two gateways", async () => {
        const file = `${await makeFolder()}/purges`;
        const [one, two] = [await start({ purges: file }), await start({ purges: file })];
        await cacheOf(one, ALL);
        await cacheOf(two, ALL);
        const queries = Array.from({ length: 20 }, (_, place) => `?tenant=t${place}`);
        const answers = await Promise.all(queries.map((query, place) => purge(place % 2 === 0 ? one : two, query)));
        expect(answers.map(({ status }) => status)).toEqual(queries.map(() => 200));
        expect(new Set(answers.map(({ json }) => json.generation)).size).toBe(20);
        const before = (await ask(two)).text;
        await purge(one, "?tenant=a");
        expect(await cacheOf(one, [{}, { tenant: "b" }])).toEqual(["MISS", "HIT"]);
        await two.waitFor("all workers of the other gateway see it", async () => {
            const found = [...(await askAll(two, {})).values()].flat();
            return found.every(({ text }) => text !== before);
        });
        expect(await cacheOf(two, [{}, { tenant: "b" }])).toEqual(["HIT", "HIT"]);
        // A worker that takes the place of one that crashed has what the master read at the start.
        const old = await two.workerPids();
        for (const pid of old) two.kill(pid, "SIGKILL");
        await two.waitFor("new workers are there", async () => {
            const pids = await two.workerPids();
            return pids.length === 2 && pids.every((pid) => !old.includes(pid));
        });
        expect((await ask(two)).text).not.toBe(before);
        expect((await ask(two)).text).not.toBe(before);
    });

    test("of each gateway is its own", async () => {
        const folder = await makeFolder();
        const [one, two] = [await start({ purges: `${folder}/one` }), await start({ purges: `${folder}/two` })];
        await cacheOf(one, ALL);
        await cacheOf(two, ALL);
        await purge(one, "?all=true");
        expect(await cacheOf(one, ALL)).toEqual(ALL.map(() => "MISS"));
        expect(await cacheOf(two, ALL)).toEqual(HITS);
        expect((await show(two)).purges).toMatchObject({ filters: 0, last_generation: 0, last_at: null });
    });

    test("begins anew when there are too many filters: then everything is purged", async () => {
        const file = `${await makeFolder()}/purges`;
        // As lists.written does.
        const lines = Array.from(
            { length: 9999 },
            (_, place) => `${20000 - place} tenant=${"%00".repeat(20)}${place}\n`,
        ).join("");
        const head = `${"0".repeat(32)} 20000 1700000000 9999`;
        const digest = createHash("sha256").update(`${head}\n${lines}`).digest("hex");
        writeFileSync(file, `openclaw purges 1 ${head} ${digest}\n${lines}`);
        if (process.getuid?.() === 0) chownSync(file, NOBODY, NOBODY);
        const nginx = await start({ purges: file });
        await cacheOf(nginx, ALL);
        expect((await show(nginx)).purges).toMatchObject({
            filters: 9999,
            last_generation: 20000,
            last_at: 1700000000,
        });
        expect((await purge(nginx, "?model=none")).json).toMatchObject({ all: false, generation: 20001 });
        expect(await cacheOf(nginx, ALL)).toEqual(ALL.map(({ route }) => (route === "raw" ? "MISS" : "HIT")));
        expect((await purge(nginx, "?model=none")).json).toMatchObject({ all: false, generation: 20002 });
        expect((await show(nginx)).purges).toMatchObject({ filters: 10000 });
        expect((await purge(nginx, "?tenant=one%20more")).json).toMatchObject({ all: true, generation: 20003 });
        expect(await cacheOf(nginx, ALL)).toEqual(ALL.map(() => "MISS"));
        expect((await show(nginx)).purges).toMatchObject({ filters: 1, last_generation: 20003 });
        await purge(nginx, "?route=raw");
        expect((await show(nginx)).purges).toMatchObject({ filters: 2, last_generation: 20004 });
    });
});

describe("without a place for purges", () => {
    test("nothing is purged, and the answer says what to write", async () => {
        const nginx = await start({});
        await cacheOf(nginx, ALL);
        const { status, json } = await purge(nginx, "?all=true");
        expect(status).toBe(409);
        expect(json).toMatchObject({
            error: { code: "purges_not_kept", message: expect.stringContaining("cache = { purges =") },
        });
        expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        expect((await show(nginx)).purges).toBeNull();
    });

    // Root may write anywhere.
    test.skipIf(process.getuid?.() !== 0)(
        "a folder that workers cannot write is a fault, and no purge is claimed",
        async () => {
            const folder = await makeFolder();
            chownSync(folder, 0, 0);
            chmodSync(folder, 0o755);
            const nginx = await start({ purges: `${folder}/purges` });
            await nginx.waitFor("the fault is reported", async () =>
                /purges_unwritable: .*Permission denied/.test(await nginx.errorLog()),
            );
            await cacheOf(nginx, ALL);
            expect(await cacheOf(nginx, ALL)).toEqual(HITS);
            const { status, json } = await purge(nginx, "?all=true");
            expect(status).toBe(503);
            expect(json).toMatchObject({
                error: {
                    code: "not_stored",
                    message: expect.stringContaining(`${folder}/purges: cannot open: Permission denied`),
                },
            });
            expect(await cacheOf(nginx, ALL)).toEqual(HITS);
            const page = await nginx.get("/metrics/openclaw");
            expect(page).toContain('openclaw_cache_purges_total{result="failed"} 1');
            expect(page).toContain('openclaw_cache_purges_total{result="done"} 0');
            // It may write there now.
            chownSync(folder, NOBODY, NOBODY);
            expect((await purge(nginx, "?tenant=a")).status).toBe(200);
            const { key } = await ask(nginx);
            await nginx.crash();
            await nginx.startAgain();
            expect(await ask(nginx)).toMatchObject({ key, cache: "HIT" });
        },
    );

    test("a folder that goes while nginx runs", async () => {
        const folder = await makeFolder();
        const nginx = await start({ purges: `${folder}/purges` });
        await rm(folder, { recursive: true });
        const { status, json } = await purge(nginx, "?all=true");
        expect(status).toBe(503);
        expect(json).toMatchObject({ error: { code: "not_stored" } });
    });

    test("a folder that is not there is a fault", async () => {
        const folder = await makeFolder();
        const nginx = await start({ purges: `${folder}/none/purges` });
        await nginx.waitFor("the fault is reported", async () =>
            /purges_unwritable: .*No such file or directory; let the workers write in .*none/.test(
                await nginx.errorLog(),
            ),
        );
        await cacheOf(nginx, ALL);
        expect(await cacheOf(nginx, ALL)).toEqual(HITS);
        expect((await purge(nginx, "?all=true")).status).toBe(503);
        // Nobody knows what was purged.
        await nginx.crash();
        await nginx.startAgain();
        expect(await cacheOf(nginx, ALL)).toEqual(ALL.map(() => "MISS"));
    });

    test("nginx does not start with another file", async () => {
        const folder = await makeFolder();
        writeFileSync(`${folder}/passwd`, "root:x:0:0\n");
        await expect(start({ purges: `${folder}/passwd` })).rejects.toThrow(
            `setup: cache.purges: ${folder}/passwd is another file`,
        );
        expect(readFileSync(`${folder}/passwd`, "utf8")).toBe("root:x:0:0\n");
    });
});

test("the API shows what the cache did, by route", async () => {
    const nginx = await start({ purges: `${await makeFolder()}/purges` });
    await cacheOf(nginx, [{}, {}, {}, { model: "small" }, { route: "raw" }]);
    await nginx.waitFor("all are counted", async () => (await show(nginx)).routes[0]?.hits === 2);
    const { routes } = await show(nginx);
    expect(routes.map(({ route }) => route)).toEqual(["chat", "mixed", "other", "raw"]);
    expect(routes[0]).toMatchObject({ hits: 2, misses: 2, bypassed: 0 });
    expect(routes[0]?.saved_bytes).toBeGreaterThan(100);
    expect(routes[2]).toEqual({ route: "other", hits: 0, misses: 0, bypassed: 0, saved_bytes: 0, saved_seconds: 0 });
    expect(routes[3]).toMatchObject({ hits: 0, misses: 1 });
    const before = Date.now() / 1000 - 1;
    await purge(nginx, "?route=chat");
    const { purges } = await show(nginx);
    expect(purges?.last_at).toBeGreaterThan(before);
    const page = await nginx.get("/metrics/openclaw");
    expect(page).toContain('openclaw_cache_purges_total{result="done"} 1');
    expect(page).toMatch(/openclaw_cache_saved_bytes_total\{route="chat",variant=""\} [1-9]/);
    expect(await nginx.errorLog()).toContain('admin: 127.0.0.1 purged the cache of route "chat": purge 1');
});
