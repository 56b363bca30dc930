/** An edge before a centre that comes and goes. */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import type { RequestOptions } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Received } from "./support/centre";
import { Centre } from "./support/centre";
import { EdgeGateway } from "./support/edge_gateway";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import type { Answer } from "./support/scenario";
import { ask } from "./support/scenario";

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

/** Sends a request with just these headers: `fetch` has its own mind about Host. */
function askRaw(
    port: number,
    options: RequestOptions,
    body = "",
): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
        const sent = request({ host: "127.0.0.1", port, agent: false, ...options }, (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.on("error", reject).on("end", () => resolve({ status: answer.statusCode, text }));
        });
        sent.on("error", reject).end(body);
    });
}

interface Job {
    id: string;
    location: string;
    body: string;
}

/** Posts what nobody answers now. */
async function keep(edge: EdgeGateway, body: string, address = "/plain/job", headers = {}): Promise<Job> {
    const answer = await post(edge, address, body, headers);
    expect(answer).toMatchObject({ status: 202, json: { status: "pending" } });
    const { id, location } = answer.json as { id: string; location: string };
    expect(location).toBe(`/openclaw/jobs/${id}`);
    expect(answer.headers.get("location")).toBe(location);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    return { id, location, body };
}

async function keepSome(edge: EdgeGateway, count: number, address?: string): Promise<Job[]> {
    const jobs: Job[] = [];
    for (let place = 0; place < count; place += 1) jobs.push(await keep(edge, `job ${place}`, address));
    return jobs;
}

function show(edge: EdgeGateway, { location }: Job): Promise<Answer> {
    return ask(edge.url(location));
}

async function awaitAnswers(edge: EdgeGateway, jobs: Job[], timeoutMs = 30_000): Promise<void> {
    for (const job of jobs) {
        await eventually(`${job.body} is done`, async () => (await show(edge, job)).status === 200, timeoutMs);
    }
}

/** Waits until somebody has tried in vain to deliver a job. */
async function awaitDelivery(edge: EdgeGateway, outcome: string): Promise<void> {
    await eventually(`a delivery was ${outcome}`, async () => {
        const metrics = await edge.metrics();
        return (metrics.get(`openclaw_edge_deliveries_total{route="work",outcome="${outcome}"}`) ?? 0) > 0;
    });
}

/** What the centre has received of these jobs' deliveries, the first first. */
function deliveriesOf(jobs: Job[]): Received[] {
    const ids = new Set(jobs.map(({ id }) => id));
    return centre.received.filter(({ headers }) => ids.has(String(headers["idempotency-key"])));
}

/** Each job came, whole, and none twice unless somebody was killed. */
function expectDelivered(jobs: Job[]): void {
    const received = new Map(deliveriesOf(jobs).map(({ headers, text }) => [headers["idempotency-key"], text]));
    expect(received).toEqual(new Map(jobs.map(({ id, body }) => [id, body])));
}

