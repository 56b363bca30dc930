// What a waiting room costs: a route whose upstream has a `queue` with free places, next to the same route without. One worker, CPU time
// a request. Then how soon a free place is taken, and what 10,000 waiting requests take.
// node bench/waiting_room.mjs [rounds] [seconds a run]
//
// The load runs on the worker's core, as in bench/auth.mjs. With OPENCLAW_BENCH_BUSY=1 runs count that other programs disturbed.
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { account, gateway, GATEWAY_CORE, load, startAll, stopAll } from "./support/against_nodes.mjs";
import { start } from "./support/nginx.mjs";
import { rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 2);
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;
const GOAL = 2;
const WAITING = 10_000;

const GATEWAYS = {
    without: { port: 19080, http: (port) => gateway(port) },
    number: { port: 19081, http: (port) => gateway(port, { upstream: "queue = { concurrency = 1000 }," }) },
    learned: { port: 19082, http: (port) => gateway(port, { upstream: "queue = { at_least = 1000 }," }) },
};

const send = (name, seconds) => load(GATEWAYS[name].port, seconds, false, { core: GATEWAY_CORE });

async function cost() {
    const running = await startAll(GATEWAYS);
    const measure = (name) =>
        account(running, name, running[name].workerPids(), SECONDS, () => send(name, SECONDS), {
            shared: true,
            any: BUSY,
        });
    try {
        for (const name of Object.keys(GATEWAYS)) send(name, 1);
        const { results, thrown } = await rounds(Object.keys(GATEWAYS), measure, { count: ROUNDS });
        const more = (name, what) =>
            spread(
                results[name].map((mine, round) => mine[what] - results.without[round][what]),
                1,
            );
        console.log(`\nMedians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`);
        console.log("| a free place | CPU µs more | user µs more | goal |");
        console.log("| --- | --- | --- | --- |");
        for (const name of ["number", "learned"])
            console.log(`| concurrency ${name} | ${more(name, "cpu")} | ${more(name, "user")} | ${GOAL} |`);
    } finally {
        await stopAll(running);
    }
}

/** A node that answers a request when it is told to. */
function startNode() {
    const held = [];
    const server = http.createServer((request, response) => {
        request.resume();
        held.push({ url: request.url, response, at: performance.now() });
    });
    server.keepAliveTimeout = 600_000;
    return new Promise((resolve) => server.listen(19110, "127.0.0.1", () => resolve({ server, held })));
}

const room = (port, concurrency) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    client_header_timeout 600s;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = {
                cluster = { nodes = { "127.0.0.1:19110" }, queue = { concurrency = ${concurrency}, size = 20000, wait_seconds = 600 } },
            },
            routes = { core = { upstream = "cluster" } },
        }
    }
    upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") } keepalive 32; }
    server {
        listen 127.0.0.1:${port} reuseport backlog=8192;
        location / { set $openclaw_route core; include nginx/route.conf; include nginx/proxy.conf; proxy_pass http://cluster; }
        location /asleep { lua_check_client_abort on; access_by_lua_block { ngx.sleep(600) } }
        location = /stall {
            content_by_lua_block {
                local most = 0
                ngx.update_time()
                local ends = ngx.now() + tonumber(ngx.var.arg_seconds)
                repeat
                    ngx.update_time()
                    local before = ngx.now()
                    ngx.sleep(0.001)
                    ngx.update_time()
                    most = math.max(most, ngx.now() - before - 0.001)
                until ngx.now() > ends
                ngx.say(math.floor(most * 1000 + 0.5))
            }
        }
        location = /pid { content_by_lua_block { ngx.say(ngx.worker.pid()) } }
    }`;

const until = async (condition) => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

/** Milliseconds from the answer that frees the only place to the next request at the node: median and the most. */
async function wakeUp(port) {
    const node = await startNode();
    const running = await start(room(port, 1), { port, core: 0, workers: 2 });
    const agent = new http.Agent({ keepAlive: false });
    const ask = () =>
        http
            .get({ port, host: "127.0.0.1", agent, path: "/" }, (answer) => answer.resume())
            // Those that still wait in the end.
            .on("error", () => undefined);
    const times = [];
    const COUNT = 200;
    for (let one = 0; one < 30; one += 1) ask();
    await until(() => node.held.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let one = 0; one < COUNT; one += 1) {
        const { response } = node.held.shift();
        ask();
        const began = performance.now();
        response.end("done\n");
        await until(() => node.held.length === 1);
        times.push(node.held[0].at - began);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    times.sort((a, b) => a - b);
    await running.stop();
    node.server.closeAllConnections();
    await new Promise((resolve) => node.server.close(resolve));
    return times;
}

const get = (port, path) =>
    new Promise((resolve, reject) => {
        http.get({ port, host: "127.0.0.1", path, agent: false }, (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk) => (text += chunk));
            answer.on("end", () => resolve(text.trim()));
        }).on("error", reject);
    });

const residentBytes = (pid) =>
    1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

/** Memory that so many requests take, and the longest stall in ms while they come, wait, and leave all at once. */
async function crowd(port, path) {
    const node = await startNode();
    const running = await start(room(port, 1), { port, core: 0, connections: WAITING + 200 });
    const pid = await get(port, "/pid");
    const before = residentBytes(pid);
    const sockets = [];
    const coming = get(port, "/stall?seconds=8");
    for (let one = 0; one < WAITING; one += 1) {
        const socket = net.connect(port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
        sockets.push(socket);
        if (one % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const whileComing = await coming;
    const whileWaiting = await get(port, "/stall?seconds=3");
    const bytes = residentBytes(pid) - before;
    const leaving = get(port, "/stall?seconds=3");
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const socket of sockets) socket.destroy();
    const whileLeaving = await leaving;
    await running.stop();
    node.server.closeAllConnections();
    await new Promise((resolve) => node.server.close(resolve));
    return { bytes, stalls: [whileComing, whileWaiting, whileLeaving] };
}

await cost();
const times = await wakeUp(19083);
const at = (share) => times[Math.floor((times.length - 1) * share)].toFixed(1);
console.log(
    `\nFrom a free place to the next request at the node, two workers: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, most ${at(1)} ms\n`,
);
const asleep = await crowd(19084, "/asleep");
const waiting = await crowd(19085, "/");
const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(`| ${WAITING} requests | memory | stall while they come, wait, leave at once |`);
console.log("| --- | --- | --- |");
console.log(`| in access_by_lua { ngx.sleep(600) } | ${mega(asleep.bytes)} | ${asleep.stalls.join(", ")} ms |`);
console.log(`| in the waiting room | ${mega(waiting.bytes)} | ${waiting.stalls.join(", ")} ms |`);
