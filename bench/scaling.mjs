// How the CPU time of a request grows with nodes, routes and workers: node bench/scaling.mjs [rounds] [seconds a run]
//
// Variants that are compared take turns: 3, 12 and 100 nodes, and nginx's own round robin with 3 and 100; 1 and 1,000 routes;
// one and two workers. What counts is CPU time a request over that of the first variant in the same round.
//
// Two workers should have 1.9 times the throughput of one. With two cores none is left for the load then, so throughput would say
// nothing: CPU time a request may be 1/0.95 of one worker's. Load and nodes run on the workers' cores meanwhile, which by itself
// costs time, so the base is two gateways of one worker each, with the same load: they differ only in what the workers share.
//
// With OPENCLAW_BENCH_BUSY=1 runs count that other programs disturbed. CPU time then has the time in it that they cost the caches.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    account,
    gateway,
    GATEWAY_CORE,
    load,
    location,
    measure,
    NODES,
    OTHER_CORE,
    server,
    startAll,
    stopAll,
    upstream,
} from "./support/against_nodes.mjs";
import { pin, project, start } from "./support/nginx.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 3);
const TRIES = 5;
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;
/** With 100 nodes, requests take twice as long before that. */
const WARM_REQUESTS = 40_000;
const ROUTES = 1000;
const FIRST_MORE_NODE = 19201;
/** 32 connections of the load, all of which may be at the same node of 100. */
const KEEPALIVE = 3200;
const BOTH_CORES = `${GATEWAY_CORE},${OTHER_CORE}`;

const nodes = (count) => Array.from({ length: count }, (_, index) => NODES[index] ?? FIRST_MORE_NODE + index);
// 1,000 routes need 13 MB of shared memory.
const common = readFileSync(`${project}nginx/openclaw.conf`, "utf8").replace("openclaw 10m", "openclaw 20m");
const cluster = (port, count, routes = "") =>
    gateway(port, { nodes: nodes(count), keepalive: KEEPALIVE, routes }).replace(
        "include nginx/openclaw.conf;",
        () => common,
    );
const otherRoutes = Array.from({ length: ROUTES - 1 }, (_, index) => `["route-${index}"] = { upstream = "cluster" },`);

const native = (port, count) => `
    include nginx/standalone.conf;
    ${upstream(
        nodes(count)
            .map((node) => `server 127.0.0.1:${node};`)
            .join(" "),
        KEEPALIVE,
    )}
    ${server(port, location("add_header X-OpenClaw-Node $upstream_addr always;"))}
`;

const BASE = "3 nodes, 1 route, 1 worker";
const TWICE = "2 gateways of 1 worker each";
const SHARED = "2 workers of 1 gateway";

const VARIANTS = {
    [BASE]: { port: 19080, http: (port) => cluster(port, 3) },
    "12 nodes": { port: 19081, http: (port) => cluster(port, 12) },
    "100 nodes": { port: 19082, http: (port) => cluster(port, 100) },
    "plain nginx, 3 nodes": { port: 19083, http: (port) => native(port, 3) },
    "plain nginx, 100 nodes": { port: 19084, http: (port) => native(port, 100) },
    // The same gateway again: LuaJIT does not compile the same traces each time.
    "1 route, started again": { port: 19085, http: (port) => cluster(port, 3) },
    [`${ROUTES} routes`]: { port: 19086, http: (port) => cluster(port, 3, otherRoutes.join(" ")) },
};
const PAIR = [19087, 19088];
const TWO_WORKERS = 19089;

const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));

/** A script that gives each of wrk's two threads a port of its own. */
function script(ports) {
    const file = join(folder, `${ports.join("_")}.lua`);
    writeFileSync(
        file,
        `local ports, count = { ${ports.join(", ")} }, 0
        function setup(thread)
            count = count + 1
            thread.addr = wrk.lookup("127.0.0.1", tostring(ports[count]))[1]
        end`,
    );
    return file;
}