describe("the link", () => {
    test("goes down after some attempts, and is up again after some answers", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        expect(await edge.isUp()).toBe(true);
        expect(await post(edge)).toMatchObject({ status: 200, text: "question" });
        await centre.goDown();
        // These are not kept, so there are no deliveries that would count as well.
        const get = (): Promise<Answer> => ask(edge.url("/plain/get"));
        for (let place = 0; place < 2; place += 1) expect((await get()).status).toBe(503);
        expect(await edge.isUp()).toBe(true);
        expect((await get()).status).toBe(503);
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

    test("is tried by deliveries rather than by clients, who would have to wait", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "probe_seconds = 0.3," });
        centre.reply = () => ({ breaksOff: true });
        await awaitDown(edge);
        const isDelivery = ({ headers }: Received): boolean => headers["idempotency-key"] !== undefined;
        const [before, known] = [centre.received.length, asked];
        await eventually("there were some deliveries", async () => {
            expect((await post(edge)).status).toBe(202);
            // After the third one clients would have a turn.
            return centre.received.slice(before).filter(isDelivery).length >= 2;
        });
        expect(asked - known).toBeGreaterThan(2);
        expect(centre.received.slice(before).filter((received) => !isDelivery(received))).toEqual([]);
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
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "probe_seconds = 0.1, max_tries = 1,",
        });
        const node = edge.url(`/openclaw/upstreams/centre/nodes/${centre.address}`);
        const headers = { "content-type": "application/json" };
        const drain = await ask(node, { method: "PUT", headers, body: '{"drain":true}' });
        expect(drain.status).toBe(200);
        await eventually("the link is down", async () => !(await edge.isUp()));
        const job = await keep(edge, "kept");
        for (let place = 0; place < 5; place += 1) expect((await post(edge)).status).toBe(202);
        await awaitDelivery(edge, "link_down");
        // Nobody was answered with an error.
        const metrics = await edge.metrics();
        expect(metrics.get('openclaw_requests_total{route="work",variant="",status="5xx"}')).toBe(0);
        await ask(`${node}/changes`, { method: "DELETE" });
        await eventually("the link is up", () => edge.isUp());
        await awaitAnswers(edge, [job]);
        expect((await show(edge, job)).text).toBe("kept");
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
            cache: `
                proxy_cache_key $openclaw_cache_key;
                proxy_cache_methods POST;
                proxy_buffering on;
                proxy_cache_use_stale error timeout;`,
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

    test("say so, too, when nginx fetches a new one in the background, which alone finds out that the link is back", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: "probe_seconds = 0.1," });
        let answers = 0;
        centre.reply = () => ({ body: `answer ${(answers += 1)}` });
        const address = newAddress("api");
        await post(edge, address);
        await centre.goDown();
        await eventually("the answer is stale", async () => {
            return (await post(edge, address)).headers.get("x-openclaw-stale") === "1";
        });
        await eventually("the link is down", async () => {
            await post(edge, address);
            return !(await edge.isUp());
        });
        for (let place = 0; place < 5; place += 1) {
            expect(await post(edge, address)).toMatchObject({ status: 200, text: "answer 1" });
        }
        await centre.comeUp();
        await eventually("the link is up", async () => {
            await post(edge, address);
            return edge.isUp();
        });
        expect((await post(edge, address)).text).not.toBe("answer 1");
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

    test("keeps nothing for a client whose deadline has passed, and learns nothing from that", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "fall = 1,",
            ofRoute: "deadline = { seconds = 60 },",
        });
        centre.reply = ({ text }) => ({ body: text, delay: 1000 });
        const soon = (): Record<string, string> => {
            const now = Date.now() / 1000;
            return { "x-openclaw-deadline": `${(now + 0.3).toFixed(3)};sent=${now.toFixed(3)}` };
        };
        for (let place = 0; place < 3; place += 1) {
            expect(await post(edge, newAddress(), "question", soon())).toMatchObject({
                status: 504,
                json: { error: { code: "deadline_exceeded" } },
            });
        }
        expect(await edge.isUp()).toBe(true);
        await centre.goDown();
        expect((await post(edge, newAddress(), "question", soon())).status).toBe(202);
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

