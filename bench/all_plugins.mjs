// What a route with all plugins costs, next to one with the usual ones: node bench/all_plugins.mjs [other lua-out] [rounds] [seconds]
//
// With the lua-out of another version its throughput is measured in the same rounds.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateway, load, measure, startAll, stopAll } from "./support/against_nodes.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const [other, count = "7", seconds = "3"] = process.argv.slice(2);
const SECONDS = Number(seconds);

// Workers, who run as somebody else, make their stores here.
const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
chmodSync(folder, 0o777);

const all = (store) => `
    deadline = { seconds = 60 },
    identity = { tell = { subject = "remote_addr" }, required = false },
    body_digest = { algorithm = "md5" },
    inference = {},
    edge = { store = "${folder}/${store}", through = "http://127.0.0.1:9" },
`;
const BODY_FILTER = 'body_filter_by_lua_block { require("resty.openclaw").body_filter() }';

const variants = (port, path) => {
    const of = (text) => (path === undefined ? text : text.replace("$prefix/lua-out", path));
    const name = path === undefined ? "this" : "other";
    return {
        [`${name}: usual plugins`]: { port, http: (its) => of(gateway(its)) },
        [`${name}: all plugins`]: {
            port: port + 1,
            http: (its) => of(gateway(its, { route: all(name), before: BODY_FILTER })),
        },
    };
};
const VARIANTS = { ...variants(19080), ...(other === undefined ? {} : variants(19082, other)) };

const running = await startAll(VARIANTS);
try {
    for (const { port } of Object.values(VARIANTS)) load(port, 1, true);
    const names = Object.keys(VARIANTS);
    const { results, thrown } = await rounds(names, (variant) => measure(running, VARIANTS, variant, SECONDS, true), {
        count: Number(count),
    });
    console.log(`POST 1 KB: medians of ${count} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`);
    console.log("| variant | throughput / this with the usual ones | requests/s | CPU µs/request | user µs/request |");
    console.log("| --- | --- | --- | --- | --- |");
    for (const name of names) {
        const ratio = spread(results[name].map(({ rate }, round) => rate / results[names[0]][round].rate));
        const of = (what) => median(results[name].map((result) => result[what]));
        console.log(
            `| ${name} | ${ratio} | ${of("rate").toFixed(0)} | ${of("cpu").toFixed(1)} | ${of("user").toFixed(1)} |`,
        );
    }
} finally {
    await stopAll(running);
    rmSync(folder, { recursive: true });
}
