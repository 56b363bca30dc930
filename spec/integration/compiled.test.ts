import { readFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { freePort, makePrefix, NativeNginx } from "./support/native_nginx";

function conf(name: string): string {
    const text = readFileSync(path.join(CHECKOUT, `nginx/${name}.conf`), "utf8");
    return text.replace("lua_shared_dict openclaw 10m;", "");
}
const ANSWER = JSON.stringify({ label: "crawfish", score: 0.97, box: [12, 40, 220, 310], model: "pond-7", note: "bench" });

async function batch(url: string, count: number, agent: http.Agent): Promise<Record<string, number>> {
    const statuses: Record<string, number> = {};
    let left = count;
    const one = () => new Promise<void>((resolve, reject) => {
        const sent = http.request(url, { agent, method: "POST" }, (answer) => {
            answer.on("error", reject);
            answer.on("end", () => { statuses[String(answer.statusCode)] = (statuses[String(answer.statusCode)] ?? 0) + 1; resolve(); });
            answer.resume();
        });
        sent.on("error", reject);
        sent.end("x".repeat(1024));
    });
    await Promise.all(Array.from({ length: 8 }, async () => { while (left-- > 0) await one(); }));
    return statuses;
}

const USER = `{ name = "user", meaning = "x", schema = {}, order = {}, create = function() return { log = function() for k in pairs({}) do end string.gsub("a", "%a", "b") end } end }`;

test.each(["usual", "all"])("%s", async (kind) => {
    const folder = await makePrefix();
    await chmod(folder, 0o777);
    const receiver = net.createServer((socket) => { socket.resume(); socket.on("error", () => 0); }).listen(0, "127.0.0.1");
    await new Promise((resolve) => receiver.once("listening", resolve));
    const { port } = receiver.address() as AddressInfo;
    const at = await freePort();
    await using nodes = await NativeNginx.start({ workers: 1, http: "keepalive_requests 1000000;", server: `listen 127.0.0.1:${at}; listen 127.0.0.2:${at}; listen 127.0.0.3:${at}; location / { default_type application/json; return 200 '${ANSWER}'; }` });
    const sink = (name: string) => `{ name = "${name}", type = "tcp", host = "127.0.0.1", port = ${port} }`;
    const route = kind === "usual" ? "" : `
        deadline = { seconds = 60 },
        identity = { tell = { subject = "remote_addr" }, required = false },
        body_digest = { algorithm = "md5" },
        inference = {},
        edge = { store = "${folder}/jobs", through = "http://127.0.0.1:9" },`;
    await using nginx = await NativeNginx.start({ main: "worker_rlimit_core 500m; working_directory /tmp/cores;",
        workers: 1,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                local m = require("resty.openclaw")
                traces = require("traces")
                local begin = m.init_worker
                m.init_worker = function() traces.begin() begin() end
                m.setup {
                    upstreams = { cluster = { nodes = { ${[1, 2, 3].map((n) => `"127.0.0.${n}:${at}"`).join()} } } },
                    routes = { work = { upstream = "cluster", ${route} } },
                    log = { sinks = { ${sink("one")} ${kind === "all" ? ", " + sink("two") : ""} } },
                }
            }
            keepalive_requests 1000000;
            upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") } keepalive 32; keepalive_requests 1000000; }`,
        server: `
            location / {
                ${kind === "all" ? 'body_filter_by_lua_block { require("resty.openclaw").body_filter() }' : ""}
                set $openclaw_route work; include route.conf; include proxy.conf; proxy_pass http://cluster; }
            location /traces { set $openclaw_route ""; log_by_lua_block { } 
                location = /traces { content_by_lua_block { traces.tell() } }
                location = /traces/reset { content_by_lua_block { traces.reset() } }
                location = /traces/hook { content_by_lua_block { traces.hook(true) } }
                location = /traces/unhook { content_by_lua_block { traces.hook(false) } }
            }`,
        files: { ...Object.fromEntries(["openclaw", "route", "proxy"].map((n) => [`${n}.conf`, conf(n)])),
            "lua-out/traces.lua": readFileSync(path.join(CHECKOUT, "spec/integration/support/traces.lua"), "utf8") },
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    for (let i = 0; i < 14; i++) {
        const t = Date.now();
        const statuses = await batch(nginx.url("/"), 2000, agent);
        const told = JSON.parse(await nginx.get("/traces"));
        await nginx.get("/traces/reset");
        console.log(kind, i, Date.now() - t, statuses, JSON.stringify(told, null, 1));
    }
    await nginx.get("/traces/reset");
    await nginx.get("/traces/hook");
    await batch(nginx.url("/"), 200, agent);
    await nginx.get("/traces/unhook");
    const told = JSON.parse(await nginx.get("/traces"));
    const list = Object.entries(told.interpreted as Record<string, number>).sort((a, b) => b[1] - a[1]).map(([k, v]) => `${v / 200} ${k}`);
    console.log("interpreted", list.length, list.join("\n"));
    console.log(await nginx.errorLog());
    agent.destroy();
    receiver.close();
    await rm(folder, { recursive: true, force: true });
});
