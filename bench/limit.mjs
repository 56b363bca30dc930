// What a limit costs: a route with `limit` next to the same route without it. One worker, CPU time a request.
// node bench/limit.mjs [rounds] [seconds a run]
//
// The load runs on the worker's core, as in bench/auth.mjs. With OPENCLAW_BENCH_BUSY=1 runs count that other programs disturbed.
import { spawn } from "node:child_process";
import { account, gateway, GATEWAY_CORE, load, OTHER_CORE, startAll, stopAll } from "./support/against_nodes.mjs";
import { rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 2);
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;
const RATE = "rate = 1000000, burst = 1000000";

/** Redis runs on the core of the nodes. */
const REDIS_PORT = 19090;

/** Options of the route, and the most µs that they may cost. */
const KINDS = {
    "one limit, by client": { limits: `{ ${RATE} }`, goal: 3 },
    "two limits, by client and by route": { limits: `{ ${RATE} }, { by = "route", ${RATE} }`, goal: 6 },
    'one limit, with headers = "ietf"': { limits: `{ ${RATE}, headers = "ietf" }`, goal: undefined },
    "one limit in Redis": {
        limits: `{ ${RATE}, store = "redis", redis = { port = ${REDIS_PORT}, timeout_seconds = 5 } }`,
        goal: undefined,
    },
};

const GATEWAYS = { without: { port: 19080, http: (port) => gateway(port) } };
for (const [place, [kind, { limits }]] of Object.entries(KINDS).entries()) {
    GATEWAYS[kind] = { port: 19081 + place, http: (port) => gateway(port, { route: `limit = { ${limits} },` }) };
}

const redis = spawn(
    "taskset",
    ["-c", OTHER_CORE, "redis-server", "--port", REDIS_PORT, "--bind", "127.0.0.1", "--save", ""].map(String),
    { stdio: "ignore" },
);
const running = await startAll(GATEWAYS);
function send(name, seconds) {
    return load(GATEWAYS[name].port, seconds, false, { core: GATEWAY_CORE });
}
function measure(name) {
    return account(running, name, running[name].workerPids(), SECONDS, () => send(name, SECONDS), {
        shared: true,
        any: BUSY,
        helpers: [redis.pid],
    });
}

try {
    for (const name of Object.keys(GATEWAYS)) send(name, 1);
    const { results, thrown } = await rounds(Object.keys(GATEWAYS), measure, { count: ROUNDS });
    const more = (kind, what) =>
        spread(
            results[kind].map((mine, round) => mine[what] - results.without[round][what]),
            1,
        );
    const base = spread(
        results.without.map(({ cpu }) => cpu),
        1,
    );
    console.log(`\nMedians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away`);
    console.log(`The route without a limit: ${base} µs a request\n`);
    console.log("| limits | CPU µs more | user µs more | goal |");
    console.log("| --- | --- | --- | --- |");
    for (const [kind, { goal }] of Object.entries(KINDS)) {
        console.log(`| ${kind} | ${more(kind, "cpu")} | ${more(kind, "user")} | ${goal ?? ""} |`);
    }
} finally {
    await stopAll(running);
    redis.kill();
}
