// What a hit of the cache costs, next to nginx's own cache with a key of $uri, to the same with hooks that do nothing, and to the gateway's
// configuration with hooks that only read the body and set a key: the least that a gateway in Lua may cost. What a miss costs. Then what a hundred readers of one stream cost, next to a
// hundred streams of their own. One worker, its CPU time.
// node bench/cache.mjs [rounds] [seconds a run] [readers]
//
// The load of the hits runs on the worker's core, as in bench/auth.mjs; node and readers of the streams run on the other one. With
// OPENCLAW_BENCH_BUSY=1 runs count that other programs disturbed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { account, GATEWAY_CORE, load, OTHER_CORE, startAll, stopAll } from "./support/against_nodes.mjs";
import { pin, project, start } from "./support/nginx.mjs";
import { rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 2);
const READERS = Number(process.argv[4] ?? 100);
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;

/** Bytes of the answers, and the least of the native throughput that is to be left. */
const ANSWERS = { "1 KB": { bytes: 1000, goal: 0.85 }, "100 KB": { bytes: 100_000, goal: 0.9 } };
const KEYS = ["raw", "json"];

/** Messages of a chat as clients send them, of 2.3 KB each, in about so many bytes. */
function chat(bytes) {
    const words = "It was a bright cold day in April, and the clocks were striking thirteen. ".repeat(30);
    const count = Math.floor(bytes / (words.length + 40));
    const messages = Array.from({ length: count }, () => ({ role: "user", content: `${words}\n` }));
    return JSON.stringify({ model: "pond-7b", messages: [...messages, { role: "user", content: "Tell me all." }] });
}
const BODIES = { "100 bytes": chat(0), "100 KB": chat(100_000) };

/** What all variants have: the place for answers, requests in memory, and a node in the same nginx, which is asked once for each answer. */
const shared = (port) => `
    proxy_cache_path cache keys_zone=bench:10m use_temp_path=off;
    client_body_buffer_size 1m;
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:${port + 40};
        default_type application/json;
        ${Object.values(ANSWERS)
            .map(
                ({ bytes }) => `location = /${bytes} {
                    content_by_lua_block {
                        ngx.header["Content-Length"] = ${bytes}
                        ngx.print('"', ("x"):rep(${bytes - 2}), '"')
                    }
                }`,
            )
            .join("\n")}
    }
`;
const native = (port, hooks = "", key = "$uri") => `
    ${shared(port)}
    upstream node { server 127.0.0.1:${port + 40}; keepalive 128; }
    server {
        listen 127.0.0.1:${port};
        location / {
            ${hooks}
            proxy_cache bench;
            proxy_cache_key ${key};
            proxy_cache_methods POST;
            proxy_cache_valid 200 1h;
            proxy_cache_lock on;
            add_header X-Cache-Status $upstream_cache_status always;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://node;
        }
    }
`;
/** Hooks that do nothing, in the phases in which the gateway has some. */
const HOOKS = ["access", "header_filter", "body_filter", "log"]
    .map((phase) => `${phase}_by_lua_block { local a = 1 }`)
    .join(" ");
const withHooks = (port) => native(port, HOOKS);
/** The gateway with these routes, each a location of its own: `{ name: { path, options, inside } }`. */
const gateway = (port, node, routes) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { "127.0.0.1:${node}" } } },
            routes = { ${Object.entries(routes)
                .map(([name, { options }]) => `${name} = { upstream = "cluster", ${options} },`)
                .join(" ")} },
        }
    }
    upstream cluster {
        server 0.0.0.1;
        balancer_by_lua_block { require("resty.openclaw").balance("cluster") }
        keepalive 128;
    }
    server {
        listen 127.0.0.1:${port};
        include nginx/proxy.conf;
        ${Object.entries(routes)
            .map(
                ([name, { path, inside }]) => `location ${path} {
                    set $openclaw_route ${name};
                    include nginx/route.conf;
                    ${inside}
                    proxy_pass http://cluster;
                }`,
            )
            .join("\n")}
    }
`;
const CACHED = "include nginx/cache.conf; proxy_cache bench;";
/** The gateway's configuration, and in its place what does the least that a cache of requests with bodies needs. */
const files = (port) => `
    ${shared(port)}
    include nginx/openclaw.conf;
    init_by_lua_block {
        local function nothing() end
        package.loaded["resty.openclaw"] = {
            init_worker = nothing, exit_worker = nothing, header_filter = nothing, body_filter = nothing, log = nothing,
            access = function()
                ngx.req.read_body()
                ngx.var.openclaw_cache_key, ngx.var.openclaw_cache_skip = ngx.var.uri, ""
            end,
        }
    }
    server {
        listen 127.0.0.1:${port};
        include nginx/proxy.conf;
        location / {
            include nginx/route.conf;
            ${CACHED}
            proxy_pass http://127.0.0.1:${port + 40};
        }
    }
