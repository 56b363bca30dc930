// What the policies make of simulated nodes, side by side on 127.0.0.1: tables on stdout.
//   make bench-balancer                     all of it, about 25 minutes
//   make bench-balancer ARGS=--quick        one shape, two loads, half a minute: to try it
//   make bench-balancer ARGS=--write        all of it; the tables and a plot go to docs as well
//   make bench-balancer ARGS=--only=A1      the batches with that in their titles; the others as measured before
//   make bench-balancer ARGS="--again …"    no measurement: shows, or writes, what was measured before
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "./balancer/batch.mjs";
import { writePage } from "./balancer/page.mjs";
import { FULL, QUICK } from "./balancer/plan.mjs";
import { plot } from "./balancer/plot.mjs";
import { report, showMachine } from "./balancer/report.mjs";
import { findNginx, project } from "./support/nginx.mjs";

const MEASURED = join(project, "bench/results/balancer.json");
/** Above this share of the processors the machine itself would be measured. */
const MOST_BUSY = 0.6;
const MOST_DISTURBANCE = 0.1;

const { values: options } = parseArgs({
    options: {
        quick: { type: "boolean" },
        again: { type: "boolean" },
        write: { type: "boolean" },
        only: { type: "string", default: "" },
    },
});
if (options.quick && options.write) throw new Error("--quick measures too little for the page; leave out --write");

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

const before = () => (existsSync(MEASURED) ? JSON.parse(readFileSync(MEASURED, "utf8")) : { batches: [] });

/** Keeps what took long, so that another table or plot takes no other run. */
function store(measured) {
    mkdirSync(dirname(MEASURED), { recursive: true });
    writeFileSync(MEASURED, JSON.stringify(measured, undefined, 1));
}

async function measure({ title, kind, cells, seconds, keep }, which) {
    say(`${which}: ${title}: ${cells.length} upstreams side by side, ${seconds} s and a little`);
    const { cells: done, machine, errors } = await run(cells, seconds);
    say(`    ${showMachine(machine)}`);
    if (machine.others > MOST_DISTURBANCE) say(`    other processes were busy: repeat this with ARGS=--only=${title}`);
    if (machine.busy > MOST_BUSY) say("    too busy: these figures show the machine, not the policies");
    complain(errors);
    return { title, kind, machine, results: keep(done) };
}

/** Measures some batches; for the others there is what was measured before. */
async function measureAll(batches) {
    const done = new Map(before().batches.map((batch) => [batch.title, batch]));
    const present = batches.filter(({ title }) => title.includes(options.only));
    if (present.length === 0)
        throw new Error(`no title has "${options.only}": ${batches.map(({ title }) => title).join("; ")}`);
    if (options.only === "") done.clear();
    const measured = () => ({
        where: whereAndWhen(),
        batches: batches.filter(({ title }) => done.has(title)).map(({ title }) => done.get(title)),
    });
    for (const [index, batch] of present.entries()) {
        done.set(batch.title, await measure(batch, `${index + 1} of ${present.length}`));
        if (!options.quick) store(measured());
    }
    return measured();
}

const measured = options.again ? before() : await measureAll(options.quick ? QUICK : FULL);
const text = report(measured);
console.log(text);
if (options.write) {
    writePage(join(project, "docs/balancing.md"), text);
    const steady = measured.batches.filter(({ kind }) => kind === "steady").flatMap(({ results }) => results);
    plot(steady, join(project, "docs/balancing.png"));
    say("wrote docs/balancing.md and docs/balancing.png");
}
