// What the digest of a request body costs, and how long it holds up a small request that comes at the same time.
//
//     node bench/body_digest.mjs [rounds]
//
// CPU: that of the worker with the access hook, minus that of the same requests without it, both of the same round,
// against `openssl dgst -md5` on the same bytes. Bytes per CPU second as a ratio: 1 is as fast as openssl.
// Stall: the slowest small request, asked again and again on a connection of its own, from when the last byte of the
// body is sent (all others have been taken in before) until the answer.
import { execFileSync, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { cpuSeconds, pin, start } from "./support/nginx.mjs";
import { spread } from "./support/rounds.mjs";

const PORT = 19090;
const WORKER_CORE = 0;
const CLIENT_CORE = 1;
const WAYS = {
    "1 MB in memory": { path: "/memory", bytes: 1_000_000, requests: 200 },
    "20 MB in memory": { path: "/memory", bytes: 20_000_000, requests: 10 },
    "20 MB in a temporary file": { path: "/file", bytes: 20_000_000, requests: 10 },
};
const VARIANTS = Object.keys(WAYS).flatMap((way) => [`${way}/plain`, `${way}/md5`]);

const location = (path, more, hook) =>
    `location = ${path} { ${more} access_by_lua_block { ${hook} } content_by_lua_block { ngx.exit(204) } }`;
const config = `
    client_max_body_size 64m;
    keepalive_requests 1000000;
    lua_package_path "$prefix/lua-out/?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_block { digest = require("resty.openclaw.body_digest").new() }
    server {
        listen 127.0.0.1:${PORT};
        set $request_body_md5 "";
        set $request_body_digest_skip "";
        add_header X-Digest $request_body_md5;
        location = /small { return 204; }
        ${location("/memory/plain", "client_body_buffer_size 32m;", "ngx.req.read_body()")}
        ${location("/memory/md5", "client_body_buffer_size 32m;", "digest:access()")}
        ${location("/file/plain", "", "ngx.req.read_body()")}
        ${location("/file/md5", "", "digest:access()")}
    }
`;

const now = () => Number(process.hrtime.bigint()) / 1e6;
const pathOf = (way, hook) => `${WAYS[way].path}/${hook}`;

function request(agent, method, path, body) {
    return new Promise((resolve, reject) => {
        const headers = body ? { "Content-Length": body.length } : {};
        const sent = http.request({ agent, host: "127.0.0.1", port: PORT, method, path, headers }, (answer) => {
            answer.resume().on("end", () => resolve(answer));
        });
        sent.on("error", reject);
        sent.end(body);
    });
}

/** Asks for /small again and again, until told to stop; then tells when each request began and how long it took. */
async function probe() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const samples = [];
    let stopped = false;
    process.on("message", () => (stopped = true));
    process.send("ready");
    while (!stopped) {
        const began = now();
        await request(agent, "GET", "/small");
        samples.push([began, now() - began]);
    }
    agent.destroy();
    process.send(samples, () => process.disconnect());
}

/** Sends a body but for its last byte, lets nginx take that in, then the last byte; the slowest probe after that. */
async function longestStall(variant) {
    const [way, hook] = variant.split("/");
    const { body } = WAYS[way];
    const socket = connect(PORT, "127.0.0.1");
    socket.write(
        `POST ${pathOf(way, hook)} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.write(body.subarray(0, -1), resolve));
    await pause(200);
    const prober = fork(import.meta.filename, ["probe"]);
    await new Promise((resolve) => prober.once("message", resolve));
    pin(prober.pid, CLIENT_CORE);
    await pause(50);
    const began = now();
    socket.write(body.subarray(-1));
    await new Promise((resolve, reject) => socket.once("data", resolve).once("error", reject));
    const ended = now();
    socket.destroy();
    prober.send("stop");
    const samples = await new Promise((resolve) => prober.once("message", resolve));
    return Math.max(0, ...samples.filter(([at, took]) => at + took >= began && at <= ended).map(([, took]) => took));
}

function opensslSeconds(folder, files) {
    const command = `TIMEFORMAT="%U %S"; time taskset -c ${WORKER_CORE} openssl dgst -md5 ${files.join(" ")} > openssl.out`;
    const text = execFileSync("bash", ["-c", `{ ${command}; } 2>&1`], { encoding: "utf8", cwd: folder });
    const [user, system] = text.trim().split(" ").map(Number);
    return user + system;
}

async function postMany(agent, variant) {
    const [way, hook] = variant.split("/");
    const { body, digest, requests } = WAYS[way];
    for (let index = 0; index < requests; index += 1) {
        const answer = await request(agent, "POST", pathOf(way, hook), body);
        if (answer.statusCode !== 204) throw new Error(`${variant} answers with ${answer.statusCode}`);
        const got = answer.headers["x-digest"];
        if (hook === "md5" && got !== digest) throw new Error(`${variant} has the digest ${got}`);
    }
}

async function measure(rounds) {
    // In memory, or the disk would be what is measured.
    process.env.TMPDIR = "/dev/shm";
    const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
    for (const way of Object.values(WAYS)) {
        way.body = randomBytes(way.bytes);
        way.digest = createHash("md5").update(way.body).digest("hex");
        way.file = `${way.digest}.bin`;
        writeFileSync(join(folder, way.file), way.body);
    }
    const nginx = await start(config, { port: PORT, core: WORKER_CORE });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    pin(process.pid, CLIENT_CORE);
    try {
        const [worker] = nginx.workerPids();
        const spent = () => cpuSeconds(worker).user + cpuSeconds(worker).system;
        const ratios = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
        const stalls = Object.fromEntries(VARIANTS.map((variant) => [variant, []]));
        for (let round = 0; round <= rounds; round += 1) {
            const seconds = {};
            for (const variant of round % 2 ? VARIANTS : [...VARIANTS].reverse()) {
                const before = spent();
                await postMany(agent, variant);
                seconds[variant] = spent() - before;
                const stall = await longestStall(variant);
                if (round > 0) stalls[variant].push(stall);
            }
            // The first round warms up.
            if (round === 0) continue;
            const nothing = opensslSeconds(folder, ["/dev/null"]);
            for (const [way, { file, requests }] of Object.entries(WAYS)) {
                const openssl = opensslSeconds(folder, Array(requests).fill(file)) - nothing;
                ratios[way].push(openssl / (seconds[`${way}/md5`] - seconds[`${way}/plain`]));
            }
            process.stderr.write(`round ${round} of ${rounds}\n`);
        }
        console.log(`\nMD5 of request bodies: medians of ${rounds} rounds (least–most)\n`);
        console.log("| body | bytes per CPU second / openssl | longest stall, ms | without the digest, ms |");
        console.log("| --- | --- | --- | --- |");
        for (const way of Object.keys(WAYS)) {
            const stall = (hook) => spread(stalls[`${way}/${hook}`], 1);
            console.log(`| ${way} | ${spread(ratios[way])} | ${stall("md5")} | ${stall("plain")} |`);
        }
        const complaints = nginx
            .errors()
            .split("\n")
            .filter((line) => line && !line.includes("is buffered to a temporary"));
        if (complaints.length) throw new Error(`nginx complains:\n${complaints.slice(0, 5).join("\n")}`);
    } finally {
        agent.destroy();
        await nginx.stop();
        rmSync(folder, { recursive: true, force: true });
    }
}

if (process.argv[2] === "probe") await probe();
else await measure(Number(process.argv[2] ?? 7));
