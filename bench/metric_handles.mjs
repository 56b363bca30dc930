// What a bound metric handle costs inside a real nginx worker: node bench/metric_handles.mjs
// Needs nginx with ngx_lua (NGINX_BIN, or openresty or nginx in PATH). Takes about ten seconds; opens no port.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function findInPath(name) {
    const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/openresty/bin"];
    return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

const nginx = process.env.NGINX_BIN ?? findInPath("openresty") ?? findInPath("nginx");
if (nginx === undefined) {
    console.error("No nginx found; set NGINX_BIN.");
    process.exit(1);
}

// Debian ships the Lua module as loadable objects; OpenResty has it built in.
const modules = nginx.includes("openresty")
    ? []
    : ["ndk_http_module.so", "ngx_http_lua_module.so"]
          .map((file) => join("/usr/lib/nginx/modules", file))
          .filter((file) => existsSync(file));

const config = `
${modules.map((module) => `load_module ${module};`).join("\n")}
master_process off;
daemon off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16; }
http {
    lua_package_path "${root}/lua-out/?.lua;${root}/?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_block { bench = require("bench.metric_handles") }
    init_worker_by_lua_block {
        assert(ngx.timer.at(0, function()
            local done, result = pcall(bench.run)
            io.stdout:write(tostring(result), "\\n")
            io.stdout:flush()
            os.exit(done and 0 or 1)
        end))
    }
}
`;

const prefix = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
writeFileSync(join(prefix, "nginx.conf"), config);
const { status } = spawnSync(nginx, ["-e", "stderr", "-p", prefix, "-c", join(prefix, "nginx.conf")], {
    stdio: "inherit",
    timeout: 120_000,
});
rmSync(prefix, { recursive: true, force: true });
process.exit(status ?? 1);
