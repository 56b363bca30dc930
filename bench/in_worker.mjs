// Runs a measurement written in Lua inside a real nginx worker: node bench/in_worker.mjs metric_handles
// Takes a few seconds and opens no port. The worker's stdout is the result.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNginx, project } from "./support/nginx.mjs";

const config = `
${findNginx("modules")}
master_process off;
daemon off;
pid nginx.pid;
error_log stderr error;
thread_pool spool threads=1;
events { worker_connections 16; }
http {
    lua_package_path "${project}lua-out/?.lua;${project}?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_block { bench = require("bench.${process.argv[2]}") }
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
const { status } = spawnSync(findNginx(), ["-e", "stderr", "-p", prefix, "-c", join(prefix, "nginx.conf")], {
    stdio: "inherit",
    timeout: 120_000,
});
rmSync(prefix, { recursive: true, force: true });
process.exit(status ?? 1);
