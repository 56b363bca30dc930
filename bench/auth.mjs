// What authentication costs: a route with `auth` next to the same route without it, which gets the same requests. One worker, CPU time a
// request. node bench/auth.mjs [rounds] [seconds a run]
//
// A token is "unseen" because more tokens than a worker keeps take turns. The load runs on the worker's core: on another one, a slower
// worker would also be charged for waking that core more often, which takes longer than a token that was seen before.
//
// With OPENCLAW_BENCH_BUSY=1 runs count that other programs disturbed. CPU time then has the time in it that they cost the caches.
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { account, gateway, GATEWAY_CORE, load, startAll, stopAll } from "./support/against_nodes.mjs";
import { rounds, spread } from "./support/rounds.mjs";
import { jwtOptions, newIssuer } from "./support/tokens.mjs";

const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = Number(process.argv[3] ?? 2);
const BUSY = process.env.OPENCLAW_BENCH_BUSY !== undefined;
/** A worker keeps 10,000. */
const TOKENS = 12_000;
/** Connections of the load. */
const MOST_OPEN = 32;

const folder = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
chmodSync(folder, 0o755);

/** A script for wrk whose requests have the headers of a file in turn, from this one on. */
function writeScript(headers, start) {
    const script = join(folder, "requests.lua");
    writeFileSync(
        script,
        `local requests, count, at = {}, 0, ${start}
        function init()
            for line in io.lines("${headers}") do
                local name, value = line:match("^([^:]+): (.*)$")
                count = count + 1
                requests[count] = wrk.format("GET", "/", { [name] = value })
            end
        end
        function request()
            at = at % count + 1
            return requests[at]
        end`,
    );
    return script;
}

const bearer = (token) => `Authorization: Bearer ${token}`;
const key = `oc_${randomBytes(32).toString("base64url")}`;
const digest = createHash("sha256").update(key).digest("hex");
writeFileSync(join(folder, "keys"), `user-4711 ${digest} tenant=acme class=vip\n`);

const issuer = newIssuer();
const unseen = {};
for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
    unseen[algorithm] = (await issuer.tokens(algorithm, TOKENS)).map(bearer);
}
writeFileSync(join(folder, "jwks.json"), issuer.jwks());

/** What is sent, and the most µs that it may cost. */
const KINDS = {
    "token seen before": { headers: [unseen.RS256[0]], goal: 3 },
    "RS256, unseen": { headers: unseen.RS256, goal: 60 },
    "ES256, unseen": { headers: unseen.ES256, goal: 120 },
    "EdDSA, unseen": { headers: unseen.EdDSA, goal: 150 },
    "API key": { headers: [`X-API-Key: ${key}`], goal: 4, auth: "with keys" },
};

const route = (ways) => `auth = { ${ways} },`;
const jwt = jwtOptions(join(folder, "jwks.json"));
const GATEWAYS = {
    without: { port: 19080, http: (port) => gateway(port) },
    "with tokens": { port: 19081, http: (port) => gateway(port, { route: route(jwt) }) },
    "with keys": {
        port: 19082,
        http: (port) => gateway(port, { route: route(`api_key = { file = "${folder}/keys" }`) }),
    },
};

const RUNS = {};
for (const [kind, { headers, auth = "with tokens" }] of Object.entries(KINDS)) {
    const file = join(folder, `${kind.replaceAll(" ", "_")}.txt`);
    writeFileSync(file, `${headers.join("\n")}\n`);
    RUNS[`${kind}, without`] = { its: "without", file, sent: 0, count: headers.length };
    RUNS[kind] = { its: auth, file, sent: 0, count: headers.length };
}

/** Loads a gateway for so many seconds. Goes on with the token after the last one of before, which is the one used longest ago. */
function send(name, seconds) {
    const run = RUNS[name];
    const result = load(GATEWAYS[run.its].port, seconds, false, {
        core: GATEWAY_CORE,
        script: writeScript(run.file, run.sent % run.count),
    });
    // Some were sent whose responses wrk did not wait for.
    run.sent += result.requests + MOST_OPEN;
    return result;
}

const running = await startAll(GATEWAYS);
function measure(name) {
    const { its } = RUNS[name];
    return account(running, its, running[its].workerPids(), SECONDS, () => send(name, SECONDS), {
        shared: true,
        any: BUSY,
    });
}

try {
    for (const name of Object.keys(RUNS)) send(name, 1);
    const { results, thrown } = await rounds(Object.keys(RUNS), measure, { count: ROUNDS });
    console.log(`\nMedians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`);
    console.log("| what is sent | CPU µs a request without | CPU µs more | user µs more | goal |");
    console.log("| --- | --- | --- | --- | --- |");
    for (const [kind, { goal }] of Object.entries(KINDS)) {
        const without = results[`${kind}, without`];
        const more = (what) =>
            spread(
                results[kind].map((mine, round) => mine[what] - without[round][what]),
                1,
            );
        const base = spread(
            without.map(({ cpu }) => cpu),
            1,
        );
        console.log(`| ${kind} | ${base} | ${more("cpu")} | ${more("user")} | ${goal} |`);
    }
} finally {
    await stopAll(running);
    rmSync(folder, { recursive: true });
}
