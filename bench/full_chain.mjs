// A route that protects models: authentication, a limit, the waiting room, the balancer, metrics, the digest of the body, and a record that
// is sent; next to plain nginx and to empty hooks. POST with 1 KB, one worker. node bench/full_chain.mjs [rounds] [seconds a run]
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    account,
    choice,
    gateway,
    hooks,
    load,
    native,
    proxy,
    server,
    SINK,
    startAll,
    stopAll,
    upstream,
} from "./support/against_nodes.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";
import { jwtOptions, newIssuer } from "./support/tokens.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const SECONDS = Number(process.argv[3] ?? 3);
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;
/** A worker keeps 10,000, so each of these is new whenever its turn comes. */
const TOKENS = 12_000;
/** Connections of the load. */
const MOST_OPEN = 32;

const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
chmodSync(folder, 0o755);
const issuer = newIssuer();
const tokens = await issuer.tokens("RS256", TOKENS);
writeFileSync(join(folder, "jwks.json"), issuer.jwks());
const TOKEN_FILES = { seen: join(folder, "seen.txt"), unseen: join(folder, "unseen.txt") };
writeFileSync(TOKEN_FILES.seen, `${tokens[0]}\n`);
writeFileSync(TOKEN_FILES.unseen, `${tokens.join("\n")}\n`);

const chain = (port) =>
    gateway(port, {
        upstream: "queue = { at_least = 1000 },",
        route: `
            auth = { ${jwtOptions(join(folder, "jwks.json"))} },
            limit = { { by = "identity", rate = 1000000, burst = 1000000 } },
            body_digest = { algorithm = "md5" },`,
        log: `log = { sinks = { { type = "http", url = "http://127.0.0.1:${SINK}/" } } },`,
    });

const GATEWAYS = {
    plain: { port: 19080, http: (port) => native + server(port, proxy) },
    hooks: {
        port: 19081,
        http: (port) => `init_by_lua_block { turns = 0 } ${upstream(choice)} ${server(port, hooks + proxy)}`,
    },
    chain: { port: 19082, http: chain },
};
const RUNS = {
    plain: { its: "plain", file: TOKEN_FILES.seen, count: 1, sent: 0 },
    "empty hooks": { its: "hooks", file: TOKEN_FILES.seen, count: 1, sent: 0 },
    "all, token seen before": { its: "chain", file: TOKEN_FILES.seen, count: 1, sent: 0, goal: 0.55 },
    "all, a new RS256 token each time": { its: "chain", file: TOKEN_FILES.unseen, count: TOKENS, sent: 0, goal: 0.3 },
};

/** A script for wrk whose requests have the tokens of a file in turn, from this one on. */
function writeScript({ file, sent, count }) {
    const script = join(folder, "requests.lua");
    writeFileSync(
        script,
        `local tokens, at = {}, ${sent % count}
        local body = string.rep("x", 1024)
        function init() for line in io.lines("${file}") do tokens[#tokens + 1] = line end end
        function request()
            at = at % #tokens + 1
            return wrk.format("POST", "/", { Authorization = "Bearer " .. tokens[at] }, body)
        end`,
    );
    return script;
}

const running = await startAll(GATEWAYS);
function send(name, seconds) {
    const run = RUNS[name];
    const result = load(GATEWAYS[run.its].port, seconds, true, { script: writeScript(run) });
    // Some were sent whose responses wrk did not wait for.
    run.sent += result.requests + MOST_OPEN;
    return result;
}
const measure = (name) => {
    const { its } = RUNS[name];
    return account(running, its, running[its].workerPids(), SECONDS, () => send(name, SECONDS), { any: BUSY });
};

try {
    for (const name of Object.keys(RUNS)) send(name, 1);
    const { results, thrown } = await rounds(Object.keys(RUNS), measure, { count: ROUNDS });
    console.log(
        `\nPOST 1 KB: medians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`,
    );
    console.log("| | throughput ÷ plain | goal | throughput ÷ hooks | CPU µs a request | user µs |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const [name, { goal }] of Object.entries(RUNS)) {
        const over = (base) => spread(results[name].map(({ rate }, round) => rate / results[base][round].rate));
        const of = (what) => median(results[name].map((result) => result[what])).toFixed(1);
        console.log(
            `| ${name} | ${over("plain")} | ${goal ?? ""} | ${over("empty hooks")} | ${of("cpu")} | ${of("user")} |`,
        );
    }
} finally {
    await stopAll(running);
    rmSync(folder, { recursive: true, force: true });
}
