// What the digest of a request body costs, and how long it holds up a small request that comes at the same time.
//
//     node bench/body_digest.mjs [rounds]
//
// CPU: that of the worker with the access hook, minus that of the same requests without it, both of the same round,
// against `openssl dgst -md5` on the same bytes. Bytes per CPU second as a ratio: 1 is as fast as openssl.
// Stall: the slowest small request between the last byte sent and the answer, asked on a connection of its own.
import { execFileSync, fork, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const WORKER_CPU = "0";
const CLIENT_CPU = "1";
const WAYS = {
    "1 MB in memory": { path: "/memory", bytes: 1_000_000, requests: 200 },
    "20 MB in memory": { path: "/memory", bytes: 20_000_000, requests: 10 },
    "20 MB in a temporary file": { path: "/file", bytes: 20_000_000, requests: 10 },
};
const VARIANTS = Object.keys(WAYS).flatMap((way) => [`${way}/plain`, `${way}/md5`]);
const PROJECT = path.join(import.meta.dirname, "..");
const MODULES = "/usr/lib/nginx/modules";

function pin(pid, cpu) {
    execFileSync("taskset", ["-a", "-p", "-c", cpu, String(pid)], { stdio: "ignore" });
}

function now() {
    return Number(process.hrtime.bigint()) / 1e6;
}

function request(agent, port, method, pathname, body) {
    return new Promise((resolve, reject) => {
        const sent = http.request({ agent, host: "127.0.0.1", port, method, path: pathname }, (answer) => {
            answer.resume();
            answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, sentAt }));
        });
        let sentAt = 0;
        sent.on("finish", () => (sentAt = now()));
        sent.on("error", reject);
        if (body) sent.setHeader("Content-Length", body.length);
        sent.end(body);
    });
}

function post(agent, port, variant) {
    const [way, hook] = variant.split("/");
    return request(agent, port, "POST", `${WAYS[way].path}/${hook}`, WAYS[way].body);
}

/** Asks for /small again and again, until told to stop; then tells when each request began and how long it took. */
async function probe(port) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const samples = [];
    let stopped = false;
    process.on("message", () => (stopped = true));
    process.send("ready");
    while (!stopped) {
        const began = now();
        await request(agent, port, "GET", "/small");
        samples.push([began, now() - began]);
    }
    agent.destroy();
    process.send(samples, () => process.disconnect());
}

async function freePort() {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/** User and system time of a process, in seconds. */
function cpuSeconds(pid) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

function workerOf(master) {
    return readdirSync("/proc").find((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(master);
        } catch {
            return false;
        }
    });
}

function opensslSeconds(files) {
    const command = `TIMEFORMAT="%U %S"; time taskset -c ${WORKER_CPU} openssl dgst -md5 ${files.join(" ")} > openssl.out`;
    const result = execFileSync("bash", ["-c", `{ ${command}; } 2>&1`], { encoding: "utf8", cwd: scratch });
    const [user, system] = result.trim().split(" ").map(Number);
    return user + system;
}

function spread(values) {
    const sorted = [...values].sort((left, right) => left - right);
    const [least, median, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((index) => sorted[index]);
    return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

let scratch;

async function measure(rounds) {
    // In memory, or the disk would be what is measured.
    scratch = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "openclaw-bench-"));
    const port = await freePort();
    for (const [index, way] of Object.values(WAYS).entries()) {
        way.body = randomBytes(way.bytes);
        way.digest = createHash("md5").update(way.body).digest("hex");
        way.file = `body${index}.bin`;
        writeFileSync(path.join(scratch, way.file), way.body);
    }
    const conf = readFileSync(path.join(import.meta.dirname, "body_digest.conf"), "utf8");
    const filled = conf.replace("LUA_OUT", path.join(PROJECT, "lua-out")).replace("PORT", String(port));
    writeFileSync(path.join(scratch, "nginx.conf"), filled);
    const binary = process.env.NGINX_BIN ?? "nginx";
    const modules = binary.includes("openresty")
        ? ""
        : `user root; load_module ${MODULES}/ndk_http_module.so; load_module ${MODULES}/ngx_http_lua_module.so;`;
    const arguments_ = ["-e", "stderr", "-p", scratch, "-c", path.join(scratch, "nginx.conf"), "-g", modules];
    const master = spawn(binary, arguments_, { stdio: "inherit" });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    try {
        for (let tries = 0; ; tries += 1) {
            const up = await request(agent, port, "GET", "/small").catch(() => undefined);
            if (up?.status === 204) break;
            if (tries === 100) throw new Error("nginx does not start");
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const worker = workerOf(master.pid);
        pin(worker, WORKER_CPU);
        pin(process.pid, CLIENT_CPU);
        for (const variant of VARIANTS) await post(agent, port, variant);

        const ratios = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
        const stalls = Object.fromEntries(VARIANTS.map((variant) => [variant, []]));
        for (let round = 0; round < rounds; round += 1) {
            const nothing = opensslSeconds(["/dev/null"]);
            const order = round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
            const seconds = {};
            for (const variant of order) {
                const way = WAYS[variant.split("/")[0]];
                const before = cpuSeconds(worker);
                for (let index = 0; index < way.requests; index += 1) {
                    const answer = await post(agent, port, variant);
                    if (answer.status !== 204) throw new Error(`${variant} answers with ${answer.status}`);
                    const right = variant.endsWith("/plain") || answer.headers["x-digest"] === way.digest;
                    if (!right) throw new Error(`${variant} has the digest ${answer.headers["x-digest"]}`);
                }
                seconds[variant] = cpuSeconds(worker) - before;
                stalls[variant].push(await longestStall(agent, port, variant));
            }
            for (const [name, way] of Object.entries(WAYS)) {
                const files = Array.from({ length: way.requests }, () => way.file);
                const openssl = opensslSeconds(files) - nothing;
                ratios[name].push(openssl / (seconds[`${name}/md5`] - seconds[`${name}/plain`]));
            }
        }
        console.log(`MD5 of request bodies, ${rounds} rounds: median (least to most)`);
        console.log("bytes per CPU second against openssl:");
        for (const way of Object.keys(WAYS)) console.log(`    ${way}: ${spread(ratios[way])}`);
        console.log("longest stall in ms, without and with the digest:");
        for (const variant of VARIANTS) console.log(`    ${variant}: ${spread(stalls[variant])}`);
        const log = readFileSync(path.join(scratch, "error.log"), "utf8");
        const errors = log.split("\n").filter((line) => line !== "" && !line.includes("is buffered to a temporary"));
        if (errors.length > 0) throw new Error(`nginx complains:\n${errors.slice(0, 5).join("\n")}`);
    } finally {
        agent.destroy();
        const gone = new Promise((resolve) => master.once("exit", resolve));
        master.kill("SIGTERM");
        await gone;
        rmSync(scratch, { recursive: true, force: true });
    }
}

async function longestStall(agent, port, variant) {
    const prober = fork(import.meta.filename, ["probe", String(port)]);
    await new Promise((resolve) => prober.once("message", resolve));
    pin(prober.pid, CLIENT_CPU);
    const { sentAt } = await post(agent, port, variant);
    const answeredAt = now();
    prober.send("stop");
    const samples = await new Promise((resolve) => prober.once("message", resolve));
    // One that began before the last byte and ended after it saw the digest too.
    const during = samples.filter(([began, took]) => began + took >= sentAt && began <= answeredAt);
    return Math.max(0, ...during.map(([, took]) => took));
}

if (process.argv[2] === "probe") await probe(Number(process.argv[3]));
else await measure(Math.max(1, Number(process.argv[2] ?? 7)));
