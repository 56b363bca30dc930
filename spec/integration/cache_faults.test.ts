/** What the cache makes of nodes, clients and workers that fail while others wait for their answer. */
import { rm } from "node:fs/promises";
import http2 from "node:http2";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { areUnderWay, AskingClient, question, sendAway, textsOf } from "./support/asking_client";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, NativeNginx, packagedConf } from "./support/native_nginx";
import { type Question, QuestionedNode } from "./support/questioned_node";

const WORKERS = 2;
const SOME = 10;
const MANY = 100;

const node = new QuestionedNode(20_000);
const { open } = node;
let gateway: NativeNginx;
let http2Port = 0;

async function startGateway(port: number): Promise<NativeNginx> {
    const routes = {
        work: "cache = { shared = true }",
        impatient: "cache = { shared = true, coalesce_seconds = 0.3 }",
        timed: "cache = { shared = true }, deadline = { seconds = 60 }",
        seldom: "cache = { shared = true }, deadline = { seconds = 60 }",
        redirected: "cache = { shared = true }",
        plain: "",
        controlled: "cache = { shared = true, request_control = true }",
        hourly: 'cache = { shared = true, request_control = true, ttl = "2s" }',
        errors: 'cache = { shared = true, errors = { "error" } }',
        short: "cache = { shared = true, stream_buffer_bytes = 4096 }",
        stale: "cache = { shared = true }",
        full: "cache = { shared = true }",
    };
    return NativeNginx.start({
        workers: WORKERS,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                local teller = { name = "teller", meaning = "says who asks", order = { access = 250 }, schema = {}, create = function()
                    return { access = function() ngx.req.set_header("X-Worker", ngx.worker.pid()) end }
                end }
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(teller) },
                    upstreams = { cluster = { panic_share = 1, nodes = { "${node.address}" } } },
                    routes = { ${Object.entries(routes)
                        .map(([name, options]) => `${name} = { upstream = "cluster", teller = {}, ${options} }`)
                        .join(", ")} },
                }
            }
            proxy_cache_path run/full keys_zone=full:1m use_temp_path=off;
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            listen 127.0.0.1:${port} http2 reuseport;
            include errors.conf;
            include proxy.conf;
            location = /connections { stub_status; }
            location = /live {
                content_by_lua_block {
                    local live = 0
                    for _, key in ipairs(ngx.shared.openclaw_answers:get_keys(0)) do
                        local _, kind = ngx.shared.openclaw_answers:get(key)
                        if #key == 64 and kind == 3 then live = live + 1 end
                    end
                    ngx.print(live)
                }
            }
            location = /forget {
                content_by_lua_block {
                    for _, key in ipairs(ngx.shared.openclaw_answers:get_keys(0)) do
                        if key:find(" head", 1, true) then ngx.shared.openclaw_answers:delete(key) end
                    end
                }
            }
            location ~ ^/(?<first>[a-z]+) {
                set $openclaw_route $first;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_pass http://cluster;
            }
            location ^~ /seldom {
                set $openclaw_route seldom;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_cache_min_uses 1000;
                proxy_pass http://cluster;
            }
            location ^~ /stale {
                set $openclaw_route stale;
                include route.conf;
                include cache_of_a_second.conf;
                proxy_cache answers;
                proxy_pass http://cluster;
            }
            location ^~ /full {
                set $openclaw_route full;
                include route.conf;
                include cache.conf;
                proxy_cache full;
                proxy_pass http://cluster;
            }
            location ^~ /substituted {
                set $openclaw_route redirected;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                error_page 503 = @substitute;
                proxy_intercept_errors on;
                proxy_pass http://cluster;
            }
            location @substitute {
                set $openclaw_route plain;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_pass http://cluster;
            }
            location ^~ /redirected {
                set $openclaw_route redirected;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                error_page 502 503 504 = @plain;
                proxy_intercept_errors on;
                proxy_pass http://cluster;
            }
            location @plain {
                set $openclaw_route plain;
                include route.conf;
                proxy_pass http://cluster;
            }`,
        files: { "cache_of_a_second.conf": packagedConf("cache.conf").replace("200 1h", "200 1s") },
    });
}

beforeAll(async () => {
    await node.start();
    http2Port = await freePort();
    gateway = await startGateway(http2Port);
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

/** Resolves when the gateway has the header of so many streams. */
async function areLive(times: number, nginx = gateway): Promise<void> {
    await eventually(`${times} streams have begun`, async () => (await nginx.get("/live")) === String(times), 5000);
}

function many(target: string, body: string, times = SOME, nginx = gateway): AskingClient[] {
    return Array.from({ length: times }, () => ask(target, body, {}, nginx));
}

const EVENTS = { "Content-Type": "text/event-stream" };

function events(from: number, to: number): string {
    return Array.from({ length: to - from }, (_, at) => `data: {"token":${from + at}}\n\n`).join("");
}
const DONE = "data: [DONE]\n\n";

test("a stream whose worker was killed is asked for anew by those that come later", async () => {
    await using nginx = await startGateway(await freePort());
    for (const beginning of ["", events(0, 1)]) {
        node.asked = 0;
        const body = question();
        const leader = ask("/work", body, {}, nginx);
        const { response, worker } = await node.next();
        response.writeHead(200, EVENTS);
        response.flushHeaders();
        response.write(beginning);
        await areLive(1, nginx);
        await eventually("the beginning has come", () => leader.text === beginning, 5000);
        process.kill(worker, "SIGKILL");
        await leader.answer;
        const next = ask("/work", body, {}, nginx);
        await node.isAsked(2);
        (open.pop() as Question).response.writeHead(200, EVENTS).end(DONE);
        expect(await next.answer).toMatchObject({ text: DONE, isCut: false });
    }
});

test("nobody waits longer than its deadline for the first event of a stream", async () => {
    const body = question();
    const leader = ask("/timed", body);
    const { response } = await node.next();
    response.writeHead(200, EVENTS).flushHeaders();
    await areLive(1);
    const now = Date.now() / 1000;
    const deadline = `${(now + 0.3).toFixed(3)};sent=${now.toFixed(3)}`;
    const late = ask("/timed", body, { "X-OpenClaw-Deadline": deadline });
    expect(await late.answer).toMatchObject({ status: 504, text: expect.stringContaining("deadline_exceeded") });
    response.end(DONE);
    expect(await leader.answer).toMatchObject({ text: DONE });
});

test("who has waited long enough for the first event of a stream asks alone", async () => {
    const body = question();
    const leader = ask("/impatient", body);
    const { response } = await node.next();
    response.writeHead(200, EVENTS).flushHeaders();
    await areLive(1);
    const late = ask("/impatient", body);
    await node.isAsked(2);
    (await node.next()).response.writeHead(200, EVENTS).end(events(0, 1) + DONE);
    expect((await late.answer).text).toBe(events(0, 1) + DONE);
    response.end(DONE);
    expect(await leader.answer).toMatchObject({ text: DONE });
});

test("when nginx does not store what it might, nobody waits in a queue for its turn to ask", async () => {
    const body = question();
    const clients = many("/seldom", body);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    (await node.next()).response.writeHead(200).end("answer");
    await node.isAsked(2);
    (await node.next()).response.writeHead(200).end("answer");
    await node.isAsked(SOME);
    for (const { response } of open.splice(0)) response.end("answer");
    expect(await textsOf(clients)).toEqual(["200 answer"]);
});

test("a leader that is redirected to a route without a cache leads no more", async () => {
    const body = question();
    const leader = ask("/redirected", body);
    (await node.next()).response.writeHead(503).end();
    const fallback = await node.next();
    const other = ask("/redirected", body);
    await areUnderWay(2, gateway);
    fallback.response.end("fallback");
    expect(await leader.answer).toMatchObject({ text: "fallback" });
    (await node.next()).response.end("answer");
    expect(await other.answer).toMatchObject({ text: "answer" });
});

test("the leader of a stream may leave by HTTP/2 while its connection stays", async () => {
    const body = question();
    const session = http2.connect(`http://127.0.0.1:${http2Port}`);
    const leader = session.request({
        ":method": "POST",
        ":path": "/work",
        "content-type": "application/json",
        host: "localhost",
    });
    leader.end(body);
    let seen = "";
    leader.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    leader.on("error", () => undefined);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("the leader has it", () => seen === events(0, 1));
    const followers = Array.from({ length: 3 }, () => {
        const stream = session.request({
            ":method": "POST",
            ":path": "/work",
            "content-type": "application/json",
            host: "localhost",
        });
        stream.end(body);
        const follower = { text: "", isEnded: false, code: 0 };
        stream.on("data", (chunk: Buffer) => (follower.text += chunk.toString()));
        stream.on("error", () => undefined);
        stream.on("close", () => {
            follower.isEnded = true;
            follower.code = stream.rstCode ?? 0;
        });
        return follower;
    });
    await eventually("the others have it", () => followers.every(({ text }) => text === events(0, 1)), 3000);
    leader.close(http2.constants.NGHTTP2_CANCEL);
    for (let at = 1; at < 20; at += 1) {
        response.write(events(at, at + 1));
        await eventually("all have it", () => followers.every(({ text }) => text === events(0, at + 1)), 3000);
    }
    response.end(DONE);
    await eventually("all have ended", () => followers.every(({ isEnded }) => isEnded), 3000);
    expect(followers.map(({ text, code }) => `${code} ${text}`)).toEqual(Array(3).fill(`0 ${events(0, 20)}${DONE}`));
    session.destroy();
});

