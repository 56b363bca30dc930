// What the gateway costs: throughput and CPU time against plain nginx and empty hooks, one worker.
// node bench/gateway.mjs [rounds] [seconds a run] [checkout of another version, to be measured in the same rounds]
import { resolve } from "node:path";
import {
    choice,
    gateway,
    hooks,
    load,
    measure,
    native,
    proxy,
    server,
    SINK,
    startAll,
    stopAll,
    upstream,
} from "./support/against_nodes.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const [count = "7", seconds = "3", other] = process.argv.slice(2);
const ROUNDS = Number(count);
const SECONDS = Number(seconds);

const record = { log: `log = { sinks = { { type = "http", url = "http://127.0.0.1:${SINK}/" } } },` };

/** The same from another checkout. */
const elsewhere = (text) =>
    text
        .replaceAll("$prefix/lua-out", `${resolve(other)}/lua-out`)
        .replaceAll("include nginx/", `include ${resolve(other)}/nginx/`);

const VARIANTS = {
    plain: { port: 19080, http: (port) => native + server(port, proxy) },
    "empty hooks": {
        port: 19081,
        http: (port) => `init_by_lua_block { turns = 0 } ${upstream(choice)} ${server(port, hooks + proxy)}`,
    },
    gateway: { port: 19082, http: (port) => gateway(port) },
    "gateway, record sent": { port: 19083, http: (port) => gateway(port, record) },
    ...(other !== undefined && {
        "other version": { port: 19084, http: (port) => elsewhere(gateway(port)) },
        "other version, record sent": { port: 19085, http: (port) => elsewhere(gateway(port, record)) },
    }),
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
            "| variant | throughput / plain | throughput / hooks | CPU µs/request | user µs/request | user µs more than hooks | other core busy |",
        );
        console.log("| --- | --- | --- | --- | --- | --- | --- |");
        for (const name of names) {
            const over = (base) => spread(results[name].map(({ rate }, round) => rate / results[base][round].rate));
            const of = (what) => median(results[name].map((result) => result[what]));
            const more = median(results[name].map(({ user }, round) => user - results["empty hooks"][round].user));
            console.log(
                `| ${name} | ${over("plain")} | ${over("empty hooks")} | ${of("cpu").toFixed(1)} | ${of("user").toFixed(1)} | ${more.toFixed(1)} | ${(100 * of("otherCore")).toFixed(0)} % |`,
            );
        }
    }
} finally {
    await stopAll(running);
}
