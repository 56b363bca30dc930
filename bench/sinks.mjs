// How many entries a second one worker brings to each kind of sink while it answers requests, and what memory a dead
// sink costs: node bench/sinks.mjs [seconds a sink] [seconds of the dead sink] [sink …]
// Every request leaves ten entries of 300 bytes; rsyslogd and redis-server, where installed, are the receivers.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./support/nginx.mjs";

const [SECONDS, DEAD_SECONDS] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 60)];
const CHOSEN = process.argv.slice(4);
const GATEWAY_CORE = 0;
const OTHER_CORE = 1;
const [HTTP, TCP, UDP, SYSLOG, REDIS, NOBODY] = [19111, 19112, 19113, 19114, 19115, 19116];
const GATEWAY = 19110;
const ENTRIES = 10;

const folder = mkdtempSync(join(tmpdir(), "openclaw-sinks-"));
execFileSync("chmod", ["777", folder]);

const SINKS = {
    http: `{ type = "http", url = "http://127.0.0.1:${HTTP}/" }`,
    "http, json_array": `{ type = "http", url = "http://127.0.0.1:${HTTP}/", format = "json_array" }`,
    "http, gzip": `{ type = "http", url = "http://127.0.0.1:${HTTP}/", gzip = true }`,
    tcp: `{ type = "tcp", host = "127.0.0.1", port = ${TCP} }`,
    unix: `{ type = "unix", path = "${folder}/lines.sock" }`,
    udp: `{ type = "udp", host = "127.0.0.1", port = ${UDP} }`,
    "syslog, udp": `{ type = "syslog", host = "127.0.0.1", port = ${SYSLOG} }`,
    "syslog, tcp": `{ type = "syslog", protocol = "tcp", host = "127.0.0.1", port = ${SYSLOG} }`,
    redis_stream: `{ type = "redis_stream", port = ${REDIS}, key = "log", max_length = 10000 }`,
    file: `{ type = "file", path = "${folder}/lines.ndjson" }`,
};

/** What every sink gets: like a record, with as many bytes. */
const LINE = JSON.stringify({ id: "19a2f0c4d51-9e3b07aa-1", method: "POST", uri: "/v1/images", note: "" });
const padded = LINE.replace('"note":""', `"note":"${"x".repeat(300 - LINE.length)}"`);

const gateway = (sink, more = "") => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    lua_shared_dict openclaw 10m;
    lua_socket_log_errors off;
    init_by_lua_block {
        post_action = require("resty.openclaw.post_action").new({ sink = ${sink}, name = "bench", ${more} })
        -- Every line is another one, or they would all share the memory of one.
        line, pushed = '${padded}', 0
    }
    init_worker_by_lua_block { post_action:init_worker() }
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:${GATEWAY};
        location / {
            content_by_lua_block { ngx.print("done") }
            log_by_lua_block {
                for _ = 1, ${ENTRIES} do
                    pushed = pushed + 1
                    post_action:push(line .. pushed)
                end
            }
        }
        location /figures {
            content_by_lua_block {
                local shared_memory = require("resty.openclaw.core.memory.shared_memory")
                local figures = post_action.figures
                local region = figures.registry.region
                local function of(slot) return shared_memory.total(region, slot) end
                local dropped = 0
                for _, counter in pairs(figures.dropped) do dropped = dropped + of(counter.slot) end
                collectgarbage()
                ngx.print(of(figures.sent.slot), " ", dropped, " ", of(figures.queued_slot), " ",
                    of(figures.queued_bytes_slot), " ", collectgarbage("count"))
            }
        }
    }
`;

async function figures() {
    const text = await (await fetch(`http://127.0.0.1:${GATEWAY}/figures`)).text();
    const [sent, dropped, queued, bytes, kilobytes] = text.split(" ").map(Number);
    return { sent, dropped, queued, bytes, kilobytes };
}

/** Requests at full speed, on the other core. */
function load(seconds, rate) {
    const words = [
        "-c",
        String(OTHER_CORE),
        "wrk",
        "-t1",
        rate ?? "-c16",
        `-d${seconds}s`,
        `http://127.0.0.1:${GATEWAY}/`,
    ];
    return new Promise((resolve) => {
        let text = "";
        const child = spawn("taskset", words);
        child.stdout.on("data", (chunk) => (text += chunk));
        child.on("exit", () => resolve(Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1])));
    });
}

const residentMegabytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

function receivers() {
    writeFileSync(
        join(folder, "rsyslog.conf"),
        `global(workDirectory="${folder}" maxMessageSize="64k")
        module(load="imudp") module(load="imtcp")
        input(type="imudp" address="127.0.0.1" port="${SYSLOG}") input(type="imtcp" address="127.0.0.1" port="${SYSLOG}")
        action(type="omfile" file="/dev/null")\n`,
    );
    const run = (...words) => spawn("taskset", ["-c", String(OTHER_CORE), ...words], { stdio: "ignore" });
    return [
        run("rsyslogd", "-n", "-f", join(folder, "rsyslog.conf"), "-i", join(folder, "rsyslog.pid")),
        run("redis-server", "--port", String(REDIS), "--save", "", "--dir", folder),
    ];
}

/** Sockets that take whatever comes. */
async function holes() {
    const servers = [TCP, join(folder, "lines.sock")].map((place) => {
        const server = createServer((socket) => socket.resume().on("error", () => undefined));
        return server.listen(place);
    });
    await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
    execFileSync("chmod", ["777", join(folder, "lines.sock")]);
    const datagrams = createSocket({ type: "udp4", recvBufferSize: 4194304 }).bind(UDP, "127.0.0.1");
    await new Promise((resolve) => datagrams.once("listening", resolve));
    return [...servers, datagrams];
}

const chosen = Object.entries(SINKS).filter(([name]) => CHOSEN.length === 0 || CHOSEN.includes(name));
const http = await start(
    `client_max_body_size 10m; client_body_buffer_size 2m; keepalive_requests 1000000000;
    server { listen 127.0.0.1:${HTTP};
        location / { proxy_pass http://127.0.0.1:${HTTP}/empty; proxy_http_version 1.1; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
        location /empty { return 204; } }`,
    { port: HTTP, core: OTHER_CORE },
);
const servers = await holes();
const programs = receivers();
execFileSync("taskset", ["-a", "-p", "-c", String(OTHER_CORE), String(process.pid)], { stdio: "ignore" });
await new Promise((resolve) => setTimeout(resolve, 1000));

try {
    console.log("| sink | entries/s sent | requests/s meanwhile | dropped |");
    console.log("| --- | --- | --- | --- |");
    for (const [name, sink] of chosen) {
        const running = await start(gateway(sink), { port: GATEWAY, core: GATEWAY_CORE });
        await load(1);
        const before = await figures();
        const began = Date.now();
        const rate = await load(SECONDS);
        const after = await figures();
        const sent = (after.sent - before.sent) / ((Date.now() - began) / 1000);
        const offered = after.sent - before.sent + after.dropped - before.dropped;
        const lost = offered === 0 ? 0 : (100 * (after.dropped - before.dropped)) / offered;
        console.log(`| ${name} | ${sent.toFixed(0)} | ${rate.toFixed(0)} | ${lost.toFixed(0)} % |`);
        await running.stop();
    }
    if (DEAD_SECONDS > 0) {
        const running = await start(
            gateway(`{ type = "http", url = "http://127.0.0.1:${NOBODY}/" }`, "max_entries = 1000000"),
            {
                port: GATEWAY,
                core: GATEWAY_CORE,
            },
        );
        const [pid] = running.workerPids();
        const began = residentMegabytes(pid);
        let [most, mostBytes, mostResident] = [0, 0, 0];
        const loading = load(DEAD_SECONDS, "-c1");
        for (const end = Date.now() + DEAD_SECONDS * 1000; Date.now() < end;) {
            const { bytes, kilobytes } = await figures();
            most = Math.max(most, kilobytes / 1024);
            mostBytes = Math.max(mostBytes, bytes);
            mostResident = Math.max(mostResident, residentMegabytes(pid));
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
        await loading;
        const mb = (number) => number.toFixed(1);
        console.log(
            `\nDead sink for ${DEAD_SECONDS} s: at most ${mb(mostBytes / 1048576)} MiB held (cap 16), Lua ${mb(most)} MiB, ` +
                `resident ${mb(began)} to ${mb(mostResident)} MiB`,
        );
        await running.stop();
    }
} finally {
    for (const server of servers) server.close();
    for (const program of programs) program.kill("SIGTERM");
    await http.stop();
    rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