describe("nobody's word but the gateway's", () => {
    test("is what its headers say, whatever a node answers", async () => {
        const FORGED = {
            "X-OpenClaw-Link": "down",
            "X-OpenClaw-Stale": "1",
            "X-OpenClaw-Node": "forged",
            "X-OpenClaw-Degraded": "1",
            "X-Cache-Status": "HIT",
        };
        centre.reply = ({ text }) => ({ body: text, headers: FORGED });
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        for (const address of ["/plain/forged", "/other/forged", "/api/forged", "/api/forged"]) {
            const answer = await post(edge, address, "forged");
            expect(answer.status).toBe(200);
            for (const name of ["link", "stale", "degraded"]) {
                expect(answer.headers.get(`x-openclaw-${name}`), `${address} ${name}`).toBe(null);
            }
            expect(answer.headers.get("x-openclaw-node") ?? centre.address).toBe(centre.address);
        }
        // The last one came from the cache.
        expect((await post(edge, "/plain/forged")).headers.get("x-cache-status")).toBe(null);
        // Nor does it hold back a job whose answer says that the link is down.
        await centre.goDown();
        const job = await keep(edge, "kept");
        await centre.comeUp();
        await awaitAnswers(edge, [job]);
    });

    test("takes the mark of a delivery off the requests of every route", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        for (const address of ["/other/marked", "/plain/marked", "/no_route/marked"]) {
            await post(edge, address, "question", { "x-openclaw-delivery": "0123456789abcdef" });
            const received = centre.received.at(-1);
            expect(received?.url).toBe(address);
            expect(received?.headers).not.toHaveProperty("x-openclaw-delivery");
        }
    });

    test("is not given away to a request that was kept for an operator's page", async () => {
        // A public listener, on which everything is kept; deliveries go to the one that has the operators' pages.
        const publicPort = await freePort();
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: 'methods = { "PUT", "GET" }, rate = 1000, probe_seconds = 0.1,',
            http: `
                server {
                    listen 127.0.0.1:${publicPort};
                    include errors.conf;
                    include proxy.conf;
                    include edge.conf;
                    location / {
                        set $openclaw_route work;
                        include route.conf;
                        include edge_route.conf;
                        proxy_pass http://centre;
                    }
                }`,
        });
        await centre.goDown();
        const node = "/openclaw/upstreams/centre/nodes/192.0.2.1:8000";
        const asked = [
            { method: "PUT", address: node, body: "{}", headers: { "content-type": "application/json" } },
            { method: "GET", address: "/openclaw/status" },
            { method: "GET", address: "/openclaw/" },
            { method: "GET", address: "/metrics/openclaw" },
        ];
        const jobs: Job[] = [];
        for (const { method, address, body, headers } of asked) {
            const answer = await askRaw(
                publicPort,
                { method, path: address, headers: { host: "localhost", ...headers } },
                body,
            );
            expect(answer).toMatchObject({ status: 202 });
            jobs.push({ ...(JSON.parse(answer.text) as Job), body: address });
        }
        await centre.comeUp();
        // Each has been to its page, and is refused there, however the job goes on from that.
        await eventually("all were delivered", async () => {
            const metrics = await edge.metrics();
            const sum = [...metrics].filter(([name]) => name.startsWith('openclaw_edge_deliveries_total{route="work"'));
            return sum.reduce((total, [, count]) => total + count, 0) >= jobs.length;
        });
        const nodes = await ask(edge.url("/openclaw/upstreams/centre"));
        expect(nodes.text).not.toContain("192.0.2.1");
        for (const job of jobs) {
            const { text } = await show(edge, job);
            expect(text, job.body).toMatch(/"forbidden"|"pending"/);
        }
    });
});

describe("a configuration that keeps nothing", () => {
    test.for([
        { what: "a location without edge_route.conf", place: "/forgotten/", status: 502 },
        { what: "a server without edge.conf", place: "/nowhere/", status: 500 },
    ])("is told of: $what", async ({ place, status }) => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            server: `
                location /forgotten/ { set $openclaw_route work; include route.conf; proxy_pass http://centre; }
                location /nowhere/ {
                    set $openclaw_route work;
                    include route.conf;
                    error_page 502 504 @elsewhere;
                    proxy_pass http://centre;
                }`,
        });
        const told = async (): Promise<number> =>
            (await edge.metrics()).get('openclaw_faults_total{plugin="edge",kind="no_error_page"}') ?? 0;
        centre.reply = () => ({ status: status === 500 ? 500 : 503, body: "of the node's own" });
        await post(edge, newAddress(place.slice(1, -1)));
        expect(await told()).toBe(0);
        await centre.goDown();
        expect(await post(edge)).toMatchObject({ status: 202 });
        expect(await told()).toBe(0);
        expect(await post(edge, newAddress(place.slice(1, -1)))).toMatchObject({ status });
        await eventually("it is counted", async () => (await told()) === 1);
        expect(await edge.nginx.errorLog()).toMatch(
            /include nginx\/edge_route\.conf in the location of the route work,/,
        );
    });
});

const QUICK = "rate = 1000, rise = 1, probe_seconds = 0.1,";

