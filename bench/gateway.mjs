// What the gateway costs: throughput and CPU time against plain nginx with native round robin, one worker.
// node bench/gateway.mjs [rounds] [seconds a run]
import {
    gateway,
    load,
    location,
    measure,
    NODES,
    server,
    SINK,
    startAll,
    stopAll,
    upstream,
} from "./support/against_nodes.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 3);

const standalone = "include nginx/standalone.conf;";
const native = upstream(NODES.map((port) => `server 127.0.0.1:${port};`).join(" "));
const sameHeaders = `
    add_header X-Cache-Status $upstream_cache_status always;
    add_header X-OpenClaw-Node $upstream_addr always;
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
    gateway: { port: 19082, http: (port) => gateway(port) },
    "gateway, record sent": {
        port: 19083,
        http: (port) =>
            gateway(port, { log: `log = { sinks = { { type = "http", url = "http://127.0.0.1:${SINK}/" } } },` }),
    },
};

const running = await startAll(VARIANTS);

try {
    for (const isPost of [false, true]) {
        for (const { port } of Object.values(VARIANTS)) load(port, 1, isPost);
        const names = Object.keys(VARIANTS);
        const { results, thrown } = await rounds(
            names,
            (variant) => measure(running, VARIANTS, variant, SECONDS, isPost),
            {
                count: ROUNDS,
            },
        );
        console.log(
            `\n${isPost ? "POST 1 KB" : "GET"}: medians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`,
        );
        console.log(
            "| variant | throughput / plain | throughput / gateway | requests/s | CPU µs/request | user µs/request | other core busy |",
        );
        console.log("| --- | --- | --- | --- | --- | --- | --- |");
        for (const name of names) {
            const over = (other) => spread(results[name].map(({ rate }, round) => rate / results[other][round].rate));
            const of = (what) => median(results[name].map((result) => result[what]));
            console.log(
                `| ${name} | ${over("plain")} | ${over("gateway")} | ${of("rate").toFixed(0)} | ${of("cpu").toFixed(1)} | ${of("user").toFixed(1)} | ${(100 * of("otherCore")).toFixed(0)} % |`,
            );
        }
    }
} finally {
    await stopAll(running);
}
