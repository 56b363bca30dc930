// The parts of the built-in metrics, in ns: node bench/request_figures.mjs [variant]. Takes three seconds.
import { readFileSync } from "node:fs";
import { gateway, startAll } from "./support/against_nodes.mjs";

const variant = process.argv[2] ?? "";
const measured = (port) =>
    gateway(port, { before: variant === "" ? "" : `set $openclaw_variant ${variant};` })
        .replace("$prefix/lua-out/?.lua;", "$prefix/lua-out/?.lua;$prefix/?.lua;")
        .replace("init_by_lua_block {", 'init_by_lua_block { bench = require("bench.request_figures")')
        .replace("include nginx/route.conf;", "include nginx/route.conf; log_by_lua_block { print(bench.run()) }");

const running = await startAll({
    gateway: { port: 19088, http: (port) => `error_log result.log notice; ${measured(port)}` },
});
try {
    const answer = await fetch("http://127.0.0.1:19088/");
    await answer.text();
    const end = Date.now() + 30_000;
    let result;
    while (result === undefined && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        result = /\n(\| part[^]*\|)\n?.* while logging/.exec(
            readFileSync(`${running.gateway.prefix}/result.log`, "utf8"),
        )?.[1];
    }
    console.log(result ?? "no result");
} finally {
    for (const { stop } of Object.values(running)) await stop();
}
