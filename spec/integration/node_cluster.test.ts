import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { startObedientNode } from "./support/inference_nodes";
import { behave, seenBy } from "./support/obedient_node";
import {
    ask,
    inFlightOf,
    inParallel,
    nodesInstead,
    post,
    readMetrics,
    startScenario,
    stateOf,
} from "./support/scenario";

/** Seconds between the checks of a node, a tenth more or less. */
const INTERVAL = 0.3;
const SHORTEST_INTERVAL = 0.9 * INTERVAL;
const FAILS = 3;
const PASSES = 2;
const UPSTREAM = "openclaw_cluster";

let nodes: [StartedNode, StartedNode, StartedNode];
let gateway: StartedGatewayContainer;

beforeAll(async () => {
    nodes = await Promise.all([startObedientNode(), startObedientNode(), startObedientNode()]);
    gateway = await startScenario("node-cluster", {
        ...nodesInstead(nodes),
        "interval = 10": `interval = ${INTERVAL}`,
    });
});

afterAll(async () => {
    await Promise.all([gateway, ...(nodes ?? [])].map((container) => container?.stop()));
});

beforeEach(() => {
    onTestFailed(() => console.error(`the gateway's log:\n${gateway.log()}`));
});

async function awaitState(node: StartedNode, state: string): Promise<void> {
    await eventually(
        `${node.address} is ${state}`,
        async () => stateOf(await readMetrics(gateway), UPSTREAM, node) === state,
    );
}

async function weights(): Promise<number[]> {
    const samples = await readMetrics(gateway);
    return nodes.map(({ address }) => {
        return samples.get(`openclaw_upstream_node_weight{upstream="${UPSTREAM}",node="${address}"}`) ?? NaN;
    });
}

/** How many of so many requests come to a node; all must be answered. */
async function shareOf(node: StartedNode, requests: number): Promise<number> {
    const answers = await inParallel(requests, 6, () => ask(gateway.url("/api/analyze")));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    return answers.filter((answer) => answer.node === node.address).length;
}

test("the weights are a first guess, and then follow what the nodes show", async () => {
    const [heavy, , light] = nodes;
    const first = await weights();
    expect(first).toEqual([1.5, 1, 0.5].map((weight) => expect.closeTo(weight)));

    await behave(heavy, { delay: 0.4 });
    await behave(light, { delay: 0.02 });
    await eventually(
        "the heaviest one has become the lightest",
        async () => {
            await inParallel(12, 6, () => ask(gateway.url("/api/analyze")));
            const [now = NaN, ...others] = await weights();
            return others.every((other) => other > now);
        },
        60_000,
    );
    await behave(heavy, {});
    await behave(light, {});
});

test("a node that fails its checks gets nothing, until it passes them again", async () => {
    const [, node, other] = nodes;
    const before = await seenBy(node);
    await behave(node, { health: 500 });
    await awaitState(node, "down");
    const down = await seenBy(node);
    expect(down.checks - before.checks).toBeGreaterThanOrEqual(FAILS);
    expect(await shareOf(node, 40)).toBe(0);
    expect((await seenBy(node)).requests).toBe(down.requests);
    await eventually("it is still checked", async () => (await seenBy(node)).checks > down.checks + 1);
    expect(stateOf(await readMetrics(gateway), UPSTREAM, other)).toBe("healthy");

    const sick = await seenBy(node);
    await behave(node, {});
    await awaitState(node, "healthy");
    expect((await seenBy(node)).checks - sick.checks).toBeGreaterThanOrEqual(PASSES);
    await eventually("it gets requests again", async () => (await shareOf(node, 20)) > 0);
    expect(gateway.log()).toMatch(new RegExp(`node ${node.address} of upstream "${UPSTREAM}" is down`));
    expect(gateway.log()).toMatch(new RegExp(`node ${node.address} of upstream "${UPSTREAM}" is up again`));
});

test("each node is checked by one prober, whatever the number of workers, also over reloads", async () => {
    const reloads = 3;
    const counts = await Promise.all(nodes.map(async (node) => (await seenBy(node)).check_times.length));
    for (let reload = 1; reload <= reloads; reload += 1) {
        const { exitCode } = await gateway.exec(["sh", "-c", "kill -HUP $(cat run/nginx.pid)"]);
        expect(exitCode).toBe(0);
        await eventually("the checks go on", async () => {
            const seen = await Promise.all(nodes.map(seenBy));
            return seen.every(({ check_times }, index) => check_times.length >= (counts[index] ?? 0) + 5 * reload);
        });
    }
    for (const [index, node] of nodes.entries()) {
        const times = (await seenBy(node)).check_times.slice(counts[index]);
        const seconds = (times[times.length - 1] ?? NaN) - (times[0] ?? NaN);
        // After a reload another worker may begin sooner. Two probers would need half the time for as many checks.
        const intervals = times.length - 1 - reloads;
        expect(seconds, times.join()).toBeGreaterThan(intervals * SHORTEST_INTERVAL - 0.1);
    }
});

test("a dead node is left out, costs no request, and is back when it lives", async () => {
    const [node] = nodes;
    await node.goDown();
    const answers = await inParallel(40, 4, () => post(gateway.url("/api/analyze"), Buffer.from("image")));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await eventually("it is out by its checks", () =>
        gateway.log().includes(`node ${node.address} of upstream "${UPSTREAM}" is down`),
    );
    await awaitState(node, "down");
    const tries = `openclaw_upstream_tries_total{upstream="${UPSTREAM}",node="${node.address}"}`;
    const before = (await readMetrics(gateway)).get(tries);
    expect(await shareOf(node, 40)).toBe(0);
    expect((await readMetrics(gateway)).get(tries)).toBe(before);

    // New workers know at once what the old ones had found out.
    const { exitCode } = await gateway.exec(["sh", "-c", "kill -HUP $(cat run/nginx.pid)"]);
    expect(exitCode).toBe(0);
    for (let round = 0; round < 4; round += 1) expect(await shareOf(node, 20)).toBe(0);
    expect((await readMetrics(gateway)).get(tries)).toBe(before);

    await node.comeUp();
    await awaitState(node, "healthy");
    await eventually("it gets requests again", async () => (await shareOf(node, 20)) > 0);
    await eventually("nothing is in flight", async () => inFlightOf(await readMetrics(gateway)) === 0);
});
