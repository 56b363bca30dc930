import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { startObedientNode } from "./support/inference_nodes";
import type { Behaviour } from "./support/obedient_node";
import { behave } from "./support/obedient_node";
import type { Answer } from "./support/scenario";
import { ask, inFlightOf, newImage, nodesInstead, readMetrics, startScenario, stateOf } from "./support/scenario";

const UPSTREAM = "openclaw_cluster";

let cluster: [StartedNode, StartedNode];
let light: StartedNode;
let gateway: StartedGatewayContainer;

beforeAll(async () => {
    const started = await Promise.all([startObedientNode(), startObedientNode(), startObedientNode()]);
    [cluster, light] = [[started[0], started[1]], started[2]];
    gateway = await startScenario("disaster-recovery", { ...nodesInstead(started), "interval = 10": "interval = 0.3" });
});

afterAll(async () => {
    await Promise.all([gateway, light, ...(cluster ?? [])].map((container) => container?.stop()));
});

beforeEach(() => {
    onTestFailed(() => console.error(`the gateway's log:\n${gateway.log()}`));
});

/** Posts an image, a new one unless told otherwise. */
function analyze(image = newImage(), query = ""): Promise<Answer> {
    const init = { method: "POST", body: new Uint8Array(image) };
    return ask(gateway.url(`/api/analyze${query}`), init);
}

function isDegraded(answer: Answer): boolean {
    return answer.headers.get("x-openclaw-degraded") === "1";
}

function expectFull(answer: Answer, cache: string): void {
    expect(answer).toMatchObject({ status: 200, cache });
    expect(answer.headers.get("x-openclaw-degraded")).toBeNull();
    expect(cluster.map(({ address }) => address)).toContain(answer.json.node);
}

function expectLight(answer: Answer): void {
    expect(answer).toMatchObject({ status: 200, node: light.address, json: { node: light.address } });
    expect(isDegraded(answer)).toBe(true);
    expect(answer.cache).not.toBe("HIT");
}

async function behaveAll(behaviour: Partial<Behaviour>): Promise<void> {
    await Promise.all(cluster.map((node) => behave(node, behaviour)));
}

/** Posts new images until the full model answers again. */
async function awaitRecovery(): Promise<void> {
    await eventually("the full model is back", async () => !isDegraded(await analyze()));
    await eventually("nobody stands in any longer", async () => {
        await analyze();
        return (await readMetrics(gateway)).get(`openclaw_upstream_degraded{upstream="${UPSTREAM}"}`) === 0;
    });
    await eventually("five in a row have the full model", async () => {
        for (let index = 0; index < 5; index += 1) expectFull(await analyze(), "MISS");
        return true;
    });
    await eventually("nothing is in flight", async () => inFlightOf(await readMetrics(gateway)) === 0);
}

test("a node that fails is covered by the other, also after a POST has reached it", async () => {
    await behave(cluster[0], { status: 500 });
    for (let index = 0; index < 12; index += 1) {
        const answer = await analyze();
        expectFull(answer, "MISS");
        expect(answer.json.node).toBe(cluster[1].address);
    }
    await behaveAll({});
    await awaitRecovery();
});

test.for([
    ["is full", { status: 503, retryAfter: 1 }, { status: 503, retryAfter: 2 }],
    ["fails", { status: 500, health: 500 }, { status: 503 }],
] as const)(
    "while the cluster %s the light model answers, and nothing of that is cached",
    async ([, ...behaviours]) => {
        await awaitRecovery();
        const [known, unknown] = [newImage(), newImage()];
        const before = await analyze(known);
        expectFull(before, "MISS");
        await Promise.all(behaviours.map((behaviour, index) => behave(cluster[index] as StartedNode, behaviour)));
        for (let index = 0; index < 6; index += 1) {
            expectLight(await analyze());
            expectLight(await analyze(unknown));
            const cached = await analyze(known);
            expect(cached).toMatchObject({ cache: "HIT", text: before.text });
            expect(isDegraded(cached)).toBe(false);
        }
        // Degraded is an upstream by its share of recent requests, and those before were answered well.
        await eventually("the upstream is degraded", async () => {
            expectLight(await analyze());
            return (await readMetrics(gateway)).get(`openclaw_upstream_degraded{upstream="${UPSTREAM}"}`) === 1;
        });
        const samples = await readMetrics(gateway);
        expect(samples.get(`openclaw_upstream_fallbacks_total{upstream="${UPSTREAM}"}`)).toBeGreaterThanOrEqual(12);

        await behaveAll({});
        await awaitRecovery();
        const now = await analyze(unknown);
        expectFull(now, "MISS");
        expect(await analyze(unknown)).toMatchObject({ cache: "HIT", text: now.text });
    },
);

test("an answer of the full model that has become old is better than a new one of the light model", async () => {
    const image = newImage();
    await awaitRecovery();
    const old = await analyze(image, "?expires=1");
    expectFull(old, "MISS");
    await behaveAll({ status: 503, retryAfter: 1 });
    await eventually("the light model stands in", async () => isDegraded(await analyze()));
    await eventually("the answer is old", async () => (await analyze(image, "?expires=1")).cache === "STALE");
    for (let index = 0; index < 5; index += 1) {
        const answer = await analyze(image, "?expires=1");
        expect(["STALE", "UPDATING"]).toContain(answer.cache);
        expect(answer.text).toBe(old.text);
        expect(isDegraded(answer)).toBe(false);
    }
    await behaveAll({});
    await awaitRecovery();
});

test("the light model stands in for a cluster that is gone, until it is back", async () => {
    await Promise.all(cluster.map((node) => node.goDown()));
    for (let index = 0; index < 10; index += 1) expectLight(await analyze());
    await eventually("the checks have found it", async () => {
        const samples = await readMetrics(gateway);
        return cluster.every((node) => stateOf(samples, UPSTREAM, node) === "down");
    });
    for (let index = 0; index < 10; index += 1) expectLight(await analyze());

    await light.goDown();
    const nobody = await analyze();
    expect([502, 503]).toContain(nobody.status);
    expect(nobody.json).toMatchObject({ error: { status: nobody.status } });
    await light.comeUp();
    await eventually("the light model answers again", async () => isDegraded(await analyze()));

    await Promise.all(cluster.map((node) => node.comeUp()));
    await awaitRecovery();
});