test("parts of answers are not stored, whatever the node says of caches", async () => {
    const body = question();
    const one = ask("/work", body);
    (await node.next()).response
        .writeHead(206, { "Cache-Control": "max-age=60", "Content-Range": "bytes 0-1/4" })
        .end("an");
    expect(await one.answer).toMatchObject({ status: 206 });
    const other = ask("/work", body);
    (await node.next()).response.end("answer");
    expect(await other.answer).toMatchObject({ status: 200, text: "answer" });
});

test("a client cannot have answers used for longer than the route says", async () => {
    const body = question();
    const one = ask("/hourly", body, { "X-OpenClaw-Cache-TTL": "9999999999" });
    (await node.next()).response.end("one");
    expect(await one.answer).toMatchObject({ text: "one" });
    await eventually(
        "a node is asked again",
        async () => {
            const again = ask("/hourly", body);
            await Promise.race([again.answer, eventually("it is asked", () => open.length > 0)]);
            open.shift()?.response.end("two");
            return (await again.answer).text === "two";
        },
        5000,
    );
});

test("an answer is kept for no longer than its client wants, also on a route that does not say for how long", async () => {
    const body = question();
    const one = ask("/controlled", body, { "X-OpenClaw-Cache-TTL": "1" });
    (await node.next()).response.end("one");
    expect(await one.answer).toMatchObject({ text: "one" });
    expect(await ask("/controlled", body).answer).toMatchObject({ text: "one", cache: "HIT" });
    await eventually(
        "a node is asked again",
        async () => {
            const again = ask("/controlled", body);
            await Promise.race([again.answer, eventually("it is asked", () => open.length > 0)]);
            open.shift()?.response.end("two");
            return (await again.answer).text === "two";
        },
        5000,
    );
});

