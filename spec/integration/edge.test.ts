/** An edge before a centre that comes and goes. */
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Centre } from "./support/centre";
import { EdgeGateway } from "./support/edge_gateway";
import { eventually } from "./support/eventually";
import { ask } from "./support/scenario";
import type { Answer } from "./support/scenario";

let centre: Centre;

beforeAll(async () => {
    centre = await Centre.start();
});

afterEach(async () => {
    centre.reply = ({ text }) => ({ body: text });
    if (!centre.isUp) await centre.comeUp();
});

afterAll(async () => {
    await centre?.[Symbol.asyncDispose]();
});

let asked = 0;

/** An address that nobody has asked for before. */
function newAddress(place = "plain"): string {
    asked += 1;
    return `/${place}/${asked}`;
}

function post(edge: EdgeGateway, address = newAddress(), body = "question", headers = {}): Promise<Answer> {
    return ask(edge.url(address), { method: "POST", body, headers });
}

/** Posts until the link is found to be down. */
async function awaitDown(edge: EdgeGateway): Promise<void> {
    await eventually("the link is down", async () => {
        await post(edge);
        return !(await edge.isUp());
    });
}

async function awaitUp(edge: EdgeGateway): Promise<void> {
    await eventually("the link is up", async () => {
        await post(edge);
        return edge.isUp();
    });
}

function changes(metrics: Map<string, number>, state: string): number | undefined {
    return metrics.get(`openclaw_edge_link_changes_total{route="work",state="${state}"}`);
}

describe("the link", () => {
    test("goes down after some attempts, and is up again after some answers", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        expect(await edge.isUp()).toBe(true);
        expect(await post(edge)).toMatchObject({ status: 200, text: "question" });
        await centre.goDown();
        for (let place = 0; place < 2; place += 1) expect((await post(edge)).status).toBe(202);
        expect(await edge.isUp()).toBe(true);
        expect((await post(edge)).status).toBe(202);
        await eventually("the link is down", async () => !(await edge.isUp()));

        await centre.comeUp();
        await awaitUp(edge);
        const metrics = await edge.metrics();
        expect([changes(metrics, "down"), changes(metrics, "up")]).toEqual([1, 1]);
        expect(await post(edge)).toMatchObject({ status: 200, text: "question" });
    });

    test("is tried now and then while it is down, and no more", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "rise = 1000," });
        await centre.goDown();
        await awaitDown(edge);
        await centre.comeUp();
        const before = centre.received.length;
        const began = Date.now();
        let posts = 0;
        await eventually("three got through", async () => {
            await post(edge, "/plain/trial");
            posts += 1;
            return centre.received.length - before >= 3;
        });
        const seconds = (Date.now() - began) / 1000;
        expect(centre.received.length - before).toBeLessThanOrEqual(1 + seconds / 0.2);
        expect(posts).toBeGreaterThan(3);
        expect(await edge.isUp()).toBe(false);
    });

    test("is not what fails when the centre says so itself", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "fall = 1," });
        for (const status of [500, 502, 503, 504]) {
            centre.reply = () => ({ status, body: `the centre's ${status}` });
            for (const place of ["plain", "api"]) {
                const answer = await post(edge, newAddress(place));
                expect(answer).toMatchObject({ status, text: `the centre's ${status}` });
            }
        }
        expect(await edge.isUp()).toBe(true);
        expect(changes(await edge.metrics(), "down")).toBe(0);
    });

    test("is down when connections hang or break", async () => {
        for (const reply of [{ delay: 1000 }, { breaksOff: true }]) {
            centre.reply = () => reply;
            await using edge = await EdgeGateway.start({
                nodes: [centre.address],
                ofEdge: "rise = 1000,",
                location: "proxy_read_timeout 100ms;",
            });
            expect((await post(edge)).status).toBe(202);
            await awaitDown(edge);
        }
    });

    test("is down at once when health checks find nobody there, and up when they find somebody", async () => {
        centre.reply = ({ url, text }) => (url === "/health" ? { status: 500 } : { body: text });
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "probe_seconds = 3600,",
            ofUpstream: 'health_check = { uri = "/health", interval = 0.1, fails = 1, passes = 1 },',
        });
        await eventually("the link is down", async () => !(await edge.isUp()));
        const before = centre.received.filter(({ method }) => method === "POST").length;
        expect((await post(edge)).status).toBe(202);
        expect(centre.received.filter(({ method }) => method === "POST").length).toBe(before);
        centre.reply = ({ text }) => ({ body: text });
        await eventually("the link is up", () => edge.isUp());
        expect((await post(edge)).status).toBe(200);
    });

    test("is down while there is no node to send anything to", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        const node = edge.url(`/openclaw/upstreams/centre/nodes/${centre.address}`);
        const headers = { "content-type": "application/json" };
        const drain = await ask(node, { method: "PUT", headers, body: '{"drain":true}' });
        expect(drain.status).toBe(200);
        await eventually("the link is down", async () => !(await edge.isUp()));
        for (let place = 0; place < 10; place += 1) expect((await post(edge)).status).toBe(202);
        await ask(`${node}/changes`, { method: "DELETE" });
        await eventually("the link is up", () => edge.isUp());
        expect((await post(edge)).status).toBe(200);
    });

    test("is not judged by clients that leave", async () => {
        centre.reply = () => ({ delay: 60_000 });
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "fall = 1," });
        for (let place = 0; place < 5; place += 1) {
            const before = centre.received.length;
            const socket = connect(edge.nginx.port, "127.0.0.1", () => {
                socket.write("POST /plain/left HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
            });
            await eventually("the centre has it", () => centre.received.length > before);
            socket.destroy();
        }
        await eventually("they are counted", async () => {
            return (await edge.metrics()).get('openclaw_requests_total{route="work",variant="",status="4xx"}') === 5;
        });
        expect(await edge.isUp()).toBe(true);
    });

    test("is the same for all workers, over a reload and the death of a worker", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "probe_seconds = 3600," });
        await centre.goDown();
        await awaitDown(edge);
        await centre.comeUp();
        const before = centre.received.length;
        await edge.nginx.reload();
        const [worker] = await edge.nginx.workerPids();
        edge.nginx.kill(worker as number, "SIGKILL");
        await eventually("another worker is there", async () => {
            const pids = await edge.nginx.workerPids();
            return pids.length === 2 && !pids.includes(worker as number);
        });
        for (let place = 0; place < 10; place += 1) expect((await post(edge)).status).toBe(202);
        expect(centre.received.length).toBe(before);
    });
});

