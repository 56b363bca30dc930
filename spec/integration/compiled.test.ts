import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { freePort } from "./support/free_port";
import { Load } from "./support/load";
import { balancedUpstream, makePrefix, NativeNginx } from "./support/native_nginx";
import { AUDIENCE, ISSUER, setOf, SigningKey } from "./support/signing_keys";

const NODES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const ANSWER = JSON.stringify({
    label: "crawfish",
    score: 0.97,
    box: [12, 40, 220, 310],
    model: "pond-7",
    note: "test",
});
const BODY = Buffer.alloc(1024, "x");

const REQUESTS = 2000;
/** Each instruction that is interpreted is counted, which takes its time. */
const WATCHED_REQUESTS = 200;
const MOST_ROUNDS = 10;
const MOST_WORKERS = 8;
const MINUTES = { timeout: 900_000 };
/** The return of a compiled function to nginx's code of the phase is interpreted. Any other function has more than that. */
const LEAST_INSTRUCTIONS = 1.5;
/**
 * With all plugins LuaJIT compiles the phases in several parts, and interprets what is between them: what follows the reading of the
 * body, the ends of the scanner's pieces, and a log phase with more exits than a trace may have. A function that is interpreted as a
 * whole has more instructions than this.
 */
const MOST_BETWEEN_PARTS = 40;

/** Functions of nginx, which LuaJIT does not compile, are called in these. */
const READS_BODY = / request_body\.lua:\d+$/;

/** What traces.lua tells. Its keys begin with what called the code: of a request it is nginx's code of a phase. */
interface Told {
    flushes: number;
    aborts: Record<string, number>;
    instructions: Record<string, number>;
}
const OF_REQUEST = /^(?:access|balancer|header_filter|body_filter|log)_by_lua/;
/** That code itself is never compiled: it takes "...", and LuaJIT compiles no such functions from their start. */
const OF_NGINX = /_by_lua\S*:0$/;

interface Round {
    flushes: number;
    /** What could not be compiled. */
    aborts: string[];
    /** The functions that were interpreted, the longest first. */
    interpreted: string[];
}
const CLEAN: Round = { flushes: 0, aborts: [], interpreted: [] };

function read(file: string): string {
    return readFileSync(path.join(CHECKOUT, file), "utf8");
}

/** The port of a server that reads what it gets. */
async function startReceiver(): Promise<number> {
    const server = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
}

/** Three nodes at one port, in one process. */
async function startNodes(): Promise<string[]> {
    const port = await freePort();
    const nodes = await NativeNginx.start({
        workers: 1,
        http: "keepalive_requests 1000000;",
        server: `
            ${NODES.map((host) => `listen ${host}:${port};`).join(" ")}
            location / { default_type application/json; return 200 '${ANSWER}'; }`,
    });
    onTestFinished(() => nodes.stop());
    return NODES.map((host) => `${host}:${port}`);
}

interface Options {
    /** Options of the route and of the upstream, in Lua. */
    route?: string;
    upstream?: string;
    sinks?: string[];
    http?: string;
    location?: string;
    files?: Record<string, string>;
}

async function startGateway({
    route = "",
    upstream = "",
    sinks = ["one"],
    http = "",
    location = "",
    files = {},
}: Options): Promise<NativeNginx> {
    const [nodes, receiver] = [await startNodes(), await startReceiver()];
    const sink = (name: string) => `{ name = "${name}", type = "tcp", host = "127.0.0.1", port = ${receiver} }`;
    const gateway = await NativeNginx.start({
        workers: 1,
        http: `
            ${http}
            keepalive_requests 1000000;
            include openclaw.conf;
            lua_socket_log_errors off;
            init_by_lua_block {
                local gateway = require("resty.openclaw")
                traces = require("traces")
                local init_worker = gateway.init_worker
                gateway.init_worker = function()
                    traces.begin()
                    init_worker()
                end
                gateway.setup {
                    upstreams = { cluster = { nodes = { ${nodes.map((node) => `"${node}"`).join(", ")} }, ${upstream} } },
                    routes = { work = { upstream = "cluster", ${route} } },
                    log = { sinks = { ${sinks.map(sink).join(", ")} } },
                }
            }
            ${balancedUpstream("cluster", "keepalive 32; keepalive_requests 1000000;")}`,
        server: `
            include proxy.conf;
            location / {
                ${location}
                set $openclaw_route work;
                include route.conf;
                proxy_pass http://cluster;
            }
            location /traces/ {
                log_by_lua_block { }
                location = /traces/reset { content_by_lua_block { traces.reset() } }
                location = /traces/interpreted { content_by_lua_block { traces.watch_interpreter() } }
                location = /traces/tell { content_by_lua_block { traces.tell() } }
            }`,
        files: {
            "lua-out/traces.lua": read("spec/integration/support/traces.lua"),
            ...files,
        },
    });
    onTestFinished(() => gateway.stop());
    return gateway;
}

