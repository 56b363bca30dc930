// What converting images costs, and how long it holds up other requests of the same worker.
//
//     node bench/image.mjs [rounds] [conversions a run] [all|speed|hand-over]
//
// Speed: photographs of 12 megapixels through the gateway, against `vipsthumbnail` on the same files and cores. Stall: the slowest small
// request to the same worker meanwhile, asked every 3 ms by a process that goes before all others. Hand-over: bodies of several lengths, one at
// a time, from when the last byte of the body is sent; by CPU time of the worker's own thread, so that others do not count.
import { execFile, execFileSync, fork } from "node:child_process";
import {
    chmodSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { availableParallelism, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pin, start } from "./support/nginx.mjs";
import { photograph } from "./support/photographs.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 5);
const CONVERSIONS = Number(process.argv[3] ?? 24);
const WHAT = process.argv[4] ?? "all";
const [PORT, NODE_PORT] = [19130, 19131];
const JOBS = availableParallelism();
const CORES = `0-${JOBS - 1}`;
const WAYS = ["thread", "process"];
const PROBE_MS = 3;
const HIGHEST = -20;
/** Of each body, in each round of the hand-over. */
const HAND_OVERS = 3;

const IMAGE = 'max_bytes = 50000000, queue = 1000, queue_seconds = 600, seconds = 600, isolate = "';
const small = (way) => `${way} = { upstream = "cluster", image = { jobs = ${JOBS}, ${IMAGE}${way}" } },`;
/** The result is nearly as long as the body. */
const large = (way) =>
    `large_${way} = { upstream = "cluster", image = { max_side = 16383, quality = 92, ${IMAGE}${way}" } },`;
const location = (path, route, more) => `
    location = /${path} {
        set $openclaw_route ${route};
        include nginx/route.conf;
        ${more}
    }`;
const DISCARD = "content_by_lua_block { ngx.req.read_body() ngx.exit(204) }";
const ROUTES = ["plain", ...WAYS, ...WAYS.map((way) => `large_${way}`)];
const config = `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { "127.0.0.1:${NODE_PORT}" } } },
            routes = { plain = {}, ${WAYS.map((way) => small(way) + large(way)).join("\n")} },
        }
    }
    upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") } keepalive 8; }
    client_max_body_size 100m;
    keepalive_requests 1000000000;
    include nginx/proxy.conf;
    server {
        listen 127.0.0.1:${PORT};
        ${location("small", "plain", "content_by_lua_block { ngx.exit(204) }")}
        ${WAYS.map((way) => location(`proxied/${way}`, way, "proxy_pass http://cluster;")).join("\n")}
        ${ROUTES.map((route) => location(`file/${route}`, route, DISCARD)).join("\n")}
        ${ROUTES.map((route) => location(`memory/${route}`, route, `client_body_buffer_size 64m; ${DISCARD}`)).join("\n")}
    }
`;
const node = `
    keepalive_requests 1000000000;
    client_max_body_size 100m;
    server { listen 127.0.0.1:${NODE_PORT}; location / { default_type application/json; return 200 '{}'; } }
`;

const now = () => Number(process.hrtime.bigint()) / 1e6;

function request(agent, method, path, body) {
    return new Promise((resolve, reject) => {
        const headers = body ? { "Content-Length": body.length } : {};
        const sent = http.request({ agent, host: "127.0.0.1", port: PORT, method, path, headers }, (answer) => {
            answer.resume().on("end", () => resolve(answer.statusCode));
        });
        sent.on("error", reject);
        sent.end(body);
    });
}

/** Asks for /small, with these pauses, until told to stop; then tells when each request began and how long it took. */
async function probe(milliseconds) {
    setPriority(HIGHEST);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const samples = [];
    let stopped = false;
    process.on("message", () => (stopped = true));
    process.send("ready");
    while (!stopped) {
        const began = now();
        await request(agent, "GET", "/small");
        samples.push([began, now() - began]);
        if (milliseconds > 0) await pause(milliseconds);
    }
    agent.destroy();
    process.send(samples, () => process.disconnect());
}

/** Does something while small requests are sent. Returns how many seconds it took, and the ms of these requests. */
async function probed(milliseconds, core, work) {
    const prober = fork(import.meta.filename, ["probe", String(milliseconds)]);
    await new Promise((resolve) => prober.once("message", resolve));
    pin(prober.pid, core);
    // It compiles what it does.
    await pause(300);
    const began = now();
    await work();
    const ended = now();
    prober.send("stop");
    const samples = await new Promise((resolve) => prober.once("message", resolve));
    const during = samples.filter(([at, took]) => at + took >= began && at <= ended).map(([, took]) => took);
    return { seconds: (ended - began) / 1000, during: during.sort((one, other) => one - other) };
}

async function post(agent, path, body, status) {
    const got = await request(agent, "POST", path, body);
    if (got !== status) throw new Error(`${path} answers with ${got}`);
}

/** Sends all pictures, twice as many at a time as are converted. */
async function convertAll(way, bodies) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * JOBS });
    await Promise.all(bodies.map((body) => post(agent, `/proxied/${way}`, body, 200)));
    agent.destroy();
}

