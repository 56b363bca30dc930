// What the checks cost a request, in µs: node bench/checks.mjs. Takes some seconds.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNginx, project } from "./support/nginx.mjs";

const PORT = 19091;
const config = `
${findNginx("modules")}
master_process off;
daemon off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16; }
http {
    access_log off;
    client_max_body_size 20m;
    lua_package_path "${project}lua-out/?.lua;${project}?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_block { bench = require("bench.checks") }
    server {
        listen 127.0.0.1:${PORT};
        location /memory { client_body_buffer_size 20m; access_by_lua_block { bench.run(ngx.var.arg_case, ngx.unescape_uri(ngx.var.arg_what)) } }
        location /file { access_by_lua_block { bench.run(ngx.var.arg_case, ngx.unescape_uri(ngx.var.arg_what)) } }
    }
}
`;

const message = (words) => ({
    model: "m",
    messages: [{ role: "user", content: "What is in this image? ".repeat(words) }],
    stream: true,
});
const image = readFileSync(`${project}spec/support/images/baseline.jpg`);
const bodies = [
    ["memory", "methods", "any body", "x"],
    ["memory", "json", "JSON of 100 bytes", JSON.stringify(message(1))],
    ["memory", "json", "JSON of 2.4 KB", JSON.stringify(message(100))],
    ["memory", "image", "JPEG of 10 KB", Buffer.concat([image, Buffer.alloc(10_000)])],
    ["file", "image", "JPEG of 1 MB", Buffer.concat([image, Buffer.alloc(1_000_000)])],
];

const prefix = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
writeFileSync(join(prefix, "nginx.conf"), config);
const nginx = spawn(findNginx(), ["-e", "stderr", "-p", prefix, "-c", join(prefix, "nginx.conf")], {
    stdio: "inherit",
});
try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log("| body | check | µs, least of 9 |\n| --- | --- | --- |");
    for (const [place, name, what, body] of bodies) {
        const url = `http://127.0.0.1:${PORT}/${place}?case=${name}&what=${encodeURIComponent(what)}`;
        process.stdout.write(await (await fetch(url, { method: "POST", body })).text());
    }
} finally {
    nginx.kill();
    rmSync(prefix, { recursive: true, force: true });
}
