import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { startObedientNode } from "./support/inference_nodes";
import { behave, order, seenBy } from "./support/obedient_node";
import { ask, inFlightOf, nodesInstead, readMetrics, startScenario } from "./support/scenario";
import { Streamed } from "./support/streamed";

let node: StartedNode;
let gateway: StartedGatewayContainer;

beforeAll(async () => {
    node = await startObedientNode();
    gateway = await startScenario("reverse-proxy", nodesInstead([node]));
});

afterAll(async () => {
    await Promise.all([gateway?.stop(), node?.stop()]);
});

async function expectNothingInFlight(): Promise<void> {
    await eventually("nothing is in flight", async () => inFlightOf(await readMetrics(gateway)) === 0);
}

async function outcome(name: string): Promise<number> {
    const samples = await readMetrics(gateway);
    return samples.get(`openclaw_node_answers_total{node="${node.address}",outcome="${name}"}`) ?? 0;
}

/** A stream whose first piece has come. */
async function openStream(query = "type=text/event-stream"): Promise<Streamed> {
    onTestFailed(() => console.error(`the gateway's log:\n${gateway.log()}`));
    const stream = await Streamed.open(gateway.url(`/stream?${query}`));
    await stream.until("piece 1\n");
    return stream;
}

test("the node is told who asks, and for which host", async () => {
    const answer = await Streamed.open(gateway.url("/headers"), {
        headers: { host: "inference.example", "x-real-ip": "192.0.2.1", "x-forwarded-for": "192.0.2.1" },
    });
    const headers = JSON.parse(await answer.rest()) as Record<string, string>;
    expect(headers.host).toBe("inference.example");
    expect(headers["x-real-ip"]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    // What a client says of itself is not handed on.
    expect(headers["x-real-ip"]).not.toBe("192.0.2.1");
    expect(headers["x-forwarded-for"]).toBe(headers["x-real-ip"]);
    expect(headers["x-forwarded-proto"]).toBe("http");
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.connection).toBeUndefined();
});

test("an answer may take five minutes", () => {
    const proxy = readFileSync(`${CHECKOUT}/nginx/proxy.conf`, "utf8");
    expect(proxy).toMatch(/^proxy_read_timeout\s+300s;$/m);
    expect(proxy).toMatch(/^proxy_send_timeout\s+300s;$/m);
});

describe("each piece of an answer comes before the node sends the next:", () => {
    test.for([
        ["server-sent events", "type=text/event-stream"],
        ["lines of JSON", "type=application/x-ndjson"],
        ["chunks", "type=text/plain"],
        ["an answer that tells its length", "type=text/plain&length=48"],
    ])("%s", async ([, query]) => {
        const stream = await openStream(query);
        expect(inFlightOf(await readMetrics(gateway))).toBe(1);
        for (let piece = 2; piece <= 6; piece += 1) {
            // The node has sent all that it was asked for, and nothing more comes until it is asked again.
            await order(node, "go on");
            expect(await stream.until(`piece ${piece}\n`)).not.toContain(`piece ${piece + 1}\n`);
        }
        await order(node, "end");
        expect(await stream.rest()).toBe([1, 2, 3, 4, 5, 6].map((piece) => `piece ${piece}\n`).join(""));
        await expectNothingInFlight();
    });
});

test("a long answer is not stored for a client that takes its time, and comes whole", async () => {
    const bytes = 64 * 1024 * 1024;
    const answer = await Streamed.open(gateway.url(`/big?bytes=${bytes}`));
    // What fits in no socket's buffer has to wait at the node.
    let before = NaN;
    await eventually("the node waits for the client", async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const { big_bytes: now } = await seenBy(node);
        const isWaiting = now === before;
        before = now;
        return isWaiting;
    });
    expect(before).toBeLessThan(bytes);
    expect(inFlightOf(await readMetrics(gateway))).toBe(1);
    expect((await answer.rest()).length).toBe(bytes);
    await expectNothingInFlight();
});

test("a node that is silent for a while is waited for", async () => {
    await behave(node, { delay: 2.5 });
    expect(await ask(gateway.url("/api/analyze"))).toMatchObject({ status: 200, node: node.address });
    await behave(node, {});
    await expectNothingInFlight();
});

describe("a client that leaves", () => {
    test("in the middle of a stream is gone for the node too, and not counted any longer", async () => {
        const { abandoned } = await seenBy(node);
        const streams = await Promise.all(Array.from({ length: 8 }, () => openStream()));
        expect(inFlightOf(await readMetrics(gateway))).toBe(8);
        for (const stream of streams) stream.leave();
        await eventually("the node sees them go", async () => (await seenBy(node)).abandoned === abandoned + 8);
        expect((await seenBy(node)).streams).toBe(0);
        await expectNothingInFlight();
    });

    test("before the answer has begun is not counted any longer", async () => {
        await behave(node, { delay: 30 });
        const neutral = await outcome("neutral");
        const { waiting } = await seenBy(node);
        const asked = Array.from({ length: 8 }, () => fetch(gateway.url(), { signal: AbortSignal.timeout(1000) }));
        const all = Promise.allSettled(asked);
        await eventually("they wait at the node", async () => (await seenBy(node)).waiting === waiting + 8);
        await all;
        await behave(node, {});
        await expectNothingInFlight();
        expect(await outcome("neutral")).toBe(neutral + 8);
    });
});

test("a stream that the node breaks off breaks off for the client, and is not counted any longer", async () => {
    const stream = await openStream();
    await order(node, "go on");
    await stream.until("piece 2\n");
    await order(node, "break off");
    await expect(stream.rest()).rejects.toThrow();
    await expectNothingInFlight();
    expect(await ask(gateway.url("/api/analyze"))).toMatchObject({ status: 200, node: node.address });
});
