// What the policies make of simulated nodes, side by side on 127.0.0.1: tables on stdout.
//   make bench-balancer                     all of it, about 25 minutes
//   make bench-balancer ARGS=--quick        one shape, two loads, half a minute: to try it
//   make bench-balancer ARGS=--write        all of it; the tables and a plot go to docs as well
//   make bench-balancer ARGS="--again …"    no measurement: shows, or writes, what was measured before
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { findNginx, project } from "./support/nginx.mjs";
import { run } from "./balancer/batch.mjs";
import { writePage } from "./balancer/page.mjs";
import { FULL, QUICK } from "./balancer/plan.mjs";
import { plot } from "./balancer/plot.mjs";
import { report, showMachine } from "./balancer/report.mjs";

const MEASURED = join(project, "bench/results/balancer.json");
/** Above this share of the processors the machine itself would be measured. */
const MOST_BUSY = 0.6;
const MOST_DISTURBANCE = 0.05;

const words = new Set(process.argv.slice(2));
const has = (word) => words.delete(word);
const [isQuick, isAgain, writes] = [has("--quick"), has("--again"), has("--write")];
if (words.size > 0) throw new Error(`there is no option ${[...words].join(" ")}; there are --quick, --again, --write`);
if (isQuick && writes) throw new Error("--quick measures too little for the page; leave out --write");

const say = (text) => process.stderr.write(`${text}\n`);

function whereAndWhen() {
    const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    const version = execFileSync("sh", ["-c", '"$0" -v 2>&1', findNginx()], { encoding: "utf8" })
        .replace(/.*: /, "")
        .trim();
    const day = new Date().toISOString().slice(0, 10);
    return `Measured on ${day}: ${version}, ${system}, ${cpus().length} cores (${cpus()[0].model}).`;
}

/** What says that the gateway, and not a node, had trouble. */
function complain(errors) {
    const lines = errors.split("\n").filter((line) => /\[(alert|crit|emerg)\]|\[lua\]|worker_connections/.test(line));
    if (lines.length > 0) say(`    nginx logged ${lines.length} lines such as:\n    ${lines[0]}`);
}

/** Keeps what took long, so that another table or plot takes no other run. */
function store(measured) {
    mkdirSync(dirname(MEASURED), { recursive: true });
    writeFileSync(MEASURED, JSON.stringify(measured, undefined, 1));
}

async function measure(batches) {
    const measured = { where: whereAndWhen(), batches: [] };
    for (const [index, { title, kind, cells, seconds, keep }] of batches.entries()) {
        say(
            `${index + 1} of ${batches.length}: ${title}, ${cells.length} upstreams side by side, ${seconds} s and a little`,
        );
        const { cells: done, machine, errors } = await run(cells, seconds);
        say(`    ${showMachine(machine)}`);
        if (machine.others > MOST_DISTURBANCE)
            say("    other processes were busy: run this batch again when they are not");
        if (machine.busy > MOST_BUSY) say("    too busy: these figures show the machine, not the policies");
        complain(errors);
        measured.batches.push({ title, kind, machine, results: keep(done) });
        if (!isQuick) store(measured);
    }
    return measured;
}

const measured = isAgain ? JSON.parse(readFileSync(MEASURED, "utf8")) : await measure(isQuick ? QUICK : FULL);
const text = report(measured);
console.log(text);
if (writes) {
    writePage(join(project, "docs/balancing.md"), text);
    const steady = measured.batches.filter(({ kind }) => kind === "steady").flatMap(({ results }) => results);
    plot(steady, join(project, "docs/balancing.png"));
    say("wrote docs/balancing.md and docs/balancing.png");
}