describe("answers while the link is down", () => {
    test("come from the cache: fresh as ever, and stale where there is no fresh one", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "probe_seconds = 3600,",
            cache: "proxy_cache_methods POST; proxy_buffering on; proxy_cache_use_stale error timeout;",
        });
        centre.reply = ({ url }) => {
            return { body: `answer to ${url}`, headers: { "Cache-Control": `max-age=${url.endsWith("s") ? 1 : 60}` } };
        };
        const [short, long] = [`${newAddress("api")}-s`, `${newAddress("api")}-l`];
        await post(edge, short);
        await post(edge, long);
        await centre.goDown();

        // Before it is known to be down, and after.
        await eventually("the answer is stale", async () => (await post(edge, short)).cache === "STALE");
        await awaitDown(edge);
        for (let place = 0; place < 3; place += 1) {
            const stale = await post(edge, short);
            expect(stale).toMatchObject({ status: 200, cache: "STALE", text: `answer to ${short}` });
            expect(stale.headers.get("x-openclaw-stale")).toBe("1");
            const fresh = await post(edge, long);
            expect(fresh).toMatchObject({ status: 200, cache: "HIT", text: `answer to ${long}` });
            expect(fresh.headers.get("x-openclaw-stale")).toBeNull();
        }
        // The same address, but another question.
        expect((await post(edge, short, "other")).status).toBe(202);
    });

    test("say so, too, when nginx would fetch a new one in the background", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "probe_seconds = 3600," });
        const address = newAddress("api");
        await post(edge, address);
        await centre.goDown();
        await awaitDown(edge);
        await eventually("the answer is stale", async () => {
            return (await post(edge, address)).headers.get("x-openclaw-stale") === "1";
        });
        for (let place = 0; place < 5; place += 1) {
            expect(await post(edge, address)).toMatchObject({ status: 200, text: "question" });
        }
    });

    test("have the ids that all answers have", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        await centre.goDown();
        const answer = await post(edge, newAddress(), "question", { "x-request-id": "pond-7" });
        expect(answer.status).toBe(202);
        expect(answer.headers.get("x-request-id")).toBe("pond-7");
    });
});

describe("a route with the option edge", () => {
    test("answers errors as any other does", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], location: "client_max_body_size 10;" });
        expect(await post(edge, newAddress(), "more than ten letters")).toMatchObject({
            status: 413,
            json: { error: { code: "body_too_large" } },
        });
    });

    test("leaves other routes as they are", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        await centre.goDown();
        await awaitDown(edge);
        expect(await post(edge, "/other/1")).toMatchObject({ status: 502, json: { error: { code: "bad_gateway" } } });
        await centre.comeUp();
        expect((await post(edge, "/other/1")).status).toBe(200);
    });

    test("takes the mark of a delivery off requests, be it right or wrong", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        await post(edge, "/plain/marked", "question", { "x-openclaw-delivery": "0123456789abcdef" });
        const received = centre.received.at(-1);
        expect(received?.url).toBe("/plain/marked");
        expect(received?.headers).not.toHaveProperty("x-openclaw-delivery");
    });
});
