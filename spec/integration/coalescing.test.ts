/** Requests that ask the same ask a node once, over all workers, whatever happens to the one that asks. */
import http from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Answer } from "./support/asking_client";
import { areUnderWay, AskingClient, question, sendAway, textsOf } from "./support/asking_client";
import { eventually } from "./support/eventually";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { type Question, QuestionedNode } from "./support/questioned_node";

const WORKERS = 4;
const MANY = 200;
const SOME = 20;

const node = new QuestionedNode();
const { open } = node;
let gateway: NativeNginx;

/** The last event of a stream. */
const DONE = "data: [DONE]\n\n";

/** Whatever a route says: two tenants share nothing. */
const TENANT_OPTIONS = [
    'key = "multipart"',
    'key = "json"',
    'key = "json", ignore = { "user" }',
    "coalesce = false",
    "coalesce_seconds = 0.1",
    'ttl = "1h"',
    'negative = { [404] = "1h" }',
    'errors = { "error" }',
    "request_control = true",
    'credentials = "key"',
    'key_variables = { "http_x_language" }',
    "stream_buffer_bytes = 1024",
];

async function startGateway(): Promise<NativeNginx> {
    const routes: Record<string, string> = {
        work: "cache = { shared = true }",
        alone: "cache = { shared = true, coalesce = false }",
        impatient: "cache = { shared = true, coalesce_seconds = 0.2 }",
        short: "cache = { shared = true, stream_buffer_bytes = 20000 }",
        tenants: 'cache = { by = { "tenant" } }',
        errors: 'cache = { shared = true, errors = { "error" } }',
        negative: 'cache = { shared = true, negative = { [404] = "1h" } }',
        controlled: 'cache = { shared = true, request_control = true, ttl = "1h" }',
        wishful: "cache = { shared = true, request_control = true }",
        brief: "cache = { shared = true, request_control = true, ttl = 3 }",
        timed: "cache = { shared = true }, deadline = { seconds = 60 }",
    };
    TENANT_OPTIONS.forEach((options, at) => {
        routes[`tenant${at}`] = `cache = { by = { "tenant" }, ${options} }`;
    });
    return NativeNginx.start({
        workers: WORKERS,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                local teller = { name = "teller", meaning = "says who asks", order = { access = 250 }, schema = {}, create = function()
                    return { access = function()
                        ngx.var.openclaw_tenant = ngx.var.http_x_tenant or ""
                        ngx.req.set_header("X-Worker", ngx.worker.pid())
                    end }
                end }
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(teller) },
                    upstreams = { cluster = { panic_share = 1, nodes = { "${node.address}" } } },
                    routes = { ${Object.entries(routes)
                        .map(([name, options]) => `${name} = { upstream = "cluster", teller = {}, ${options} }`)
                        .join(", ")} },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            location = /connections { stub_status; }
            location = /metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }
            client_max_body_size 10m;
            location ~ ^/(?<first>[a-z0-9]+) {
                set $openclaw_route $first;
                include route.conf;
                include cache.conf;
                add_header X-Cache-Key $openclaw_cache_key always;
                proxy_cache answers;
                proxy_pass http://cluster;
            }`,
    });
}

beforeAll(async () => {
    await node.start();
    gateway = await startGateway();
});

afterEach(() => {
    sendAway();
    node.forget();
});

afterAll(async () => {
    await gateway.stop();
    node.stop();
});

function ask(target: string, body: string, headers: Record<string, string> = {}, nginx = gateway): AskingClient {
    return new AskingClient(nginx, target, body, headers);
}

function many(target: string, body: string, times = MANY, nginx = gateway): AskingClient[] {
    return Array.from({ length: times }, () => ask(target, body, {}, nginx));
}

test("two hundred requests ask the node once, and all have the answer soon after its end", async () => {
    const body = question();
    const clients = many("/work", body);
    await node.isAsked(1);
    await areUnderWay(MANY, gateway);
    expect(node.asked).toBe(1);
    const [{ response }] = open as [Question];
    response.end("answer");
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(["200 answer"]));
    const words = answers.map(({ cache }) => cache);
    expect(words.filter((word) => word === "MISS").length).toBe(1);
    expect(words.filter((word) => word === "HIT").length).toBe(MANY - 1);
    expect(node.asked).toBe(1);
});

test("the leader's client may leave", async () => {
    const body = question();
    const leader = ask("/work", body);
    await node.isAsked(1);
    const others = many("/work", body, SOME);
    await areUnderWay(SOME + 1, gateway);
    leader.leave();
    expect(await leader.answer).toMatchObject({ isCut: true });
    (await node.next()).response.end("answer");
    expect(await textsOf(others)).toEqual(["200 answer"]);
    expect(node.asked).toBe(1);
});

test("when the leader's node fails, one of the others asks again", async () => {
    const body = question();
    const clients = many("/work", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    (await node.next()).response.destroy();
    await node.isAsked(2);
    (await node.next()).response.writeHead(503).end();
    await node.isAsked(3);
    (await node.next()).response.end("answer");
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    const statuses = answers.map(({ status }) => status).sort((one, other) => one - other);
    expect(statuses).toEqual([...Array<number>(SOME - 2).fill(200), 502, 503]);
    expect(node.asked).toBe(3);
});

test("when the leader's worker is killed, one of the others asks again", async () => {
    // nginx counts the connections of the dead for ever.
    await using nginx = await startGateway();
    const body = question();
    const clients = many("/work", body, MANY, nginx);
    await areUnderWay(MANY, nginx);
    const first = await node.next();
    process.kill(first.worker, "SIGKILL");
    const second = await node.next();
    expect(second.worker).not.toBe(first.worker);
    second.response.end("answer");
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    const whole = answers.filter(({ isCut }) => !isCut);
    // Those of the worker are gone with it.
    expect(whole.length).toBeGreaterThan(0);
    expect(new Set(whole.map(({ text }) => text))).toEqual(new Set(["answer"]));
    expect(node.asked).toBe(2);
    first.response.destroy();
});

test("what may not be stored is not handed on, and nobody waits for it", async () => {
    for (const [header, value] of [
        ["Cache-Control", "no-store"],
        ["Cache-Control", "private"],
        ["Set-Cookie", "a=b"],
        ["Vary", "*"],
        ["Expires", "Thu, 01 Jan 1970 00:00:00 GMT"],
        ["X-Accel-Expires", "0"],
    ] as const) {
        node.asked = 0;
        const body = question();
        const clients = many("/work", body, SOME);
        await node.isAsked(1);
        await areUnderWay(SOME, gateway);
        const first = await node.next();
        // The header alone tells.
        first.response.writeHead(200, { [header]: value });
        first.response.write("answer 1");
        await node.isAsked(SOME);
        first.response.end();
        open.splice(0).forEach(({ response }, at) => {
            response.writeHead(200, { [header]: value });
            response.end(`answer ${at + 2}`);
        });
        expect(new Set(await textsOf(clients)).size).toBe(SOME);
    }
});

test("two tenants that ask the same ask the node twice", async () => {
    const body = question();
    const clients = ["one", "other"].flatMap((tenant) =>
        Array.from({ length: SOME }, () => ask("/tenants", body, { "X-Tenant": tenant })),
    );
    await node.isAsked(2);
    await areUnderWay(2 * SOME, gateway);
    open.splice(0).forEach(({ response }, at) => response.end(`answer ${at}`));
    expect((await textsOf(clients)).sort()).toEqual(["200 answer 0", "200 answer 1"]);
    expect(node.asked).toBe(2);
});

test.each(TENANT_OPTIONS.map((options, at): [string, string] => [options, `/tenant${at}`]))(
    "nor do they share anything with the option %s",
    async (_, target) => {
        for (const [status, type] of [
            [200, "application/json"],
            [200, "text/event-stream"],
            [404, "text/plain"],
        ] as const) {
            node.asked = 0;
            const body = question();
            const clients = ["one", "other"].map((tenant) => ask(target, body, { "X-Tenant": tenant }));
            await node.isAsked(2);
            open.splice(0).forEach(({ response }, at) => {
                const text = type === "text/event-stream" ? `data: ${at}\n\n${DONE}` : `{"answer":${at}}`;
                response.writeHead(status, { "Content-Type": type }).end(text);
            });
            const [one, other] = await Promise.all(clients.map(({ answer }) => answer));
            expect(one?.text).not.toBe(other?.text);
        }
    },
);

test("a status that nginx may not store is asked for twice at most before all ask", async () => {
    const body = question();
    const clients = many("/work", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    (await node.next()).response.writeHead(404).end("none");
    await node.isAsked(2);
    (await node.next()).response.writeHead(404).end("none");
    await node.isAsked(SOME);
    for (const { response } of open.splice(0)) response.writeHead(404).end("none");
    expect(await textsOf(clients)).toEqual(["404 none"]);
});

test("who has waited long enough asks alone", async () => {
    const body = question();
    const clients = many("/impatient", body, 3);
    await node.isAsked(3);
    open.splice(0).forEach(({ response }) => response.end("answer"));
    expect(await textsOf(clients)).toEqual(["200 answer"]);
});

test("nobody waits longer than the deadline", async () => {
    const body = question();
    const leader = ask("/timed", body);
    await node.isAsked(1);
    const now = Date.now() / 1000;
    const late = ask("/timed", body, {
        "X-OpenClaw-Deadline": `${(now + 0.5).toFixed(3)};sent=${now.toFixed(3)}`,
    });
    expect(await late.answer).toMatchObject({ status: 504, text: expect.stringContaining("deadline_exceeded") });
    (await node.next()).response.end("answer");
    expect(await leader.answer).toMatchObject({ status: 200 });
});

test("without coalescing each request asks", async () => {
    const body = question();
    const clients = many("/alone", body, 3);
    await node.isAsked(1);
    // nginx's own lock.
    (await node.next()).response.end("answer");
    expect(await textsOf(clients)).toEqual(["200 answer"]);
});

const EVENTS = { "Content-Type": "text/event-stream" };

/** Events of a stream, the last of which says that it is whole. */
function events(from: number, to: number): string {
    return Array.from({ length: to - from }, (_, at) => `data: {"token":${from + at}}\n\n`).join("");
}

test("a stream goes to all as it comes, to those that join late from its beginning, and is kept", async () => {
    const body = question();
    const clients = many("/work", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    let sent = "";
    for (let at = 0; at < 5; at += 1) {
        sent += events(at, at + 1);
        response.write(events(at, at + 1));
        await eventually("all have it", () => clients.every(({ text }) => text === sent));
    }
    const late = many("/work", body, SOME);
    await eventually("those that are late have it", () => late.every(({ text }) => text === sent));
    response.end(DONE);
    expect(await textsOf([...clients, ...late])).toEqual([`200 ${sent}${DONE}`]);
    const again = await ask("/work", body).answer;
    expect(again).toMatchObject({ text: `${sent}${DONE}`, cache: "HIT", field: "openclaw; hit" });
    expect(node.asked).toBe(1);
});

test("a stream without its end is not kept", async () => {
    for (const end of [undefined, 'data: {"error":{"message":"out of memory"}}\n\n' + DONE]) {
        node.asked = 0;
        const body = question();
        const clients = many("/work", body, 3);
        await node.isAsked(1);
        await areUnderWay(3, gateway);
        const { response } = await node.next();
        response.writeHead(200, EVENTS);
        response.write(events(0, 3));
        await eventually("all have it", () => clients.every(({ text }) => text === events(0, 3)));
        response.end(end ?? "");
        // It has ended as HTTP, so that is what all get.
        expect(await textsOf(clients)).toEqual([`200 ${events(0, 3)}${end ?? ""}`]);
        const next = ask("/work", body);
        await node.isAsked(2);
        (await node.next()).response.writeHead(200, EVENTS).end(DONE);
        expect((await next.answer).text).toBe(DONE);
    }
});

test("a stream that breaks off breaks off for those that have read of it, and is kept by nobody", async () => {
    const body = question();
    const clients = many("/work", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("all have it", () => clients.every(({ text }) => text === events(0, 1)));
    response.destroy();
    expect(await textsOf(clients)).toEqual([`200 ${events(0, 1)} (cut)`]);
    const next = ask("/work", body);
    await node.isAsked(2);
    (await node.next()).response.writeHead(200, EVENTS).end(DONE);
    expect((await next.answer).text).toBe(DONE);
});

test("the leader's client may leave in the middle of a stream", async () => {
    const body = question();
    const leader = ask("/work", body);
    await node.isAsked(1);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("the leader has it", () => leader.text === events(0, 1));
    const others = many("/work", body, SOME);
    await eventually("the others have it", () => others.every(({ text }) => text === events(0, 1)));
    leader.leave();
    for (let at = 1; at < 20; at += 1) {
        response.write(events(at, at + 1));
        await eventually("all have it", () => others.every(({ text }) => text === events(0, at + 1)));
    }
    response.end(DONE);
    expect(await textsOf(others)).toEqual([`200 ${events(0, 20)}${DONE}`]);
    expect(await ask("/work", body).answer).toMatchObject({ cache: "HIT" });
    expect(node.asked).toBe(1);
});

test("a stream ends for its readers when the leader's worker is killed", async () => {
    await using nginx = await startGateway();
    const body = question();
    const clients = many("/work", body, SOME, nginx);
    await areUnderWay(SOME, nginx);
    const { response, worker } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("all have it", () => clients.every(({ text }) => text === events(0, 1)));
    process.kill(worker, "SIGKILL");
    expect(await textsOf(clients)).toEqual([`200 ${events(0, 1)} (cut)`]);
});

test("a stream that is longer than its buffer goes on to those that keep up, and others ask themselves", async () => {
    const body = question();
    const clients = many("/short", body, 3);
    await node.isAsked(1);
    await areUnderWay(3, gateway);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    let sent = "";
    for (let at = 0; at < 60; at += 1) {
        const piece = `data: ${"x".repeat(500)}\n\n`;
        sent += piece;
        response.write(piece);
        // nginx holds back the end of a piece that lies in two of its buffers, until the next one comes.
        const least = sent.length - piece.length;
        await eventually("all have it", () => clients.every(({ text }) => text.length >= least));
    }
    const late = ask("/short", body);
    await node.isAsked(2);
    (await node.next()).response.writeHead(200, EVENTS).end(DONE);
    expect((await late.answer).text).toBe(DONE);
    response.end(DONE);
    expect(await textsOf(clients)).toEqual([`200 ${sent}${DONE}`]);
});

test("a reader that does not read holds up nobody", async () => {
    const body = question();
    const lazy = http.request(gateway.url("/work"), { method: "POST", agent: false });
    lazy.setHeader("Content-Type", "application/json");
    lazy.on("response", (response) => response.pause());
    lazy.on("error", () => undefined);
    lazy.end(body);
    await node.isAsked(1);
    const others = many("/work", body, SOME);
    await areUnderWay(SOME + 1, gateway);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    const long = Array.from({ length: 150 }, () => `data: ${"x".repeat(6000)}\n\n`).join("");
    response.end(long + DONE);
    expect(await textsOf(others)).toEqual([`200 ${long}${DONE}`]);
    lazy.destroy();
});

test("JSON that says that it is an error is neither stored nor handed on", async () => {
    const body = question();
    const clients = many("/errors", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    const json = { "Content-Type": "application/json" };
    (await node.next()).response.writeHead(200, json).end('{"error":{"code":1}}');
    await node.isAsked(SOME);
    for (const { response } of open.splice(0)) response.writeHead(200, json).end('{"result":1}');
    expect((await textsOf(clients)).sort()).toEqual(['200 {"error":{"code":1}}', '200 {"result":1}']);
});

test("JSON that says that it is none is kept and handed on", async () => {
    const body = question();
    const clients = many("/errors", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    const head = { "Content-Type": "application/json", "X-Model": ["pond", "9"] };
    (await node.next()).response.writeHead(200, head).end('{"result":1}');
    expect(await textsOf(clients)).toEqual(['200 {"result":1}']);
    expect(await ask("/errors", body).answer).toMatchObject({ cache: "HIT", text: '{"result":1}' });
    expect(node.asked).toBe(1);
});

/** How many followers of a route have had that result. */
async function followers(route: string, result: string): Promise<number> {
    const page = await gateway.get("/metrics");
    const sample = `openclaw_cache_followers_total{route="${route}",result="${result}"} `;
    const line = page.split("\n").find((one) => one.startsWith(sample));
    return Number(line?.slice(sample.length) ?? 0);
}

test("those that wait are counted by what becomes of them", async () => {
    const before = { work: await followers("work", "answered"), negative: await followers("negative", "answered") };
    for (const [target, status] of [
        ["/work", 200],
        ["/negative", 404],
    ] as const) {
        const clients = many(target, question(), SOME);
        await eventually("the node is asked", () => open.length === 1);
        await areUnderWay(SOME, gateway);
        (await node.next()).response.writeHead(status).end("answer");
        expect(await textsOf(clients)).toEqual([`${status} answer`]);
    }
    expect(await followers("work", "answered")).toBe(before.work + SOME - 1);
    expect(await followers("negative", "answered")).toBe(before.negative + SOME - 1);
});

test("answers with other statuses are kept where the route says so", async () => {
    const body = question();
    const clients = many("/negative", body, SOME);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    (await node.next()).response.writeHead(404).end("none");
    expect(await textsOf(clients)).toEqual(["404 none"]);
    expect(await ask("/negative", body).answer).toMatchObject({ cache: "HIT", status: 404 });
    expect(node.asked).toBe(1);
});

/** Asks, and lets the node answer if it is asked. */
async function controlled(
    body: string,
    headers: Record<string, string>,
    answer: string,
    target = "/controlled",
): Promise<Answer> {
    const client = ask(target, body, headers);
    let isDone = false;
    void client.answer.then(() => (isDone = true));
    await eventually("there is an answer, or a question", () => isDone || open.length > 0);
    open.shift()?.response.end(answer);
    return client.answer;
}

test("a client says how old an answer may be", async () => {
    const body = question();
    const say = (directives: string, answer: string) => controlled(body, { "Cache-Control": directives }, answer);
    expect(await say("only-if-cached", "never")).toMatchObject({
        status: 504,
        text: expect.stringContaining("not_cached"),
    });
    expect(await say("max-age=60", "one")).toMatchObject({ status: 200, text: "one" });
    expect(await say("max-age=60", "two")).toMatchObject({ text: "one", cache: "HIT" });
    expect(await say("only-if-cached", "two")).toMatchObject({ text: "one", cache: "HIT" });
    await eventually("it is older than a second", async () => {
        const answer = await say("max-age=1", "three");
        expect(answer.field).toBe(answer.text === "three" ? "openclaw; fwd=request" : "openclaw; hit");
        return answer.text === "three";
    });
    // nginx stores an answer when its client has it.
    const isStored = async (text: string) => {
        const answer = await say("max-age=60", "never");
        expect(answer.cache).toBe("HIT");
        return answer.text === text;
    };
    await eventually("the new answer is stored", () => isStored("three"));
    expect(await say("no-cache", "five")).toMatchObject({ text: "five", field: "openclaw; fwd=request" });
    expect(await say("no-store", "six")).toMatchObject({
        text: "six",
        cache: "BYPASS",
        field: "openclaw; fwd=request",
    });
    await eventually("the fresh answer is stored", () => isStored("five"));
});

test("a client says for how long its answer may be kept", async () => {
    const body = question();
    const keep = { "X-OpenClaw-Cache-TTL": "3" };
    for (const route of ["/controlled", "/wishful"]) {
        expect(await controlled(body, keep, "one", route)).toMatchObject({ text: "one", cache: "MISS" });
        expect(await controlled(body, {}, "never", route)).toMatchObject({ text: "one", cache: "HIT" });
        await eventually("it is kept no more", async () => (await controlled(body, {}, "two", route)).text === "two");
        expect(await controlled(body, {}, "three", route)).toMatchObject({ text: "two", cache: "HIT" });
    }
});

test("a client does not say that its answer may be kept for longer than the route allows", async () => {
    const body = question();
    const keep = { "X-OpenClaw-Cache-TTL": "1000" };
    expect(await controlled(body, keep, "one", "/brief")).toMatchObject({ text: "one" });
    expect(await controlled(body, {}, "two", "/brief")).toMatchObject({ text: "one", cache: "HIT" });
    await eventually("it is kept no more", async () => {
        const answer = await controlled(body, {}, "two", "/brief");
        if (answer.text === "two") expect(answer).toMatchObject({ cache: "EXPIRED", field: "openclaw; fwd=stale" });
        return answer.text === "two";
    });
});
