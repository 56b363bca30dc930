// What the envelope around JSON responses costs: CPU time of the worker for each KB of a response, next to the same route without it.
//
//     node bench/envelope.mjs [rounds] [megabytes a run] [share of a core that others may take: 0.08]
//
// The node sends no Accept-Ranges, as nodes of models do: with it nginx sends envelopes in chunks. The routes have the option `inference` off,
// so that only the envelope looks at the body; both have the hooks of a route.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineSeconds, ownSeconds, start } from "./support/nginx.mjs";
import { rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 9);
const MEGABYTES = Number(process.argv[3] ?? 64);
/** A round does not count where other processes took more of a core than this. */
const MOST_DISTURBANCE = Number(process.argv[4] ?? 0.08);
const [PORT, NODE_PORT] = [19120, 19121];
const [WORKER_CORE, CLIENT_CORE] = [0, 1];
const SIZES = { "100 bytes": 100, "1 KB": 1000, "16 KB": 16_000, "100 KB": 100_000, "1 MB": 1_000_000 };
/** As `proxy.conf` has it, and as `cache.conf` has it. */
const WAYS = { "as it comes": "stream", buffered: "buffer" };
const BUFFERS = "proxy_buffering on; proxy_buffers 72 16k; proxy_busy_buffers_size 1m;";
const HOOK = 'body_filter_by_lua_block { require("resty.openclaw").body_filter() }';
/** A run of small responses would take too long. */
const MOST_RESPONSES = 2000;

const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
execFileSync("chmod", ["755", folder]);
for (const bytes of Object.values(SIZES)) writeFileSync(join(folder, String(bytes)), `"${"x".repeat(bytes - 2)}"`);

const location = (way, route) => `
    location /${way}/${route}/ {
        set $openclaw_route ${route};
        include nginx/route.conf;
        include nginx/proxy.conf;
        ${HOOK}
        ${way === "buffer" ? BUFFERS.replace("proxy_buffering on;", "") : ""}
        proxy_pass http://node/;
    }`;
const config = `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        local envelope = require("resty.openclaw.image.envelope")
        local hook = envelope.new_hook()
        local wrapped = {
            header_filter = function() envelope.header_filter(hook) end,
            body_filter = function() envelope.body_filter(hook) end,
        }
        require("resty.openclaw").setup { routes = { bare = {}, wrapped = { plugins = { wrapped } } } }
    }
    keepalive_requests 1000000000;
    upstream node { server 127.0.0.1:${NODE_PORT}; keepalive 8; keepalive_requests 1000000000; }
    server {
        listen 127.0.0.1:${PORT};
        ${Object.values(WAYS)
            .flatMap((way) => ["bare", "wrapped"].map((route) => location(way, route)))
            .map((text) => (text.includes("/buffer/") ? text.replace("nginx/proxy.conf", "buffered.conf") : text))
            .join("\n")}
    }
`;
const nodes = `
    keepalive_requests 1000000000;
    server { listen 127.0.0.1:${NODE_PORT}; default_type application/json; sendfile on; max_ranges 0; root ${folder}; }
`;

const count = (bytes) => Math.min(MOST_RESPONSES, Math.round((MEGABYTES * 1e6) / bytes));
const fetchAll = ({ path, bytes }) => {
    const url = `http://127.0.0.1:${PORT}${path}?[1-${count(bytes)}]`;
    execFileSync("taskset", ["-c", String(CLIENT_CORE), "curl", "-sSf", "-o", "/dev/null", url], { stdio: "pipe" });
};

const node = await start(nodes, { port: NODE_PORT, core: CLIENT_CORE });
const proxy = readFileSync(new URL("../nginx/proxy.conf", import.meta.url), "utf8");
const buffered = join(folder, "buffered.conf");
writeFileSync(buffered, proxy.replace(/proxy_buffering +off;/, "proxy_buffering on;"));
const nginx = await start(config.replaceAll("buffered.conf", buffered), { port: PORT, core: WORKER_CORE });
try {
    const [worker] = nginx.workerPids();
    const [nodeWorker] = node.workerPids();
    // To the nanosecond, where the clock ticks of /proc/PID/stat are too coarse.
    const spentBy = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;
    const runs = {};
    for (const way of Object.values(WAYS))
        for (const bytes of Object.values(SIZES))
            for (const route of ["bare", "wrapped"])
                runs[`${way} ${bytes} ${route}`] = { path: `/${way}/${route}/${bytes}`, bytes };
    for (const run of Object.values(runs)) fetchAll(run);
    const measure = (name) => {
        const run = runs[name];
        const others = () => machineSeconds() - ownSeconds() - spentBy(worker) - spentBy(nodeWorker);
        const before = { spent: spentBy(worker), others: others(), began: performance.now() };
        fetchAll(run);
        const seconds = (performance.now() - before.began) / 1000;
        const disturbance = (others() - before.others) / seconds;
        if (disturbance > MOST_DISTURBANCE) {
            process.stderr.write(`${name}: others ${(100 * disturbance).toFixed(0)} %\n`);
            return undefined;
        }
        return { microseconds: (1e6 * (spentBy(worker) - before.spent)) / count(run.bytes) };
    };
    const { results, thrown } = await rounds(Object.keys(runs), measure, { count: ROUNDS });
    console.log(`\nMedians of ${ROUNDS} rounds of ${MEGABYTES} MB (least–most); ${thrown} rounds thrown away\n`);
    console.log("| responses | of | CPU µs each, without | with the envelope, more | more µs a KB | goal |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const [title, way] of Object.entries(WAYS))
        for (const [size, bytes] of Object.entries(SIZES)) {
            const of = (route) => results[`${way} ${bytes} ${route}`].map(({ microseconds }) => microseconds);
            const more = of("wrapped").map((value, round) => value - of("bare")[round]);
            const perKb = more.map((value) => value / (bytes / 1000));
            const goal = bytes < 16_000 ? "" : "1";
            console.log(
                `| ${title} | ${size} | ${spread(of("bare"), 1)} | ${spread(more, 1)} | ${spread(perKb)} | ${goal} |`,
            );
        }
    if (nginx.errors()) throw new Error(`nginx logged:\n${nginx.errors().slice(0, 2000)}`);
} finally {
    await nginx.stop();
    await node.stop();
    rmSync(folder, { recursive: true });
}