/** Sends at least so many requests, some at a time; resolves with how many there were. */
async function send(gateway: NativeNginx, least: number, headers: OutgoingHttpHeaders): Promise<number> {
    await using load = new Load(gateway.url(), 8, { body: BODY, headers });
    await gateway.waitFor(`${least} answers`, () => load.answers + load.errors >= least);
    await load.stop();
    expect([...load.statuses.keys(), ...load.reasons]).toEqual([200]);
    return load.answers;
}

async function tell(gateway: NativeNginx): Promise<Told> {
    return JSON.parse(await gateway.get("/traces/tell")) as Told;
}

/**
 * What happens in requests while many of them are sent. Timers are left out: they run now and then, so that LuaJIT comes to
 * their code late.
 */
async function round(
    gateway: NativeNginx,
    least = LEAST_INSTRUCTIONS,
    headers: OutgoingHttpHeaders = {},
): Promise<Round> {
    await gateway.get("/traces/reset");
    await send(gateway, REQUESTS, headers);
    const { flushes, aborts } = await tell(gateway);
    // What LuaJIT could not compile several times it gives up for good, without an abort from then on.
    await gateway.get("/traces/interpreted");
    const watched = await send(gateway, WATCHED_REQUESTS, headers);
    const { instructions } = await tell(gateway);
    return {
        flushes,
        aborts: Object.keys(aborts).filter((place) => OF_REQUEST.test(place)),
        interpreted: Object.entries(instructions)
            .filter(([place]) => OF_REQUEST.test(place) && !OF_NGINX.test(place))
            .map(([place, count]): [string, number] => [place, count / watched])
            .filter(([, share]) => share >= least)
            .sort(([, one], [, other]) => other - one)
            .map(([place]) => place),
    };
}

/** What still happens in this worker after as many rounds as it may take, or nothing after two clean ones. */
async function leftIn(
    gateway: NativeNginx,
    least: number,
    headers: OutgoingHttpHeaders,
    apart?: RegExp,
): Promise<Set<string>> {
    let clean = 0;
    let last: Round = CLEAN;
    for (let rounds = 0; rounds < MOST_ROUNDS && clean < 2; rounds += 1) {
        last = await round(gateway, least, headers);
        if (apart !== undefined) last.interpreted = last.interpreted.filter((place) => !apart.test(place));
        clean = JSON.stringify(last) === JSON.stringify(CLEAN) ? clean + 1 : 0;
    }
    return new Set([
        ...last.interpreted,
        ...last.aborts,
        ...(last.flushes > 0 ? ["all compiled code is thrown away"] : []),
    ]);
}

/**
 * Asks one worker after another; leaves out what is `apart`. LuaJIT draws lots where it cannot compile something at once, and in some workers never comes to an
 * end with it: what counts is what no worker compiles.
 */
async function expectCompiled(
    options: Options,
    least = LEAST_INSTRUCTIONS,
    requests: OutgoingHttpHeaders[] = [{}],
    apart?: RegExp,
): Promise<void> {
    const left: (Set<string> | undefined)[] = requests.map(() => undefined);
    for (let worker = 0; worker < MOST_WORKERS; worker += 1) {
        const gateway = await startGateway(options);
        for (const [index, headers] of requests.entries()) {
            const before = left[index];
            if (before?.size === 0) continue;
            const now = [...(await leftIn(gateway, least, headers, apart))];
            left[index] = new Set(now.filter((place) => before?.has(place) ?? true));
        }
        await gateway.stop();
        if (left.every((places) => places?.size === 0)) return;
    }
    expect(left.flatMap((places) => [...(places ?? [])])).toEqual([]);
}

test("all that runs on each request of a route with the usual plugins is compiled", MINUTES, async () => {
    await expectCompiled({});
});