describe("jobs", () => {
    test("are delivered once and in their order when the link is back", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} concurrency = 1,` });
        centre.reply = ({ text }) => ({
            status: 201,
            body: `answer to ${text}`,
            headers: { "Content-Type": "text/x" },
        });
        await centre.goDown();
        const jobs = await keepSome(edge, 12);
        const [first] = jobs as [Job];
        expect(await show(edge, first)).toMatchObject({ status: 202, json: { id: first.id, status: "pending" } });
        const status = await ask(edge.url("/openclaw/status"));
        expect(status.json.edges).toMatchObject({ work: { link: "down", pending: 12, results: { accepted: 12 } } });
        await awaitDelivery(edge, "link_down");

        await centre.comeUp();
        await awaitAnswers(edge, jobs);
        expect(deliveriesOf(jobs).map(({ text }) => text)).toEqual(jobs.map(({ body }) => body));
        const answer = await show(edge, first);
        expect(answer).toMatchObject({ status: 200, text: "answer to job 0" });
        expect(answer.headers.get("x-openclaw-status")).toBe("201");
        expect(answer.headers.get("content-type")).toBe("text/x");
        expect((await edge.metrics()).get('openclaw_edge_jobs_total{route="work",result="delivered"}')).toBe(12);
        expect(await edge.isUp()).toBe(true);
    });

    test("are delivered as the request was, and without the secret of deliveries", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: QUICK });
        await centre.goDown();
        const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const job = await keep(edge, "question", "/plain/as?it=was%20asked", {
            host: "pond.example",
            "content-type": "image/x-pond",
            "x-request-id": "pond-8",
            traceparent: trace,
            authorization: "Bearer secret",
        });
        await centre.comeUp();
        await awaitAnswers(edge, [job]);
        const [received] = deliveriesOf([job]);
        expect(received).toMatchObject({ method: "POST", url: "/plain/as?it=was%20asked", text: "question" });
        expect(received?.headers).toMatchObject({ "content-type": "image/x-pond", "x-request-id": "pond-8" });
        expect(received?.headers.traceparent).toContain("0af7651916cd43dd8448eb211c80319c");
        expect(received?.headers).not.toHaveProperty("authorization");
        expect(received?.headers).not.toHaveProperty("x-openclaw-delivery");
    });

    test("have their bodies byte for byte, also those that nginx keeps in files", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} max_body_bytes = 20 * 1024 * 1024,`,
        });
        await centre.goDown();
        const bodies = [0, 1, 16_384, 65_536, 1_000_000, 12_000_000].map((bytes) => randomBytes(bytes));
        const locations: string[] = [];
        for (const body of bodies) {
            const init = { method: "POST", body: new Uint8Array(body) };
            const answer = await ask(edge.url("/plain/big"), init);
            expect(answer.status).toBe(202);
            locations.push(String(answer.json.id));
        }
        await centre.comeUp();
        for (const [place, body] of bodies.entries()) {
            const received = await eventually("it came", () => {
                return centre.received.find(({ headers }) => headers["idempotency-key"] === locations[place]);
            });
            expect(received).toMatchObject({
                bytes: body.length,
                sha256: createHash("sha256").update(body).digest("hex"),
            });
        }
    });

    test("are answered from the cache where it has a fresh answer by then", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: QUICK,
        });
        centre.reply = ({ text }) => ({ body: text, headers: { "Cache-Control": "max-age=60" } });
        await centre.goDown();
        const jobs = [await keep(edge, "same", "/api/same"), await keep(edge, "same", "/api/same")];
        await centre.comeUp();
        await awaitAnswers(edge, jobs);
        expect(centre.received.filter(({ url }) => url === "/api/same")).toHaveLength(1);
    });

    test("do not take a stale answer from the cache", async () => {
        const digest = createHash("md5").update("again").digest("hex");
        const port = await freePort();
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "fall = 1, rise = 1, probe_seconds = 0.1,",
            // Lays an answer into the cache that is too old from the beginning, so that no delivery finds it fresh.
            http: `server { listen 127.0.0.1:${port}; location / { add_header X-Accel-Expires @1; return 200 old; } }`,
            cache: `
                proxy_cache_key $uri$request_body_md5;
                proxy_cache_methods POST;
                proxy_buffering on;
                proxy_cache_use_stale error timeout updating http_502 http_503 http_504;`,
            server: `
                location = /fill {
                    set $openclaw_route other;
                    include route.conf;
                    proxy_buffering on;
                    proxy_cache edge;
                    proxy_cache_methods POST;
                    proxy_cache_key "/api/again${digest}";
                    proxy_pass http://127.0.0.1:${port};
                }`,
        });
        await centre.goDown();
        const job = await keep(edge, "again", "/api/again");
        // nginx may store an answer after its client has it.
        await eventually("the cache has it", async () => {
            const filled = await post(edge, "/fill", "again");
            expect(filled.text).toBe("old");
            return filled.headers.get("x-cache-status") === "EXPIRED";
        });
        const stale = await post(edge, "/api/again", "again");
        expect(stale).toMatchObject({ status: 200, text: "old" });
        expect(stale.headers.get("x-openclaw-stale")).toBe("1");
        await awaitDelivery(edge, "stale");
        expect((await show(edge, job)).status).toBe(202);
        centre.reply = () => ({ body: "new" });
        await centre.comeUp();
        await awaitAnswers(edge, [job]);
        expect((await show(edge, job)).text).toBe("new");
    });

    test("wait while the gateway itself refuses them, and say why", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} max_tries = 1, attempts = 1,`,
            location: "include limits.conf;",
            server: "include elsewhere.conf;",
            files: { "limits.conf": "", "elsewhere.conf": "" },
        });
        await centre.goDown();
        const large = await keep(edge, "x".repeat(1000));
        const small = await keep(edge, "small");
        const elsewhere = await keep(edge, "elsewhere", "/api/elsewhere");
        // Somebody allows less now, and another location has one of the addresses.
        await edge.nginx.write("limits.conf", "client_max_body_size 100;");
        await edge.nginx.write("elsewhere.conf", "location = /api/elsewhere { return 200 wrong; }");
        await edge.nginx.reload();
        await centre.comeUp();
        await awaitAnswers(edge, [small]);
        await eventually("both are refused", async () => {
            const metrics = await edge.metrics();
            return (metrics.get('openclaw_edge_deliveries_total{route="work",outcome="refused"}') ?? 0) >= 3;
        });
        for (const job of [large, elsewhere]) expect((await show(edge, job)).status).toBe(202);
        const line =
            /edge: refused: job [0-9a-f-]+ waits: this gateway itself responds with status (413 \(body_too_large\)|200)/;
        expect(await edge.nginx.errorLog()).toMatch(line);

        await edge.nginx.write("limits.conf", "");
        await edge.nginx.write("elsewhere.conf", "");
        await edge.nginx.reload();
        await awaitAnswers(edge, [large, elsewhere]);
        expectDelivered([large, small, elsewhere]);
    });

    test("have a host, though the client named none", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: QUICK });
        await centre.goDown();
        const socket = connect(edge.nginx.port, "127.0.0.1", () => {
            socket.write("POST /plain/old HTTP/1.0\r\nContent-Length: 3\r\n\r\nold");
        });
        let answer = "";
        socket.on("data", (chunk) => (answer += String(chunk)));
        await new Promise((resolve) => socket.once("close", resolve));
        const [, id = ""] = /"id":"([0-9a-f-]+)"/.exec(answer) ?? [];
        const job = { id, location: `/openclaw/jobs/${id}`, body: "old" };
        await centre.comeUp();
        await awaitAnswers(edge, [job]);
        expectDelivered([job]);
    });

    test("that the centre cannot bear end, and take no answers from others", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "rate = 1000, probe_seconds = 0.1, attempts = 3,",
        });
        centre.reply = ({ text }) => (text.startsWith("poison") ? { breaksOff: true } : { body: text });
        const poison: Job[] = [];
        for (let place = 0; place < 30; place += 1) poison.push(await keep(edge, `poison ${place}`));
        await awaitUp(edge);
        // From here on the link is good, whatever becomes of these.
        let answered = 0;
        let ended = 0;
        while (ended < poison.length) {
            expect(await post(edge)).toMatchObject({ status: 200, text: "question" });
            answered += 1;
            const metrics = await edge.metrics();
            ended = metrics.get('openclaw_edge_jobs_total{route="work",result="failed"}') ?? 0;
        }
        expect(answered).toBeGreaterThan(0);
        for (const job of poison) {
            expect(await show(edge, job)).toMatchObject({ status: 502, json: { error: { code: "job_failed" } } });
        }
        expect(changes(await edge.metrics(), "down")).toBe(1);
        // The worker that delivers shows ten times a second how many there are.
        await eventually(
            "all are shown as failed",
            async () => (await edge.metrics()).get('openclaw_edge_jobs{route="work",state="failed"}') === 30,
        );
        const status = await ask(edge.url("/openclaw/status"));
        expect(status.json.edges).toMatchObject({ work: { link: "up", pending: 0, failed: 30 } });
    }, 120_000);

    test("are delivered once while the binary is replaced", async () => {
        // The one worker that delivers is busy with that when the other one's turn comes to take the delivery.
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} concurrency = 1,`,
            workers: 1,
        });
        await edge.nginx.becomeDaemon();
        await centre.goDown();
        const jobs = await keepSome(edge, 20);
        const endOld = await edge.nginx.upgrade();
        // Both masters' workers take requests, and so deliveries.
        jobs.push(...(await keepSome(edge, 10)));
        await eventually("deliveries meet the new ones", async () => {
            const metrics = await edge.metrics();
            return (metrics.get('openclaw_edge_deliveries_total{route="work",outcome="link_down"}') ?? 0) >= 8;
        });
        await centre.comeUp();
        await eventually("some are delivered", () => deliveriesOf(jobs).length >= 5);
        await endOld();
        await awaitAnswers(edge, jobs);
        for (const job of jobs) expect((await show(edge, job)).text).toBe(job.body);
        const ids = deliveriesOf(jobs).map(({ headers }) => headers["idempotency-key"]);
        expect([...new Set(ids)].sort()).toEqual(jobs.map(({ id }) => id).sort());
        expect(ids.length).toBe(jobs.length);
        expect(readdirSync(path.join(edge.folder, "jobs/pending"))).toEqual([]);
        expect(readdirSync(path.join(edge.folder, "jobs/done")).length).toBe(jobs.length);
    });

    test("are kept over a crash of everything, also in the middle of deliveries", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} concurrency = 2,` });
        await centre.goDown();
        const jobs = await keepSome(edge, 20);
        await edge.nginx.crash();
        await edge.nginx.startAgain();
        expect((await show(edge, jobs[0] as Job)).status).toBe(202);
        centre.reply = ({ text }) => ({ body: text, delay: 20 });
        await centre.comeUp();
        await eventually("some came", () => deliveriesOf(jobs).length >= 4);
        await edge.nginx.crash();
        await edge.nginx.startAgain();
        await awaitAnswers(edge, jobs);
        expectDelivered(jobs);
        // Those that were on their way came twice at most.
        expect(deliveriesOf(jobs).length).toBeLessThanOrEqual(jobs.length + 2);
    });

    test("are kept over the death of workers and over reloads", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} concurrency = 2,` });
        await centre.goDown();
        const jobs = await keepSome(edge, 60);
        centre.reply = ({ text }) => ({ body: text, delay: 20 });
        await centre.comeUp();
        let ended = 0;
        for (const step of [10, 20, 30, 40]) {
            await eventually(`${step} came`, () => deliveriesOf(jobs).length >= step);
            if (step % 20 === 0) {
                await edge.nginx.reload();
            } else {
                for (const pid of await edge.nginx.workerPids()) edge.nginx.kill(pid, "SIGKILL");
            }
            ended += 1;
        }
        await awaitAnswers(edge, jobs);
        expectDelivered(jobs);
        // Those that are killed may have what the ones before a reload had begun.
        expect(deliveriesOf(jobs).length).toBeLessThanOrEqual(jobs.length + 2 * ended);
        await eventually(
            "none is pending",
            async () => (await edge.metrics()).get('openclaw_edge_jobs{route="work",state="pending"}') === 0,
        );
    });

    test("that are acknowledged under load are delivered, whoever is killed meanwhile", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} concurrency = 8,` });
        await centre.goDown();
        const kept: Job[] = [];
        let stop = false;
        async function load(name: number): Promise<void> {
            for (let place = 0; !stop; place += 1) {
                // A worker that is killed breaks connections off.
                await keep(edge, `load ${name} ${place}`).then(
                    (job) => kept.push(job),
                    () => undefined,
                );
            }
        }
        const loads = [1, 2, 3, 4].map(load);
        for (const count of [40, 80, 120]) {
            await eventually(`${count} are kept`, () => kept.length >= count);
            const [pid] = await edge.nginx.workerPids();
            edge.nginx.kill(pid as number, "SIGKILL");
        }
        await eventually("160 are kept", () => kept.length >= 160);
        await edge.nginx.crash();
        stop = true;
        await Promise.all(loads);
        await edge.nginx.startAgain();
        await centre.comeUp();
        await awaitAnswers(edge, kept);
        expectDelivered(kept);
    });

    test("are not held up by one that nobody can bear", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} concurrency = 1,` });
        centre.reply = ({ text }) => (text === "poison" ? { breaksOff: true } : { body: text });
        await centre.goDown();
        const poison = await keep(edge, "poison");
        const jobs = await keepSome(edge, 5);
        await centre.comeUp();
        await awaitAnswers(edge, jobs);
        expect((await show(edge, poison)).status).toBe(202);
        centre.reply = ({ text }) => ({ body: text });
        await awaitAnswers(edge, [poison]);
    });

    test("end with what the centre says after some tries", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} max_tries = 2,`,
        });
        await centre.goDown();
        const job = await keep(edge, "unwell");
        centre.reply = ({ text }) => ({ status: 500, body: `cannot ${text}` });
        await centre.comeUp();
        await awaitAnswers(edge, [job]);
        const answer = await show(edge, job);
        expect(answer.text).toBe("cannot unwell");
        expect(answer.headers.get("x-openclaw-status")).toBe("500");
        expect(deliveriesOf([job])).toHaveLength(2);
    });

    test("are refused where there is no room, and what is no job is refused, too", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: "client_share = 1, max_jobs = 2, max_body_bytes = 1000,",
        });
        await centre.goDown();
        await keepSome(edge, 2);
        const full = await post(edge);
        expect(full).toMatchObject({ status: 503, json: { error: { code: "store_full" } } });
        expect(Number(full.headers.get("retry-after"))).toBeGreaterThan(0);
        const large = await post(edge, newAddress(), "x".repeat(1001));
        expect(large).toMatchObject({ status: 503, json: { error: { code: "link_down" } } });
        const get = await ask(edge.url("/plain/get"));
        expect(get).toMatchObject({ status: 503, json: { error: { code: "link_down" } } });
    });

    test("expire", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} max_age_seconds = 1, keep_seconds = 1,`,
        });
        await centre.goDown();
        const job = await keep(edge, "old");
        await eventually("it is gone", async () => (await show(edge, job)).status === 410);
        await centre.comeUp();
        await awaitUp(edge);
        expect(deliveriesOf([job])).toEqual([]);
        const metrics = await edge.metrics();
        expect(metrics.get('openclaw_edge_jobs_total{route="work",result="expired"}')).toBe(1);
        expect(metrics.get('openclaw_edge_jobs{route="work",state="pending"}')).toBe(0);
    });

    test("have answers that expire, too", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofEdge: `${QUICK} keep_seconds = 1,` });
        await centre.goDown();
        const job = await keep(edge, "new");
        await centre.comeUp();
        await eventually("its answer is gone", async () => (await show(edge, job)).status === 410);
        expect(deliveriesOf([job])).toHaveLength(1);
        expect((await show(edge, job)).json).toMatchObject({ error: { code: "job_expired" } });
    });

    test("are nobody's business but of those who know their ids", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address] });
        for (const path of ["", "x", "...", "%2e%2e%20", "0".repeat(45), `${"0".repeat(12)}-${"0".repeat(32)}/`]) {
            const answer = await ask(edge.url(`/openclaw/jobs/${path}`));
            expect(answer).toMatchObject({ status: 404, json: { error: { code: "unknown_job" } } });
        }
        const deletion = await ask(edge.url("/openclaw/jobs/x"), { method: "DELETE" });
        expect(deletion.status).toBe(405);
    });

    test("can have their answers sent to where it is allowed", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            ofEdge: `${QUICK} callback_hosts = { "${centre.address}" }, callback_plain = true,`,
        });
        await centre.goDown();
        const url = `http://${centre.address}/called`;
        const job = await keep(edge, "call me", newAddress(), { "x-openclaw-callback": url });
        const wrong = await post(edge, newAddress(), "x", { "x-openclaw-callback": "http://127.0.0.1:1/called" });
        expect(wrong).toMatchObject({ status: 400, json: { error: { code: "bad_callback" } } });
        await centre.comeUp();
        const called = await eventually("it is called", () => centre.received.find(({ url }) => url === "/called"));
        expect(called.text).toBe("call me");
        expect(called.headers["x-openclaw-job"]).toBe(job.id);
    });
});

