// How soon after the end of an answer those who wait for it have it: two hundred requests that ask the same, four workers, one answer. Next to
// nginx's own proxy_cache_lock.
// node bench/coalescing.mjs [rounds]
//
// Times are those of nginx's access log, to the millisecond. They depend on how many cores the workers share.
import { readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { start } from "./support/nginx.mjs";

const ROUNDS = Number(process.argv[2] ?? 20);
const WORKERS = 4;
const REQUESTS = 200;
const PORT = 19080;
const NODE_PORT = 19081;
/** Long enough for all of them to wait. */
const ANSWER_MS = 1700;

/** When the client no longer uses a core, so that nginx has them all when the answer ends. */
const REST_AFTER_MS = 1000;
const REST_MS = 1500;

/** The node, in a thread of its own: it answers while the client rests. */
const node = new Worker(
    `
    const { parentPort } = require("node:worker_threads");
    const http = require("node:http");
    let asked = 0;
    parentPort.on("message", () => parentPort.postMessage(asked));
    http.createServer((request, response) => {
        asked += 1;
        request.resume().on("end", () => setTimeout(() => response.end("answer"), ${ANSWER_MS}));
    }).listen(${NODE_PORT}, "127.0.0.1", () => parentPort.postMessage("ready"));
    `,
    { eval: true },
);
const told = () => new Promise((resolve) => node.once("message", resolve));
await told();

/** How many questions the node has got. */
function questionsSoFar() {
    const count = told();
    node.postMessage("how many?");
    return count;
}

const resting = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const proxy = `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    log_format times '$msec $openclaw_cache_status $uri $args';
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { "127.0.0.1:${NODE_PORT}" } } },
            routes = { work = { upstream = "cluster", cache = { shared = true } } },
        }
    }
    proxy_cache_path cache keys_zone=bench:10m use_temp_path=off;
    upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") } }
    server {
        listen 127.0.0.1:${PORT} reuseport backlog=1024;
        access_log times.log times;
        include nginx/proxy.conf;
        location /gateway {
            set $openclaw_route work;
            include nginx/route.conf;
            include nginx/cache.conf;
            proxy_cache bench;
            proxy_pass http://cluster;
        }
        location /nginx {
            proxy_cache bench;
            proxy_buffering on;
            proxy_cache_key $request_uri;
            proxy_cache_methods POST;
            proxy_cache_valid 200 1h;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 60s;
            proxy_pass http://127.0.0.1:${NODE_PORT};
        }
    }
`;

/** Over a connection that stays open: nginx logs a request whose connection it closes only when the client has closed it, too. */
function post(path) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(PORT, "127.0.0.1");
        socket.on("error", reject).once("data", () => {
            socket.destroy();
            resolve();
        });
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nquestion`);
    });
}

const running = await start(proxy, { port: PORT, core: "0-1", workers: WORKERS });
try {
    const waits = { gateway: [], nginx: [] };
    const questions = { gateway: 0, nginx: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
        for (const name of ["gateway", "nginx"]) {
            const before = await questionsSoFar();
            const all = Promise.all(Array.from({ length: REQUESTS }, () => post(`/${name}?${round}`)));
            await sleep(REST_AFTER_MS);
            Atomics.wait(resting, 0, 0, REST_MS);
            await all;
            questions[name] += (await questionsSoFar()) - before;
        }
    }
    for (const line of readFileSync(join(running.prefix, "times.log"), "utf8").trim().split("\n")) {
        const [at, status, uri, round] = line.split(" ");
        const mine = (waits[uri.slice(1)][Number(round)] ??= { last: 0 });
        if (status === "MISS") mine.asked = Number(at);
        else mine.last = Math.max(mine.last, Number(at));
    }
    console.log(
        `\n${REQUESTS} requests, ${WORKERS} workers, ${ROUNDS} rounds: from the end of the answer to the last one that waits for it\n`,
    );
    console.log("| | questions to the node | median, ms | longest, ms |");
    console.log("| --- | --- | --- | --- |");
    for (const name of ["nginx", "gateway"]) {
        const sorted = waits[name]
            .map(({ asked: first, last }) => 1000 * (last - first))
            .sort((one, other) => one - other);
        const median = sorted[Math.floor(sorted.length / 2)];
        const title = name === "nginx" ? "`proxy_cache_lock`" : "`coalesce`";
        console.log(`| ${title} | ${questions[name]} | ${median.toFixed(0)} | ${sorted.at(-1).toFixed(0)} |`);
    }
    if (running.errors()) throw new Error(`nginx logged:\n${running.errors().slice(0, 2000)}`);
} finally {
    await running.stop();
    await node.terminate();
}
