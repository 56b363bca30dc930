// What the gateway costs: throughput and CPU time against plain nginx with native round robin, one worker.
// node bench/gateway.mjs [rounds] [seconds a run]
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSeconds, machineSeconds, ownSeconds, start } from "./support/nginx.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 3);
/** A round does not count where other processes took more of a core than this, or where the worker was not the limit. */
const MOST_DISTURBANCE = 0.08;
const LEAST_BUSY = 0.95;
const GATEWAY_CORE = 0;
const OTHER_CORE = 1;
const NODES = [19101, 19102, 19103];
const SINK = 19104;

const answer = JSON.stringify({
    label: "crawfish",
    score: 0.97,
    box: [12, 40, 220, 310],
    model: "pond-7",
    note: "benchmark",
});
const backend = `
    keepalive_requests 1000000000;
    client_max_body_size 100m;
    ${NODES.map((port) => `server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${answer}'; } }`).join("\n")}
    server { listen 127.0.0.1:${SINK}; location / { return 204; } }
`;

const upstream = (choice) => `
    upstream cluster { ${choice} keepalive 128; keepalive_requests 1000000000; }
`;
const standalone = "include nginx/standalone.conf;";
const native = upstream(NODES.map((port) => `server 127.0.0.1:${port};`).join(" "));
const location = (more) => `
    ${more}
    include nginx/proxy.conf;
    proxy_pass http://cluster;
`;
const server = (port, inside) => `
    keepalive_requests 1000000000;
    server { listen 127.0.0.1:${port}; location / { ${inside} } }
`;
const sameHeaders = `
    add_header X-Cache-Status $upstream_cache_status always;
    add_header X-OpenClaw-Node $upstream_addr always;
`;

const gateway = (port, log) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { ${NODES.map((node) => `"127.0.0.1:${node}"`).join(", ")} } } },
            routes = { core = { upstream = "cluster" } },
            ${log}
        }
    }
    ${upstream('server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") }')}
    ${server(port, location("set $openclaw_route core; include nginx/route.conf;"))}
`;

const VARIANTS = {
    plain: { port: 19080, http: (port) => standalone + native + server(port, location(sameHeaders)) },
    "empty hooks": {
        port: 19081,
        http: (port) =>
            standalone +
            upstream(
                `server 0.0.0.1; balancer_by_lua_block { require("ngx.balancer").set_current_peer("127.0.0.1", ${NODES[0]}) }`,
            ) +
            server(port, location(`${sameHeaders} access_by_lua_block { } log_by_lua_block { }`)),
    },
    gateway: { port: 19082, http: (port) => gateway(port, "") },
    "gateway, record sent": {
        port: 19083,
        http: (port) => gateway(port, `log = { sinks = { { type = "http", url = "http://127.0.0.1:${SINK}/" } } },`),
    },
};

function whole(pid) {
    const { user, system } = cpuSeconds(pid);
    return user + system;
}

const postScript = join(tmpdir(), "openclaw-bench-post.lua");
writeFileSync(postScript, 'wrk.method = "POST" wrk.body = string.rep("x", 1024)\n');

function load(port, seconds, isPost) {
    const script = isPost ? ["-s", postScript] : [];
    const words = [
        "-c",
        String(OTHER_CORE),
        "wrk",
        "-t1",
        "-c32",
        `-d${seconds}s`,
        ...script,
        `http://127.0.0.1:${port}/`,
    ];
    const text = execFileSync("taskset", words, { encoding: "utf8" });
    const failed = /Non-2xx or 3xx responses: (\d+)/.exec(text) ?? /Socket errors: (.*)/.exec(text);
    return {
        requests: Number(/(\d+) requests in/.exec(text)[1]),
        rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
        failed,
    };
}

const running = { backend: await start(backend, { port: NODES[0], core: OTHER_CORE }) };
for (const [name, { port, http }] of Object.entries(VARIANTS))
    running[name] = await start(http(port), { port, core: GATEWAY_CORE });

try {
    for (const isPost of [false, true]) {
        for (const { port } of Object.values(VARIANTS)) load(port, 1, isPost);
        const [backendPid] = running.backend.workerPids();
        const measure = (variant) => {
            const [pid] = running[variant].workerPids();
            const others = () => machineSeconds() - ownSeconds() - whole(pid) - whole(backendPid);
            const before = { ...cpuSeconds(pid), others: others() };
            const { requests, rate, failed } = load(VARIANTS[variant].port, SECONDS, isPost);
            const after = { ...cpuSeconds(pid), others: others() };
            if (failed) throw new Error(`${variant}: ${failed[0]}`);
            const user = after.user - before.user;
            const cpu = user + after.system - before.system;
            const disturbance = (after.others - before.others) / SECONDS;
            if (disturbance > MOST_DISTURBANCE || cpu < LEAST_BUSY * SECONDS) {
                const percent = (share) => `${(100 * share).toFixed(0)} %`;
                process.stderr.write(
                    `${variant}: others ${percent(disturbance)}, worker ${percent(cpu / SECONDS)} busy\n`,
                );
                return undefined;
            }
            return { rate, cpu: (1e6 * cpu) / requests, user: (1e6 * user) / requests };
        };
        const names = Object.keys(VARIANTS);
        const { results, thrown } = await rounds(names, measure, { count: ROUNDS });
        console.log(
            `\n${isPost ? "POST 1 KB" : "GET"}: medians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`,
        );
        console.log("| variant | throughput / plain | requests/s | CPU µs/request | user µs/request |");
        console.log("| --- | --- | --- | --- | --- |");
        for (const name of names) {
            const ratio = results[name].map(({ rate }, round) => rate / results.plain[round].rate);
            const of = (what) => median(results[name].map((result) => result[what]));
            console.log(
                `| ${name} | ${spread(ratio)} | ${of("rate").toFixed(0)} | ${of("cpu").toFixed(1)} | ${of("user").toFixed(1)} |`,
            );
        }
    }
    for (const [name, { errors }] of Object.entries(running)) {
        if (errors()) throw new Error(`${name} logged:\n${errors().slice(0, 2000)}`);
    }
} finally {
    for (const { stop } of Object.values(running)) await stop();
}