test("a node that fails is not asked by all at once", async () => {
    const body = question();
    const clients = many("/work", body);
    for (let times = 1; times <= 5; times += 1) {
        await node.isAsked(times);
        await areUnderWay(SOME + 1 - times, gateway);
        (await node.next()).response.writeHead(503).end("none");
    }
    await node.isAsked(6);
    await areUnderWay(SOME - 5, gateway);
    expect(node.asked).toBe(6);
    (open.shift() as Question).response.end("answer");
    expect((await textsOf(clients)).filter((text) => !text.startsWith("503"))).toEqual(["200 answer"]);
});

test("nobody waits for what was private the last time", async () => {
    const body = question();
    const one = ask("/work", body);
    (await node.next()).response.writeHead(200, { "Cache-Control": "private" }).end("mine");
    await one.answer;
    const others = many("/work", body);
    await node.isAsked(SOME + 1);
    open.splice(0).forEach(({ response }, at) => response.writeHead(200, { "Cache-Control": "private" }).end(`${at}`));
    expect(new Set(await textsOf(others)).size).toBe(SOME);
});

test("who cannot join a stream because shared memory was full asks a node", async () => {
    const body = question();
    const leader = ask("/work", body);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("the leader has it", () => leader.text === events(0, 1));
    await gateway.get("/forget");
    const others = many("/work", body, 3);
    await node.isAsked(4);
    for (const other of open.splice(0)) other.response.writeHead(200, EVENTS).end(DONE);
    expect(await textsOf(others)).toEqual([`200 ${DONE}`]);
    response.end(DONE);
    expect((await leader.answer).text).toBe(events(0, 1) + DONE);
});

