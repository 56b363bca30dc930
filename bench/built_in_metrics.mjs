// What all built-in metrics of a route cost: the gateway with them, and without. One worker, CPU time a request.
// node bench/built_in_metrics.mjs [rounds] [seconds a run]
import { gateway, load, measure, startAll, stopAll } from "./support/against_nodes.mjs";
import { rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 9);
const SECONDS = Number(process.argv[3] ?? 3);
const NONE = "gateway, metrics = false";
const VARIANTS = {
    [NONE]: { port: 19085, http: (port) => gateway(port, { route: "metrics = false" }) },
    gateway: { port: 19086, http: (port) => gateway(port) },
    "gateway, with a variant": {
        port: 19087,
        http: (port) => gateway(port, { before: "set $openclaw_variant v1;" }),
    },
};

const running = await startAll(VARIANTS);
try {
    for (const { port } of Object.values(VARIANTS)) load(port, 1, false);
    const names = Object.keys(VARIANTS);
    const { results, thrown } = await rounds(names, (variant) => measure(running, VARIANTS, variant, SECONDS, false), {
        count: ROUNDS,
    });
    console.log(`\nMedians of ${ROUNDS} rounds of ${SECONDS} s (least–most); ${thrown} rounds thrown away\n`);
    console.log("| variant | throughput / without | CPU µs/request | user µs/request | CPU µs more | user µs more |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const name of names) {
        const each = (give) => results[name].map((result, round) => give(result, results[NONE][round]));
        const columns = [
            spread(each((mine, none) => mine.rate / none.rate)),
            spread(
                each((mine) => mine.cpu),
                1,
            ),
            spread(
                each((mine) => mine.user),
                1,
            ),
            spread(each((mine, none) => mine.cpu - none.cpu)),
            spread(each((mine, none) => mine.user - none.user)),
        ];
        console.log(`| ${name} | ${columns.join(" | ")} |`);
    }
} finally {
    await stopAll(running);
}