test("what runs on each request of a route with all plugins is compiled, in parts", MINUTES, async () => {
    const folder = await makePrefix();
    onTestFinished(() => rm(folder, { recursive: true }));
    // Workers write there, whoever they run as.
    await chmod(folder, 0o777);
    const options = {
        route: `
            deadline = { seconds = 60 },
            identity = { tell = { subject = "remote_addr" }, required = false },
            body_digest = { algorithm = "md5" },
            inference = {},
            edge = { store = "${folder}/jobs", through = "http://127.0.0.1:9" },`,
        sinks: ["one", "two"],
        location: 'body_filter_by_lua_block { require("resty.openclaw").body_filter() }',
    };
    await expectCompiled(options, MOST_BETWEEN_PARTS);
});

test("what runs on each request of a route with limits is compiled", MINUTES, async () => {
    const rate = "rate = 1000000, burst = 1000000";
    await expectCompiled({ route: `limit = { { ${rate} }, { by = "route", ${rate} } },` });
});

test("what runs on each request that finds a free place is compiled", MINUTES, async () => {
    // Only nginx reads bodies, and LuaJIT does not compile calls of it.
    await expectCompiled({ upstream: "queue = { at_least = 100, read_body = false }," });
});

test("nearly all that runs on each request whose body is read first is compiled", MINUTES, async () => {
    await expectCompiled({ upstream: "queue = { concurrency = 100 }," }, MOST_BETWEEN_PARTS);
});

test(
    "all that runs on each request that the cache answers is compiled, but what has nginx read the body",
    MINUTES,
    async () => {
        const options = {
            http: "proxy_cache_path cache keys_zone=compiled:1m;",
            route: 'cache = { key = "json", shared = true },',
            location: "include cache.conf; proxy_cache compiled;",
        };
        const headers = { "Content-Type": "image/png", Accept: "application/json" };
        await expectCompiled(options, LEAST_INSTRUCTIONS, [{}, headers], READS_BODY);
    },
);

test("what puts each response into an envelope is compiled", MINUTES, async () => {
    const options = {
        files: {
            "lua-out/enveloping.lua": `
                local envelope = require("resty.openclaw.image.envelope")
                local plugin = envelope.new_hook()
                plugin.header_filter, plugin.body_filter = envelope.header_filter, envelope.body_filter
                return plugin`,
        },
        route: 'plugins = { require("enveloping") },',
        location: 'body_filter_by_lua_block { require("resty.openclaw").body_filter() }',
    };
    // The body filter runs twice a request: for the body, and for the end.
    await expectCompiled(options, 2 * LEAST_INSTRUCTIONS);
});

test("what runs on each request with a known token or an API key is compiled", MINUTES, async () => {
    const key = await SigningKey.make("key");
    const api_key = `oc_${randomBytes(32).toString("base64url")}`;
    const digest = createHash("sha256").update(api_key).digest("hex");
    const options = {
        route: `auth = {
            jwt = {
                jwks_file = ngx.config.prefix() .. "keys.json", issuer = "${ISSUER}", audience = "${AUDIENCE}",
                class_claim = "plan", tenant_claim = "org", headers = { sub = "X-User", org = "X-Org" },
            },
            api_key = { file = ngx.config.prefix() .. "api_keys" },
        }`,
        files: { "keys.json": setOf(key), api_keys: `camera-7 ${digest} class=vip tenant=pond\n` },
    };
    const Authorization = `Bearer ${await key.sign({ plan: "vip", org: "pond" })}`;
    await expectCompiled(options, LEAST_INSTRUCTIONS, [{ Authorization }, { "X-API-Key": api_key }]);
});

test("a plugin that LuaJIT cannot compile is noticed", async () => {
    // LuaJIT compiles no code that makes functions.
    const log = "function() local made = 0; (function() made = made + 1 end)() end";
    const gateway = await startGateway({ route: `plugins = { { log = ${log} } },` });
    const first = await round(gateway);
    expect(first.aborts).toContainEqual(expect.stringMatching(/^log_by_lua.*: init_by_lua.*: NYI: bytecode/));
    for (const { interpreted } of [first, await round(gateway)]) {
        expect(interpreted).toContainEqual(expect.stringMatching(/^log_by_lua.*: init_by_lua/));
    }
});
