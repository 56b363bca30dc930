// What a scrape of the metrics page takes, and how long it holds up small requests of the same worker meanwhile.
//
//     node bench/scrape.mjs [rounds] [series,series,…]
//
// A series is a line of the page. Half of them are counters, half are of histograms with 15 buckets; the names and labels
// are as long as those of the gateway. Fresh is the first page of a worker, warm the third and later.
// Stall: the slowest small request, asked again and again on a connection of its own while the page is sent.
import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { pin, start } from "./support/nginx.mjs";
import { spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 5);
const SIZES = (process.argv[3] ?? "1000,10000,100000").split(",").map(Number);
const PORT = 19095;
const WORKER_CORE = 0;
const CLIENT_CORE = 1;
const LINES_OF_HISTOGRAM = 18;

const WAYS = {
    text: "",
    OpenMetrics: "Accept: application/openmetrics-text; version=1.0.0\r\n",
    "OpenMetrics, gzip": "Accept: application/openmetrics-text; version=1.0.0\r\nAccept-Encoding: gzip\r\n",
    "text, 4 at once": "",
};
const AT_ONCE = 4;

const dict = (size) => `openclaw_${size}`;
const config = `
    keepalive_requests 1000000;
    lua_package_path "$prefix/lua-out/?.lua;$prefix/?.lua;;";
    ${SIZES.map((size) => `lua_shared_dict ${dict(size)} ${Math.ceil(10 + size / 1500)}m;`).join("\n")}
    init_by_lua_block {
        pages = {}
        for _, size in ipairs({ ${SIZES.join(", ")} }) do
            pages[tostring(size)] = require("resty.openclaw.metrics").new({ dict = "openclaw_" .. size, max_series = 1000000 })
        end
        -- As requests make them, in a worker that is gone when pages are measured.
        function fill(size)
            local made = pages[tostring(size)]
            local labels = { "route", "variant", "status" }
            local count = made:counter("openclaw_bench_requests_total", "Requests, by class of status.", labels)
            local timing = made:histogram("openclaw_bench_duration_seconds", "How long it took.", labels)
            for index = 1, math.ceil(size / ${2 * LINES_OF_HISTOGRAM}) do
                local route, variant = "route-" .. index, "canary"
                timing:labels(route, variant, "2xx"):observe(index / 100)
                for status = 1, ${LINES_OF_HISTOGRAM} do count:labels(route, variant, status .. "xx"):inc(index) end
            end
        end
    }
    server {
        listen 127.0.0.1:${PORT};
        location = /small { return 204; }
        location = /worker { return 200 $pid; }
        location = /fill {
            content_by_lua_block {
                for _, size in ipairs({ ${SIZES.join(", ")} }) do fill(size) end
                ngx.print("filled")
            }
        }
        location /metrics/ {
            gzip on; gzip_types text/plain application/openmetrics-text; gzip_comp_level 1; gzip_proxied any;
            content_by_lua_block { pages[ngx.var.uri:match("%d+")]:page() }
        }
    }
`;

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Asks for /small again and again, until told to stop; then tells when each request ended and how long it took. */
async function probe() {
    const socket = connect(PORT, "127.0.0.1").setNoDelay();
    socket.once("close", () => process.exit(1));
    const samples = [];
    let stopped = false;
    process.on("message", () => (stopped = true));
    await new Promise((resolve) => socket.once("connect", resolve));
    process.send("ready");
    while (!stopped) {
        const began = now();
        socket.write("GET /small HTTP/1.1\r\nHost: bench\r\n\r\n");
        await new Promise((resolve) => socket.once("data", resolve));
        samples.push([now(), now() - began]);
    }
    process.send(samples, () => process.exit());
}

/** The chunks of an answer taken together. */
function body(answer) {
    let at = answer.indexOf("\r\n\r\n") + 4;
    const parts = [];
    for (;;) {
        const end = answer.indexOf("\r\n", at);
        const length = parseInt(answer.toString("latin1", at, end), 16);
        if (length === 0) return Buffer.concat(parts);
        parts.push(answer.subarray(end + 2, end + 2 + length));
        at = end + 2 + length + 2;
    }
}