`;
const cached = (key) => (port) =>
    shared(port) +
    gateway(port, port + 40, {
        ask: { path: "/", options: `cache = { key = "${key}", shared = true }`, inside: CACHED },
    });

const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));

/** A script for wrk that sends one body to one path again and again. */
function scriptOf(name, path, body) {
    const file = join(folder, `${name.replaceAll(/\W/g, "_")}.lua`);
    writeFileSync(`${file}.json`, body);
    writeFileSync(
        file,
        `local file = assert(io.open("${file}.json"))
        wrk.method, wrk.path, wrk.body = "POST", "${path}", file:read("*a")
        wrk.headers["Content-Type"] = "application/json"`,
    );
    return file;
}

function post(port, path, body, read = (response) => response.resume()) {
    return new Promise((resolve, reject) => {
        const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
        const sent = http.request({ host: "127.0.0.1", port, path, method: "POST", headers }, (response) => {
            read(response);
            response.on("end", () => resolve(response)).on("error", reject);
        });
        sent.on("error", reject).end(body);
    });
}

async function hits() {
    const gateways = {
        native: { port: 19080, http: native },
        hooks: { port: 19083, http: withHooks },
        files: { port: 19084, http: files },
    };
    for (const [place, key] of KEYS.entries()) gateways[key] = { port: 19081 + place, http: cached(key) };
    const running = await startAll(gateways);
    const send = (name, script, seconds) => load(gateways[name].port, seconds, true, { core: GATEWAY_CORE, script });
    try {
        const lines = [];
        for (const [answer, { bytes, goal }] of Object.entries(ANSWERS)) {
            for (const [asked, body] of Object.entries(BODIES)) {
                const script = scriptOf(`${answer} ${asked}`, `/${bytes}`, body);
                for (const name of Object.keys(gateways)) {
                    await post(gateways[name].port, `/${bytes}`, body);
                    const { headers } = await post(gateways[name].port, `/${bytes}`, body);
                    const status = headers["x-cache-status"];
                    if (status !== "HIT") throw new Error(`${name}, ${answer}: ${status}`);
                    send(name, script, 1);
                }
                const measure = (name) =>
                    account(running, name, running[name].workerPids(), SECONDS, () => send(name, script, SECONDS), {
                        shared: true,
                        any: BUSY,
                    });
                const { results, thrown } = await rounds(Object.keys(gateways), measure, { count: ROUNDS });
                const cpu = (name) => results[name].map((mine) => mine.cpu);
                for (const name of Object.keys(gateways).slice(1)) {
                    const share = cpu(name).map((mine, round) => results.native[round].cpu / mine);
                    const itsGoal = KEYS.includes(name) ? goal : "";
                    lines.push(
                        `| ${answer} | ${asked} | ${name} | ${spread(cpu("native"), 1)} | ${spread(cpu(name), 1)} | ${spread(share)} | ${itsGoal} |`,
                    );
                }
                process.stderr.write(`${answer}, ${asked}: ${thrown} rounds thrown away\n`);
            }
        }
        console.log(`\nMedians of ${ROUNDS} rounds of ${SECONDS} s (least–most)\n`);
        console.log("| answer | request | key, or in its place | native, CPU µs | CPU µs | native / this | goal |");
        console.log("| --- | --- | --- | --- | --- | --- | --- |");
        for (const line of lines) console.log(line);
    } finally {
        await stopAll(running);
    }
}

/** A script for wrk that asks for another answer each time, and so does another script. */
let scripts = 0;
function asking(path, body) {
    scripts += 1;
    const file = join(folder, `miss ${scripts}.lua`.replaceAll(" ", "_"));
    writeFileSync(
        file,
        `local count, body = 0, [==[${body}]==]
        local headers = { ["Content-Type"] = "application/json" }
        function request()
            count = count + 1
            return wrk.format("POST", "${path}?${scripts}-" .. count, headers, body)
        end`,
    );
    return file;
}

async function misses() {
    const gateways = { native: { port: 19080, http: (port) => native(port, "", "$request_uri") } };
    for (const [place, key] of KEYS.entries()) gateways[key] = { port: 19081 + place, http: cached(key) };
    const running = await startAll(gateways);
    const send = (name, seconds) =>
        load(gateways[name].port, seconds, true, { core: GATEWAY_CORE, script: asking("/1000", BODIES["100 bytes"]) });
    try {
        for (const name of Object.keys(gateways)) send(name, 1);
        const measure = (name) =>
            account(running, name, running[name].workerPids(), SECONDS, () => send(name, SECONDS), {
                shared: true,
                any: BUSY,
            });
        const { results } = await rounds(Object.keys(gateways), measure, { count: ROUNDS });
        const cpu = (name) => results[name].map((mine) => mine.cpu);
        console.log(`\nMisses, the node in the same worker; ${ROUNDS} rounds of ${SECONDS} s\n`);
        console.log("| key | native, CPU µs | CPU µs | native / this |");
        console.log("| --- | --- | --- | --- |");
        for (const name of KEYS) {
            const share = cpu(name).map((mine, round) => results.native[round].cpu / mine);
            console.log(`| ${name} | ${spread(cpu("native"), 1)} | ${spread(cpu(name), 1)} | ${spread(share)} |`);
        }
    } finally {
        await stopAll(running);
    }
}

const STREAM_PORT = 19085;
const NODE_PORT = 19105;
const STREAMS_GOAL = 0.3;
const EVENTS = 200;
const EVENT_SECONDS = 0.01;

/** A node whose answer is a stream of events, one by one. */
const streaming = `
    server {
        listen 127.0.0.1:${NODE_PORT};
        location / {
            content_by_lua_block {
                ngx.header["Content-Type"] = "text/event-stream"
                local event = [[data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"pond-7b",]]
                    .. [["choices":[{"index":0,"delta":{"content":"word"},"logprobs":null,"finish_reason":null}]}]] .. "\\n\\n"
                for _ = 1, ${EVENTS} do
                    ngx.print(event)
                    ngx.flush(true)
                    ngx.sleep(${EVENT_SECONDS})
                end
                ngx.print("data: [DONE]\\n\\n")
            }
        }
    }
