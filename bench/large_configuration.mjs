// What an idle worker of a large configuration takes: 200 upstreams of 10 nodes, 2,000 routes, with 1, 16 and 64 workers.
//
//     node bench/large_configuration.mjs [seconds] [workers,workers,…] [lua-out of another version]
//
// CPU time of all workers while nobody asks anything, by the kernel's own account, in percent of a core for each; least, median
// and most of them. Then three reloads with a request that holds up each generation: all workers must have a block of the
// shared memory, so that no count is missing.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { project, start } from "./support/nginx.mjs";

const SECONDS = Number(process.argv[2] ?? 30);
const WORKERS = (process.argv[3] ?? "1,16,64").split(",").map(Number);
const PORT = 19096;
const UPSTREAMS = 200;
const NODES = 10;
const ROUTES = 2000;
/** What workers do when they begin is not what is measured: each reads the names of all series, in small steps, for minutes. */
const SETTLE_SECONDS = 15;
const MOST_WINDOWS = 40;
const RELOADS = 3;

const config = `
    lua_package_path "$prefix/lua-out/?.lua;;";
    ${readFileSync(`${project}nginx/openclaw.conf`, "utf8").replace("openclaw 10m", "openclaw 100m")}
    init_by_lua_block {
        local upstreams, routes = {}, {}
        for number = 1, ${UPSTREAMS} do
            local nodes = {}
            for node = 1, ${NODES} do nodes[node] = "127.1." .. number .. "." .. node .. ":9" end
            upstreams["upstream-" .. number] = { nodes = nodes }
        end
        for number = 1, ${ROUTES} do routes["route-" .. number] = { upstream = "upstream-" .. number % ${UPSTREAMS} + 1 } end
        require("resty.openclaw").setup { upstreams = upstreams, routes = routes }
    }
    server {
        listen 127.0.0.1:${PORT};
        location = /hold { content_by_lua_block { ngx.say("held") ngx.flush(true) ngx.sleep(600) } }
        location = /count { content_by_lua_block {
            local region = require("resty.openclaw.core.memory.shared_memory").open("openclaw")
            local count = require("resty.openclaw.core.metrics.metric_registry").counter(
                require("resty.openclaw.core.metrics.metric_registry").open("openclaw"), "bench_total", "Counted.")
            count:labels():inc()
            ngx.print(region.count - 1, " ", region.base[1])
        } }
    }
`;

/** CPU seconds a process has used, by the scheduler, which measures them. */
const cpu = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;

const ask = (path) =>
    new Promise((resolve, reject) => {
        get({ host: "127.0.0.1", port: PORT, path, agent: false }, (answer) => {
            let text = "";
            answer.on("data", (piece) => {
                text += piece;
                if (path === "/hold") resolve(answer);
            });
            answer.on("end", () => resolve(text));
            answer.on("error", () => resolve(text));
        }).on("error", reject);
    });

/** The shares of a core that the workers take within a time, the least first. */
async function window(pids) {
    const before = pids.map(cpu);
    await pause(SECONDS * 1000);
    return pids.map((pid, index) => (100 * (cpu(pid) - before[index])) / SECONDS).sort((a, b) => a - b);
}

const mean = (shares) => shares.reduce((sum, share) => sum + share, 0) / shares.length;

/** Measures until it does not become less any more: the last of the windows. */
async function idle(pids) {
    await pause(SETTLE_SECONDS * 1000);
    let shares = await window(pids);
    let steady = 0;
    for (let count = 1; count < MOST_WINDOWS && steady < 2; count += 1) {
        const next = await window(pids);
        steady = mean(next) > 0.9 * mean(shares) ? steady + 1 : 0;
        shares = next;
    }
    const [least, median, most] = [shares[0], shares[shares.length >> 1], shares[shares.length - 1]];
    return { mean: mean(shares), least, median, most };
}

for (const workers of WORKERS) {
    const nginx = await start(config, { port: PORT, core: "0-1", workers, patience: 120 });
    const { mean: all, least, median, most } = await idle(nginx.workerPids());
    const percent = (share) => `${share.toFixed(3)} %`;
    console.log(
        `${workers} workers: mean ${percent(all)} of a core, median ${percent(median)} (${percent(least)}–${percent(most)})`,
    );
    const held = [];
    for (let reload = 0; reload < RELOADS; reload += 1) {
        for (let request = 0; request < 4 * workers; request += 1) held.push(await ask("/hold"));
        const old = nginx.workerPids();
        execFileSync("kill", ["-HUP", String(nginx.pid)]);
        const replaced = () => nginx.workerPids().filter((pid) => !old.includes(pid)).length >= workers;
        for (const end = Date.now() + 120_000; !replaced() && Date.now() < end;) await pause(100);
    }
    await pause(2000);
    const [blocks, highest] = (await ask("/count")).split(" ");
    console.log(`${workers} workers, ${RELOADS} reloads: up to block ${highest} of ${blocks}`);
    for (const answer of held) answer.destroy();
    const errors = nginx.errors();
    if (errors) console.log(errors.split("\n").slice(0, 5).join("\n"));
    await nginx.stop();
}