describe("the caller of a stored request", () => {
    const key = "oc_a-key-of-the-pond";
    const auth = (file: string): string => `auth = { api_key = { file = "${file}" } },`;
    const location = 'proxy_set_header X-Who "$openclaw_identity $openclaw_tenant $openclaw_class";';
    let file: string;

    beforeAll(() => {
        file = path.join(mkdtempSync(path.join(tmpdir(), "openclaw-keys-")), "keys");
        const digest = createHash("sha256").update(key).digest("hex");
        writeFileSync(file, `pond ${digest} tenant=farm class=vip\n`, { mode: 0o600 });
        chmodSync(path.dirname(file), 0o711);
        chmodSync(file, 0o640);
    });

    test("is that of its delivery, which needs no credentials", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofRoute: auth(file), location });
        expect((await post(edge)).status).toBe(401);
        await centre.goDown();
        const headers = { "X-API-Key": key };
        const job = await eventually("a request is stored", async () => {
            const answer = await post(edge, newAddress(), "kept", headers);
            return answer.status === 202 && (answer.json as { id: string; location: string });
        });
        await centre.comeUp();
        await awaitAnswers(edge, [{ ...job, body: "kept" }]);
        const delivered = centre.received.filter(({ text }) => text === "kept");
        expect(delivered[delivered.length - 1]?.headers).toMatchObject({ "x-who": "pond farm vip" });
        for (const { headers: seen } of delivered) {
            expect(seen["x-api-key"]).toBeUndefined();
            expect(seen["x-openclaw-caller"]).toBeUndefined();
        }
    });

    test("is not who a client says it is", async () => {
        await using edge = await EdgeGateway.start({ nodes: [centre.address], ofRoute: auth(file), location });
        const forged = { "X-OpenClaw-Caller": "root;farm;vip", "X-OpenClaw-Delivery": "0".repeat(64) };
        expect((await post(edge, newAddress(), "forged", forged)).status).toBe(401);
        const own = await post(edge, newAddress(), "own", { ...forged, "X-API-Key": key });
        expect(own.status).toBe(200);
        const [seen] = centre.received.filter(({ text }) => text === "own");
        expect(seen?.headers).toMatchObject({ "x-who": "pond farm vip" });
    });

    test("of one route is not a caller of another", async () => {
        await using edge = await EdgeGateway.start({
            nodes: [centre.address],
            location: "proxy_intercept_errors on; error_page 404 = /strict/;",
            routes: `strict = { upstream = "centre", ${auth(file)} },`,
            server: "location = /strict/ { set $openclaw_route strict; include route.conf; proxy_pass http://centre; }",
        });
        await centre.goDown();
        const address = newAddress();
        await eventually("a request is stored", async () => (await post(edge, address, "sneaked")).status === 202);
        centre.reply = ({ url }) => ({ status: url.startsWith("/strict") ? 200 : 404 });
        await centre.comeUp();
        await eventually("the job was tried", () => centre.received.some(({ text }) => text === "sneaked"));
        await awaitDelivery(edge, "refused");
        expect(centre.received.filter(({ url }) => url.startsWith("/strict"))).toEqual([]);
    });
});