const run = (file, words, options) =>
    new Promise((resolve, reject) => {
        execFile(file, words, options, (error) => (error ? reject(error) : resolve()));
    });

const RUNS = {
    thread: ({ bodies }) => convertAll("thread", bodies),
    process: ({ bodies }) => convertAll("process", bodies),
    "one vipsthumbnail": ({ folder }) => thumbnails(folder, 1),
    "vipsthumbnail for each core": ({ folder }) => thumbnails(folder, JOBS),
    nothing: () => pause(2000),
};

function thumbnails(folder, processes) {
    const each = Math.ceil(CONVERSIONS / processes);
    const command = `ls *.jpg | xargs -P ${processes} -n ${each} vipsthumbnail --size '1024x1024>' -o 'out/%s.jpg[Q=85,strip]'`;
    return run("taskset", ["-c", CORES, "sh", "-c", command], { cwd: folder });
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

async function measureSpeed(pictures) {
    for (const way of WAYS) await convertAll(way, pictures.bodies.slice(0, 2 * JOBS));
    const measure = async (variant) => {
        const { seconds, during } = await probed(PROBE_MS, CORES, () => RUNS[variant](pictures));
        return { rate: CONVERSIONS / seconds, p99: percentile(during, 0.99), longest: during.at(-1) };
    };
    const { results } = await rounds(Object.keys(RUNS), measure, { count: ROUNDS });
    const of = (variant, what) => results[variant].map((result) => result[what]);
    const megabytes = median(pictures.bodies.map(({ length }) => length / 1e6)).toFixed(1);
    console.log(
        `\n${CONVERSIONS} JPEGs of 12 megapixels and ${megabytes} MB, ${JOBS} jobs, one worker; medians of ${ROUNDS} rounds (least–most)\n`,
    );
    console.log("| | conversions a second | / one vipsthumbnail | / one for each core | stall, p99 ms | longest, ms |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const variant of Object.keys(RUNS)) {
        const rate = of(variant, "rate");
        const ratio = (other) => spread(rate.map((value, round) => value / of(other, "rate")[round]));
        const speed =
            variant === "nothing"
                ? " | | "
                : `${spread(rate, 1)} | ${ratio("one vipsthumbnail")} | ${ratio("vipsthumbnail for each core")}`;
        console.log(
            `| ${variant} | ${speed} | ${spread(of(variant, "p99"), 1)} | ${spread(of(variant, "longest"), 1)} |`,
        );
    }
}

/** The CPU time of a worker without its other threads, in ms. */
const spentBy = (pid) => Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;

/** Sends a body but for its last byte, lets nginx take that in, then the last byte. Returns what came after that, in CPU ms of the worker. */
async function handOver(path, body, { pid, turns }) {
    const socket = connect(PORT, "127.0.0.1");
    socket.write(`POST ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    await new Promise((resolve) => socket.write(body.subarray(0, -1), resolve));
    await pause(100);
    turns.forget();
    const before = spentBy(pid);
    const answered = new Promise((resolve, reject) => socket.once("data", resolve).once("error", reject));
    socket.write(body.subarray(-1));
    const answer = String(await answered);
    if (!answer.startsWith("HTTP/1.1 204")) throw new Error(`${path}: ${answer.slice(0, 1000)}`);
    socket.destroy();
    // The worker has waited for events since.
    await pause(10);
    return { spent: spentBy(pid) - before, turn: turns.longest() };
}

/** The library that notes turns, and the file that it notes them in. */
function turnsOf(folder) {
    const library = join(folder, "turns.so");
    const source = fileURLToPath(new URL("support/turns.c", import.meta.url));
    execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
    const file = join(folder, "turns");
    const forget = () => writeFileSync(file, Buffer.alloc(8), { flag: existsSync(file) ? "r+" : "w" });
    forget();
    chmodSync(file, 0o666);
    return {
        env: { LD_PRELOAD: library, OPENCLAW_TURNS: file },
        forget,
        longest: () => Number(readFileSync(file).readBigUInt64LE()) / 1e6,
    };
}

async function measureHandOver(bodies, worker) {
    const variants = {};
    for (const size of Object.keys(bodies))
        for (const place of ["memory", "file"])
            for (const route of ROUTES) variants[`${size} ${place} ${route}`] = { size, place, route };
    const measure = async (name) => {
        const { size, place, route } = variants[name];
        const all = [];
        for (let index = 0; index < HAND_OVERS; index += 1)
            all.push(await handOver(`/${place}/${route}`, bodies[size], worker));
        return { spent: median(all.map(({ spent }) => spent)), turn: median(all.map(({ turn }) => turn)) };
    };
    for (const name of Object.keys(variants)) await measure(name);
    const { results } = await rounds(Object.keys(variants), measure, { count: ROUNDS });
    console.log(
        `\nOne body at a time; medians of ${ROUNDS} rounds (least–most), each of which is the median of ${HAND_OVERS}\n`,
    );
    console.log(
        "| body | in | result | isolate | CPU ms of the worker, more than without | longest turn, CPU ms | without |",
    );
    console.log("| --- | --- | --- | --- | --- | --- | --- |");
    for (const { size, place, route } of Object.values(variants)) {
        if (route === "plain") continue;
        const of = (name, what) => results[`${size} ${place} ${name}`].map((one) => one[what]);
        const more = of(route, "spent").map((value, round) => value - of("plain", "spent")[round]);
        const result = route.startsWith("large_") ? "as long" : "small";
        const turns = `${spread(of(route, "turn"), 1)} | ${spread(of("plain", "turn"), 1)}`;
        console.log(
            `| ${size} | ${place} | ${result} | ${route.replace("large_", "")} | ${spread(more, 1)} | ${turns} |`,
        );
    }
}

async function measureAll() {
    // In memory, or the disk would be what is measured.
    process.env.TMPDIR = "/dev/shm";
    const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-pictures-"));
    mkdirSync(join(folder, "out"));
    const of12 = { width: 4032, height: 3024, noise: 6, quality: 90 };
    const originals = [1, 2].map((seed) => photograph(folder, `photo${seed}.jpg`, { ...of12, seed }));
    const bodies = Array.from({ length: CONVERSIONS }, (_, index) => originals[index % originals.length]);
    for (const index of bodies.keys()) {
        if (index >= originals.length)
            copyFileSync(
                join(folder, `photo${1 + (index % originals.length)}.jpg`),
                join(folder, `photo${1 + index}.jpg`),
            );
    }
    const files = readdirSync(folder).filter((name) => name.endsWith(".jpg"));
    if (files.length !== CONVERSIONS) throw new Error(`${files.length} pictures`);
    const handedOver = {};
    if (WHAT !== "speed") {
        mkdirSync(join(folder, "others"));
        const make = (name, options) => photograph(join(folder, "others"), name, { ...options, seed: 3 });
        handedOver["1 MB"] = make("1.jpg", { width: 2016, height: 1512, noise: 6.5, quality: 90 });
        handedOver["10 MB"] = make("10.jpg", { width: 4032, height: 3024, noise: 11, quality: 93 });
    }
    const main = `thread_pool default threads=${JOBS};`;
    const nodes = await start(node, { port: NODE_PORT, core: CORES });
    execFileSync("chmod", ["755", folder]);
    const turns = turnsOf(folder);
    const gateway = await start(config, { port: PORT, core: CORES, main, env: turns.env });
    try {
        if (WHAT !== "hand-over") await measureSpeed({ bodies, folder });
        if (WHAT !== "speed") await measureHandOver(handedOver, { pid: gateway.workerPids()[0], turns });
        const complaints = gateway
            .errors()
            .split("\n")
            .filter((line) => line && !line.includes("is buffered to a temporary"));
        if (complaints.length) throw new Error(`nginx complains:\n${complaints.slice(0, 5).join("\n")}`);
    } finally {
        await gateway.stop();
        await nodes.stop();
        rmSync(folder, { recursive: true, force: true });
    }
}

if (process.argv[2] === "probe") await probe(Number(process.argv[3]));
else await measureAll();
