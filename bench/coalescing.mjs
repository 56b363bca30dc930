// How soon after the end of an answer those who wait for it have it: two hundred requests that ask the same, four workers, one answer. Next to
// nginx's own proxy_cache_lock.
// node bench/coalescing.mjs [rounds]
//
// Times are those of nginx's access log, to the millisecond. They depend on how many cores the workers share.
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { start } from "./support/nginx.mjs";

const ROUNDS = Number(process.argv[2] ?? 20);
const WORKERS = 4;
const REQUESTS = 200;
const PORT = 19080;
const NODE_PORT = 19081;
/** Long enough for all of them to wait. */
const ANSWER_MS = 1500;

let asked = 0;
const node = http.createServer((request, response) => {
    asked += 1;
    request.resume().on("end", () => setTimeout(() => response.end("answer"), ANSWER_MS));
});
await new Promise((resolve) => node.listen(NODE_PORT, "127.0.0.1", resolve));

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

function post(path) {
    return new Promise((resolve, reject) => {
        const sent = http.request({ host: "127.0.0.1", port: PORT, path, method: "POST", agent: false }, (response) =>
            response.resume().on("end", resolve).on("error", reject),
        );
        sent.on("error", reject).end("question");
    });
}

const running = await start(proxy, { port: PORT, core: "0-1", workers: WORKERS });
try {
    const waits = { gateway: [], nginx: [] };
    const questions = { gateway: 0, nginx: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
        for (const name of ["gateway", "nginx"]) {
            const before = asked;
            await Promise.all(Array.from({ length: REQUESTS }, () => post(`/${name}?${round}`)));
            questions[name] += asked - before;
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
    node.close();
}