const loadBoth = (ports, seconds) =>
    load(ports[0], seconds, false, { core: BOTH_CORES, threads: 2, script: script(ports) });

/** Starts a gateway of one worker on each core, and one with a worker on each core. */
async function startPairs(running) {
    for (const [index, port] of PAIR.entries())
        running[`pair ${index}`] = await start(cluster(port, 3), {
            port,
            core: [GATEWAY_CORE, OTHER_CORE][index],
        });
    // With a socket for each worker, so that both get connections.
    running[SHARED] = await start(cluster(`${TWO_WORKERS} reuseport`, 3), {
        port: TWO_WORKERS,
        core: BOTH_CORES,
        workers: 2,
    });
    running[SHARED].workerPids().forEach((pid, index) => pin(pid, [GATEWAY_CORE, OTHER_CORE][index]));
}

/** Until LuaJIT has compiled what it will compile. */
function warm(run) {
    for (let requests = 0, left = 10; requests < WARM_REQUESTS && left > 0; left -= 1) requests += run().requests;
}

const alone = (variant) => measure(running, VARIANTS, variant, SECONDS, false, { any: BUSY });

function together(variant) {
    const [backend] = running.backend.workerPids();
    if (variant === BASE) {
        pin(backend, OTHER_CORE);
        return alone(variant);
    }
    pin(backend, BOTH_CORES);
    const isShared = variant === SHARED;
    const pids = isShared
        ? running[SHARED].workerPids()
        : PAIR.flatMap((_, index) => running[`pair ${index}`].workerPids());
    const ports = isShared ? [TWO_WORKERS, TWO_WORKERS] : PAIR;
    return account(running, variant, pids, SECONDS, () => loadBoth(ports, SECONDS), { shared: true, any: BUSY });
}

/** The first result that counts; with so many runs in a round, few rounds would count otherwise. */
function undisturbed(run) {
    for (let left = TRIES; left > 0; left -= 1) {
        const result = run();
        if (result !== undefined) return result;
    }
    return undefined;
}

/** Measures the variants, `{ name: goal }`, in turn, and writes their rows of the table. */
async function compare(title, goals, how) {
    const names = Object.keys(goals);
    const { results, thrown } = await rounds(names, (variant) => undisturbed(() => how(variant)), { count: ROUNDS });
    const [base] = names;
    const counted = results[base].length;
    console.log(
        `\n${title}: medians of ${counted} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`,
    );
    if (counted === 0) return;
    console.log("| variant | CPU µs a request (user) | CPU / base | goal |\n| --- | --- | --- | --- |");
    for (const name of names) {
        const its = (what) => median(results[name].map((result) => result[what])).toFixed(1);
        const ratio = spread(
            results[name].map(({ cpu }, round) => cpu / results[base][round].cpu),
            3,
        );
        console.log(`| ${name} | ${its("cpu")} (${its("user")}) | ${name === base ? "1" : ratio} | ${goals[name]} |`);
    }
}

if (BUSY) console.log("Runs that other programs disturbed count too.");
const running = await startAll(VARIANTS, { nodes: nodes(100) });
try {
    await startPairs(running);
    for (const { port } of Object.values(VARIANTS)) warm(() => load(port, 1, false));
    for (const ports of [PAIR, [TWO_WORKERS, TWO_WORKERS]]) warm(() => loadBoth(ports, 1));
    await compare("Nodes", { [BASE]: "", "12 nodes": "", "100 nodes": 1.1 }, alone);
    await compare("Nodes of plain nginx", { "plain nginx, 3 nodes": "", "plain nginx, 100 nodes": "" }, alone);
    await compare("Routes", { [BASE]: "", "1 route, started again": "", [`${ROUTES} routes`]: 1.02 }, alone);
    await compare(
        "Workers, CPU time of both together; the load has no core of its own, except in the last row, so throughput says nothing",
        { [TWICE]: "", [SHARED]: 1.05, [BASE]: "" },
        together,
    );
} finally {
    rmSync(folder, { recursive: true });
    await stopAll(running);
}