test("an answer that only shared memory keeps comes to the others when the leader's client leaves", async () => {
    const body = question();
    const leader = ask("/errors", body);
    const { response } = await node.next();
    const others = many("/errors", body);
    await areUnderWay(SOME + 1, gateway);
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write('{"long":"' + "x".repeat(30000));
    await eventually("the leader has some of it", () => leader.text.length > 10000);
    leader.leave();
    for (let at = 0; at < 20; at += 1) {
        response.write("y".repeat(2000));
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end('"}');
    const texts = await textsOf(others);
    expect(texts.length).toBe(1);
    expect(texts[0]?.endsWith('yy"}')).toBe(true);
    expect(node.asked).toBe(1);
});

test("a stream without end ends when nobody reads it", async () => {
    const body = question();
    const leader = ask("/short", body);
    const { response } = await node.next();
    let isClosed = false;
    response.on("close", () => (isClosed = true));
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("the leader has it", () => leader.text === events(0, 1));
    const other = ask("/short", body);
    await eventually("the other has it", () => other.text === events(0, 1));
    leader.leave();
    let sent = "";
    for (let at = 0; at < 20; at += 1) {
        sent += `data: ${"x".repeat(500)}\n\n`;
        response.write(`data: ${"x".repeat(500)}\n\n`);
        await eventually("the other has it", () => other.text.length >= sent.length - 600);
    }
    expect(isClosed).toBe(false);
    other.leave();
    await eventually(
        "the node's connection is closed",
        () => {
            response.write(`data: ${"x".repeat(500)}\n\n`);
            return isClosed;
        },
        15_000,
    );
});

test("while a node fails, a stale answer comes to all at once", async () => {
    const body = question();
    const one = ask("/stale", body);
    (await node.next()).response.end("one");
    expect(await one.answer).toMatchObject({ text: "one" });
    await eventually("it is stale", async () => (await ask("/stale", body).answer).cache === "STALE", 5000);
    (await node.next()).response.writeHead(503).end();
    const others = many("/stale", body, MANY);
    // All of them, whether the node ever answers or not.
    expect(await textsOf(others)).toEqual(["200 one"]);
    (await node.next()).response.end("two");
    await areUnderWay(0, gateway);
    expect(node.asked).toBe(3);
});

test("when nginx cannot store an answer, the next one comes to all", async () => {
    // In place of a full disk.
    await rm(path.join(gateway.prefix, "run/full"), { recursive: true });
    await gateway.write("run/full", "");
    const body = question();
    const clients = many("/full", body);
    await node.isAsked(1);
    await areUnderWay(SOME, gateway);
    (await node.next()).response.end("answer");
    await node.isAsked(2);
    (await node.next()).response.end("answer");
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    expect(answers.filter(({ isCut }) => isCut).length).toBe(1);
    expect(answers.filter(({ text, isCut }) => text === "answer" && !isCut).length).toBe(SOME - 1);
});

test("what another route has answered after a redirect is not stored under the first one's key", async () => {
    const body = question();
    const leader = ask("/substituted", body);
    (await node.next()).response.writeHead(503).end();
    (await node.next()).response.end("fallback");
    expect(await leader.answer).toMatchObject({ text: "fallback", cache: "BYPASS" });
    const other = ask("/substituted", body);
    (await node.next()).response.end("answer");
    expect(await other.answer).toMatchObject({ text: "answer" });
});

test("those that come after a reload read the streams of old workers", async () => {
    await using nginx = await startGateway(await freePort());
    const body = question();
    const leader = ask("/work", body, {}, nginx);
    const { response } = await node.next();
    response.writeHead(200, EVENTS);
    response.write(events(0, 1));
    await eventually("the leader has it", () => leader.text === events(0, 1));
    await nginx.reload();
    const other = ask("/work", body, {}, nginx);
    await eventually("the other has it", () => other.text === events(0, 1), 3000);
    response.write(events(1, 2));
    await eventually("the other has it", () => other.text === events(0, 2), 3000);
    response.end(DONE);
    expect(await other.answer).toMatchObject({ text: events(0, 2) + DONE });
    expect(await ask("/work", body, {}, nginx).answer).toMatchObject({ cache: "HIT" });
    expect(node.asked).toBe(1);
});
