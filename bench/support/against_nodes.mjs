// What the measurements of the gateway have in common: three nodes and a receiver of records on one core, the gateway on
// the other, wrk as its load, and CPU time a request.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSeconds, machineSeconds, ownSeconds, start, stayAwake } from "./nginx.mjs";

/** A round does not count where other processes took more of a core than this, or where the worker was not the limit. */
const MOST_DISTURBANCE = 0.08;
const LEAST_BUSY = 0.95;
export const GATEWAY_CORE = 0;
export const OTHER_CORE = 1;
export const NODES = [19101, 19102, 19103];
export const SINK = 19104;

const answer = JSON.stringify({
    label: "crawfish",
    score: 0.97,
    box: [12, 40, 220, 310],
    model: "pond-7",
    note: "benchmark",
});
const backend = (nodes) => `
    keepalive_requests 1000000000;
    client_max_body_size 100m;
    ${nodes.map((port) => `server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${answer}'; } }`).join("\n")}
    server { listen 127.0.0.1:${SINK}; location / { return 204; } }
`;

export const upstream = (choice, keepalive = 128) => `
    upstream cluster { ${choice} keepalive ${keepalive}; keepalive_requests 1000000000; }
`;
export const location = (more) => `
    ${more}
    include nginx/proxy.conf;
    proxy_pass http://cluster;
`;
export const server = (port, inside) => `
    keepalive_requests 1000000000;
    server { listen 127.0.0.1:${port}; location / { ${inside} } }
`;

/** A proxy as most people write it. */
export const proxy = `
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_pass http://cluster;
`;
/** The nodes as nginx itself takes them in turn. */
export const native = upstream(NODES.map((port) => `server 127.0.0.1:${port};`).join(" "));
/** The same in a balancer hook; needs `turns` in init_by_lua. */
export const choice = `
    server 0.0.0.1;
    balancer_by_lua_block {
        turns = turns + 1
        require("ngx.balancer").set_current_peer("127.0.0.1", ${NODES[0]} + turns % ${NODES.length})
    }
`;
/** Hooks that do nothing. */
export const hooks = "access_by_lua_block { local a = 1 } log_by_lua_block { local a = 1 }";
/**
 * The gateway. `log`: an option for `setup`; `route`: options of the route; `upstream`: options of the upstream; `before`: what stands first in the location;
 * `routes`: more routes; `nodes`: ports of the nodes; `keepalive`: how many connections to them each worker keeps.
 */
export const gateway = (
    port,
    { log = "", route = "", upstream: more = "", before = "", routes = "", nodes = NODES, keepalive = undefined } = {},
) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { ${nodes.map((node) => `"127.0.0.1:${node}"`).join(", ")} }, ${more} } },
            routes = { core = { upstream = "cluster", ${route} }, ${routes} },
            ${log}
        }
    }
    ${upstream('server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") }', keepalive)}
    ${server(port, location(`${before} set $openclaw_route core; include nginx/route.conf;`))}
`;

function whole(pid) {
    const { user, system } = cpuSeconds(pid);
    return user + system;
}

const postScript = join(tmpdir(), "openclaw-bench-post.lua");
writeFileSync(postScript, 'wrk.method = "POST" wrk.body = string.rep("x", 1024)\n');

export function load(port, seconds, isPost, { core = OTHER_CORE, threads = 1, script = undefined } = {}) {
    const file = script ?? (isPost ? postScript : undefined);
    const words = [
        "-c",
        String(core),
        "wrk",
        `-t${threads}`,
        "-c32",
        `-d${seconds}s`,
        ...(file === undefined ? [] : ["-s", file]),
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

/**
 * Starts the nodes and all variants: `{ name: { port, http } }`. Processors stay awake meanwhile, where the system offers that
 * and the environment has no OPENCLAW_BENCH_SLEEP.
 */
export async function startAll(variants, { nodes = NODES } = {}) {
    const awake = process.env.OPENCLAW_BENCH_SLEEP === undefined && stayAwake();
    console.log(`Processors with nothing to do ${awake ? "stay awake" : "may sleep"}.`);
    const running = { backend: await start(backend(nodes), { port: NODES[0], core: OTHER_CORE }) };
    for (const [name, { port, http }] of Object.entries(variants))
        running[name] = await start(http(port), { port, core: GATEWAY_CORE });
    return running;
}

/**
 * Loads a variant, and gives its requests and CPU µs a request, and how much of the other core load, nodes and receiver took;
 * nothing where others disturbed it.
 */
export function measure(running, variants, variant, seconds, isPost, options = {}) {
    const run = () => load(variants[variant].port, seconds, isPost);
    return account(running, variant, running[variant].workerPids(), seconds, run, options);
}

/**
 * The same for whatever `run` loads, which are these workers. `shared`: load and nodes run on the workers' cores; `any`: what
 * others disturbed counts too; `helpers`: processes that belong to the run, such as a Redis server.
 */
export function account(running, variant, pids, seconds, run, { shared = false, any = false, helpers = [] } = {}) {
    const [backendPid] = running.backend.workerPids();
    const worker = () => {
        const all = pids.map(cpuSeconds);
        const sum = (what) => all.reduce((total, one) => total + one[what], 0);
        return { user: sum("user"), cpu: sum("user") + sum("system") };
    };
    const beside = () => [backendPid, ...helpers].reduce((total, pid) => total + whole(pid), ownSeconds());
    const others = () => machineSeconds() - beside() - worker().cpu;
    const before = { ...worker(), beside: beside(), others: others() };
    const { requests, rate, failed } = run();
    const after = { ...worker(), beside: beside(), others: others() };
    if (failed) throw new Error(`${variant}: ${failed[0]}`);
    const user = after.user - before.user;
    const cpu = after.cpu - before.cpu;
    const disturbance = (after.others - before.others) / seconds;
    const otherCore = (after.beside - before.beside) / seconds;
    const busy = (cpu / seconds + (shared ? otherCore : 0)) / pids.length;
    if (disturbance > MOST_DISTURBANCE || busy < LEAST_BUSY) {
        const percent = (share) => `${(100 * share).toFixed(0)} %`;
        process.stderr.write(`${variant}: others ${percent(disturbance)}, worker ${percent(busy)} busy\n`);
        if (!any) return undefined;
    }
    return { rate, cpu: (1e6 * cpu) / requests, user: (1e6 * user) / requests, otherCore };
}

/** Ends all; raises when one of them has logged something. */
export async function stopAll(running) {
    const logged = Object.entries(running).map(([name, { errors }]) => [name, errors()]);
    for (const { stop } of Object.values(running)) await stop();
    for (const [name, errors] of logged) if (errors) throw new Error(`${name} logged:\n${errors.slice(0, 2000)}`);
}