`;

/** Whether this version lets callers who ask the same follow one answer. */
const canFollow = () =>
    readFileSync(join(project, "lua-out/resty/openclaw/cache/settings.lua"), "utf8").includes("coalesce");

async function followers() {
    pin(process.pid, OTHER_CORE);
    const node = await start(streaming, { port: NODE_PORT, core: OTHER_CORE });
    const routes = {
        one: { path: "/one", options: 'cache = { key = "json", shared = true, coalesce = true }', inside: CACHED },
        own: { path: "/own", options: "", inside: "" },
    };
    const proxy =
        "proxy_cache_path cache keys_zone=bench:10m use_temp_path=off; " + gateway(STREAM_PORT, NODE_PORT, routes);
    const running = await start(proxy, { port: STREAM_PORT, core: GATEWAY_CORE });
    const [worker] = running.workerPids();
    // To the nanosecond, where the clock ticks of /proc/PID/stat are too coarse.
    const spent = () => Number(readFileSync(`/proc/${worker}/schedstat`, "utf8").split(" ")[0]) / 1e6;
    let asked = 0;
    const measure = async (name) => {
        asked += 1;
        // Nobody has asked this before.
        const body = JSON.stringify({ model: "pond-7b", stream: true, number: asked });
        const before = spent();
        const answers = await Promise.all(
            Array.from({ length: READERS }, async () => {
                let text = "";
                await post(STREAM_PORT, `/${name}`, body, (response) =>
                    response.setEncoding("utf8").on("data", (piece) => (text += piece)),
                );
                return text;
            }),
        );
        const milliseconds = spent() - before;
        for (const text of answers)
            if (text.split("\n\n").length !== EVENTS + 2) throw new Error(`${name}: ${text.slice(-200)}`);
        return { milliseconds };
    };
    try {
        for (const name of Object.keys(routes)) await measure(name);
        const { results } = await rounds(Object.keys(routes), measure, { count: ROUNDS });
        const of = (name) => results[name].map(({ milliseconds }) => milliseconds);
        const share = of("one").map((mine, round) => mine / of("own")[round]);
        console.log(`\n${READERS} readers of ${EVENTS} events in ${EVENTS * EVENT_SECONDS} s; ${ROUNDS} rounds\n`);
        console.log("| streams of their own, CPU ms | one stream, CPU ms | one / own | goal |");
        console.log("| --- | --- | --- | --- |");
        console.log(`| ${spread(of("own"), 0)} | ${spread(of("one"), 0)} | ${spread(share)} | ${STREAMS_GOAL} |`);
        if (running.errors()) throw new Error(`nginx logged:\n${running.errors().slice(0, 2000)}`);
    } finally {
        await running.stop();
        await node.stop();
    }
}

try {
    await hits();
    await misses();
    if (canFollow()) await followers();
    else console.log("\nThis version has no option coalesce: readers of one stream are not measured.");
} finally {
    rmSync(folder, { recursive: true, force: true });
}
