// Runs cells side by side. A cell is a policy with nodes of its own, under some load: { policy, shape, work, load, seed,
// unitMs, tries, changes }, where `changes` tells what happens to a node at what second.
import { fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { cpuSeconds, idleSeconds, ownSeconds, start } from "../support/nginx.mjs";
import { play } from "./load.mjs";
import { gateway } from "./policies.mjs";
import { capacity, SHAPES, UNIT_MS } from "./shapes.mjs";
import { trace } from "./trace.mjs";

const GATEWAY_PORT = 19199;
const FIRST_NODE_PORT = 19200;
const WORKERS = 2;
/** The same trace for all, but not at the same moment: else the first policies would always be served first. */
const APART_SECONDS = 0.11;

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

function prepare(cell, index, ports, seconds) {
    const { shape, work, load, seed, unitMs = UNIT_MS } = cell;
    const count = Math.round(load * capacity(shape, unitMs) * seconds);
    const { arrivals, units } = trace({ work, count, seconds, seed });
    const nodes = SHAPES[shape].nodes.map((node, number) => ({ ...node, number, port: ports.next().value }));
    const name = `cell_${index}`;
    const milliseconds = units.map((unit) => unit * unitMs);
    return {
        tries: 1,
        ...cell,
        name,
        path: `/${index}`,
        nodes,
        arrivals,
        milliseconds,
        start: 1 + index * APART_SECONDS,
    };
}

function* portsFrom(port) {
    for (; ; port += 1) yield port;
}

async function startNodes(cells) {
    const child = fork(fileURLToPath(new URL("simulated_nodes.mjs", import.meta.url)));
    const ask = async (task, argument) => {
        child.send([task, argument]);
        for (;;) {
            const [[answered, result]] = await once(child, "message");
            if (answered === task) return result;
        }
    };
    await ask(
        "listen",
        cells.flatMap(({ nodes }) => nodes),
    );
    return { pid: child.pid, ask, stop: () => child.disconnect() };
}

function changeNodes(cells, nodes) {
    return cells.map(async (cell) => {
        let now = 0;
        for (const { at, node, ...what } of cell.changes ?? []) {
            await sleep(cell.start + at - now);
            now = cell.start + at;
            await nodes.ask("change", { port: cell.nodes[node].port, ...what });
        }
    });
}

/** Which shares of the processors are busy for so many seconds: all in all, and with what is not this measurement. */
async function watchProcessors(pids, seconds) {
    const look = () => ({
        idle: idleSeconds(),
        measuring: pids.map(cpuSeconds).reduce((sum, { user, system }) => sum + user + system, ownSeconds()),
        now: performance.now(),
    });
    const before = look();
    await sleep(seconds);
    const after = look();
    const share = (what) => (1000 * (after[what] - before[what])) / (after.now - before.now) / cpus().length;
    const busy = 1 - share("idle");
    return { busy, others: busy - share("measuring") };
}

/**
 * Runs the cells for so many seconds. Returns them with `arrivals` and `outcomes` as play() gives them, what the machine
 * did meanwhile (the shares of its processors that were busy, and how late requests and answers went out, in ms), and
 * what nginx logged.
 */
export async function run(list, seconds) {
    const ports = portsFrom(FIRST_NODE_PORT);
    const cells = list.map((cell, index) => prepare(cell, index, ports, seconds));
    const nodes = await startNodes(cells);
    try {
        const nginx = await start(gateway(cells, GATEWAY_PORT), {
            port: GATEWAY_PORT,
            core: "0,1",
            workers: WORKERS,
            connections: 19000,
        });
        try {
            const processors = watchProcessors([nodes.pid, ...nginx.workerPids()], seconds);
            const changes = changeNodes(cells, nodes);
            const sent = await play(cells, GATEWAY_PORT);
            await Promise.all(changes);
            const answered = await nodes.ask("lateness");
            return { cells, machine: { ...(await processors), sent, answered }, errors: nginx.errors() };
        } finally {
            await nginx.stop();
        }
    } finally {
        nodes.stop();
    }
}
