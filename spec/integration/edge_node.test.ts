/** The scenario edge-node: a farm's gateway, whose centre is gone for a while. */
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { startObedientNode } from "./support/inference_nodes";
import type { Answer } from "./support/scenario";
import { ask, newImage, nodesInstead, post, readMetrics, startScenario } from "./support/scenario";

let centre: StartedNode;
let edge: StartedGatewayContainer;

beforeAll(async () => {
    centre = await startObedientNode();
    edge = await startScenario("edge-node", { ...nodesInstead([centre]), "interval = 2": "interval = 0.3" });
});

afterAll(async () => {
    await Promise.all([edge, centre].map((container) => container?.stop()));
});

beforeEach(() => {
    onTestFailed(() => console.error(`the edge's log:\n${edge.log()}`));
});

/** Posts a photograph, whose answer is fresh for a second. */
function analyze(image: Buffer): Promise<Answer> {
    return post(edge.url("/api/analyze?expires=1"), image);
}

async function isUp(): Promise<boolean> {
    return (await readMetrics(edge)).get('openclaw_edge_link_up{route="analyze"}') === 1;
}

test("photographs are answered or kept while the centre is gone, and delivered when it is back", async () => {
    const known = newImage();
    const first = await analyze(known);
    expect(first).toMatchObject({ status: 200, cache: "MISS" });

    await centre.goDown();
    await eventually("the checks find it", async () => !(await isUp()));
    await eventually("the answer is old", async () => (await analyze(known)).headers.get("x-openclaw-stale") === "1");
    expect(await analyze(known)).toMatchObject({ status: 200, text: first.text });
    const kept = [];
    for (const image of [newImage(), newImage(3 * 1024 * 1024), newImage()]) {
        const answer = await analyze(image);
        expect(answer).toMatchObject({ status: 202, json: { status: "pending" } });
        kept.push(String(answer.json.location));
    }
    expect(await ask(edge.url(kept[0]))).toMatchObject({ status: 202 });
    const noImage = await post(edge.url("/api/analyze"), Buffer.from("no image"));
    expect(noImage).toMatchObject({ status: 415, json: { error: { code: "unsupported_media_type" } } });

    await centre.comeUp();
    for (const location of kept) {
        const answer = await eventually("it is answered", async () => {
            const shown = await ask(edge.url(location));
            return shown.status === 200 ? shown : undefined;
        });
        expect(answer.json).toHaveProperty("node");
        expect(answer.headers.get("x-openclaw-status")).toBe("200");
    }
    expect(await isUp()).toBe(true);
    expect(await analyze(newImage())).toMatchObject({ status: 200, cache: "MISS" });
});