function scrape(size, headers) {
    return new Promise((resolve, reject) => {
        const parts = [];
        const socket = connect(PORT, "127.0.0.1");
        socket.write(`GET /metrics/${size} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n${headers}\r\n`);
        socket.on("data", (part) => parts.push(part)).on("error", reject);
        socket.on("close", () => resolve(Buffer.concat(parts)));
    });
}

/** Milliseconds of a scrape, the longest stall meanwhile, and how large the answer is. */
async function measure(size, way) {
    const prober = fork(import.meta.filename, ["probe"]);
    await new Promise((resolve) => prober.once("message", resolve));
    pin(prober.pid, CLIENT_CORE);
    setPriority(prober.pid, 0);
    await pause(50);
    const count = way.endsWith("at once") ? AT_ONCE : 1;
    const began = now();
    const [answer] = await Promise.all(Array.from({ length: count }, () => scrape(size, WAYS[way])));
    const ended = now();
    prober.send("stop");
    const samples = await new Promise((resolve) => prober.once("message", resolve));
    const during = samples.filter(([at, took]) => at >= began && at - took <= ended).map(([, took]) => took);
    const bytes = body(answer);
    const page = (way.endsWith("gzip") ? gunzipSync(bytes) : bytes).toString();
    const series = page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
    if (way.startsWith("Open") && !page.endsWith("\n# EOF\n")) throw new Error(`${way}: the page breaks off`);
    return { took: ended - began, stall: Math.max(0, ...during), bytes: bytes.length, series };
}

/** Which worker takes requests now. */
async function worker() {
    const answer = await fetch(`http://127.0.0.1:${PORT}/worker`, { headers: { Connection: "close" } });
    return answer.text();
}

/** Resolves when the worker is gone, and one that has shown nothing yet has taken its place. */
async function newWorker(nginx) {
    const old = await worker();
    process.kill(nginx.pid, "SIGHUP");
    for (const end = Date.now() + 20_000; Date.now() < end; await pause(20)) {
        if (!existsSync(`/proc/${old}`)) return;
    }
    throw new Error("no new worker within 20 s");
}

async function main() {
    const nginx = await start(config, { port: PORT, core: WORKER_CORE });
    pin(process.pid, CLIENT_CORE);
    // The probes must not wait for their core until a part of the page is read.
    setPriority(19);
    try {
        await (await fetch(`http://127.0.0.1:${PORT}/fill`)).text();
        const results = {};
        for (let round = 0; round <= ROUNDS; round += 1) {
            for (const size of SIZES) {
                const run = async (way, kind) => {
                    const got = await measure(size, way);
                    // The first round warms up.
                    if (round > 0) (results[`${size}/${way}/${kind}`] ??= []).push(got);
                };
                for (const way of ["text", "OpenMetrics, gzip"]) {
                    await newWorker(nginx);
                    await run(way, "fresh");
                }
                // Series that are younger than a second are read once more.
                for (let page = 0; page < 2; page += 1) {
                    await pause(1100);
                    await scrape(size, "");
                }
                for (const way of Object.keys(WAYS)) await run(way, "warm");
            }
            if (round > 0) process.stderr.write(`round ${round} of ${ROUNDS}\n`);
        }
        console.log(`\nOne page: medians of ${ROUNDS} rounds (least–most)\n`);
        console.log("| series | page | worker | KB | ms | longest stall, ms |");
        console.log("| --- | --- | --- | --- | --- | --- |");
        for (const [name, got] of Object.entries(results)) {
            const [, way, kind] = name.split("/");
            const of = (what, digits) =>
                spread(
                    got.map((result) => result[what]),
                    digits,
                );
            const { series, bytes } = got[0];
            console.log(
                `| ${series} | ${way} | ${kind} | ${(bytes / 1000).toFixed(0)} | ${of("took", 0)} | ${of("stall", 1)} |`,
            );
        }
        if (nginx.errors()) throw new Error(`nginx complains:\n${nginx.errors().slice(0, 1000)}`);
    } finally {
        await nginx.stop();
    }
}

if (process.argv[2] === "probe") await probe();
else await main();
