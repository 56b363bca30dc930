/** What the cache makes of odd clients, nodes and workers: old protocols, floods of headers, TLS, stopped workers, a full zone. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server } from "node:net";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { areUnderWay, AskingClient, question, sendAway, textsOf } from "./support/asking_client";
import { eventually } from "./support/eventually";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { QuestionedNode } from "./support/questioned_node";

const CROWD = 1000;
const SOME = 20;
const EVENTS = { "Content-Type": "text/event-stream" };
const STREAM = 'data: {"token":1}\n\ndata: [DONE]\n\n';

const node = new QuestionedNode();
const { open } = node;
let secure: https.Server;
let gateway: NativeNginx;

function listen(server: Server): Promise<number> {
    return new Promise((resolve) => {
        server.listen(0, "127.0.0.1", () => {
            resolve((server.address() as AddressInfo).port);
        });
    });
}

/** A node with a certificate of its own. */
function startSecure(): https.Server {
    const folder = mkdtempSync(path.join(tmpdir(), "openclaw-odd-"));
    const [key, cert] = [path.join(folder, "key"), path.join(folder, "cert")];
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=node`;
    execFileSync("openssl", [...words.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, node.listener);
    rmSync(folder, { recursive: true });
    return server;
}

beforeAll(async () => {
    secure = startSecure();
    await node.start();
    const securePort = await listen(secure);
    const location = (name: string, more: string) => `
        location ^~ /${name} {
            set $openclaw_route ${name};
            include route.conf;
            include cache.conf;
            ${more}
        }`;
    gateway = await NativeNginx.start({
        workers: 2,
        connections: 8192,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                local teller = { name = "teller", meaning = "says who asks", order = { access = 250 }, schema = {}, create = function()
                    return { access = function() ngx.req.set_header("X-Worker", ngx.worker.pid()) end }
                end }
                local function route(upstream, seconds)
                    return { upstream = upstream, teller = {}, cache = { shared = true, coalesce_seconds = seconds, negative = { [404] = "1h" } } }
                end
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(teller) },
                    upstreams = { cluster = { nodes = { "${node.address}" } }, secure = { nodes = { "127.0.0.1:${securePort}" } } },
                    routes = { work = route("cluster"), impatient = route("cluster", 0.3), tiny = route("cluster"), secure = route("secure") },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            proxy_cache_path run/tiny keys_zone=tiny:32k use_temp_path=off;
            ${balancedUpstream("cluster")}
            ${balancedUpstream("secure")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            location = /connections { stub_status; }
            ${location("work", "proxy_cache answers; proxy_pass http://cluster;")}
            ${location("impatient", "proxy_cache answers; proxy_pass http://cluster;")}
            ${location("tiny", "proxy_cache tiny; proxy_pass http://cluster;")}
            ${location("secure", "proxy_cache answers; proxy_ssl_verify off; proxy_pass https://secure;")}`,
    });
});

afterEach(() => {
    sendAway();
    node.forget();
});

afterAll(async () => {
    await gateway.stop();
    node.stop();
    secure.closeAllConnections();
    secure.close();
});

function many(target: string, body: string, times = SOME): AskingClient[] {
    return Array.from({ length: times }, () => new AskingClient(gateway, target, body));
}

/** What a connection gets that sends these pieces, each when the condition before it holds, until nginx closes it. */
async function raw(...pieces: (string | (() => Promise<void>))[]): Promise<string> {
    const { hostname, port } = new URL(gateway.url());
    const socket = net.connect(Number(port), hostname);
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    const isClosed = new Promise<void>((resolve, reject) => socket.on("close", () => resolve()).on("error", reject));
    for (const piece of pieces) {
        if (typeof piece === "string") socket.write(piece);
        else await piece();
    }
    await isClosed;
    return text;
}

function request(target: string, body: string, version = "1.1", ...headers: string[]): string {
    // The host is a part of the key.
    const fields = [
        `Host: ${new URL(gateway.url()).host}`,
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        ...headers,
    ];
    return `POST ${target} HTTP/${version}\r\n${fields.join("\r\n")}\r\n\r\n`;
}

/** Has an answer stored. */
async function store(target: string, body: string, headers: http.OutgoingHttpHeaders, text: string): Promise<void> {
    const client = new AskingClient(gateway, target, body);
    (await node.next()).response.writeHead(200, headers).end(text);
    await client.answer;
    await eventually("it is stored", async () => {
        const again = new AskingClient(gateway, target, body);
        return (await again.answer).cache === "HIT";
    });
}

test("a thousand followers of one key get its answer, and of one stream its events", async () => {
    for (const headers of [{}, EVENTS]) {
        const clients = many("/work", question(), CROWD);
        const { response } = await node.next();
        await areUnderWay(CROWD, gateway);
        response.writeHead(200, headers).end(STREAM);
        expect(await textsOf(clients)).toEqual([`200 ${STREAM}`]);
    }
    expect(node.asked).toBe(2);
});

test("while a leader's worker is stopped its followers wait for it, and no longer than they may", async () => {
    for (const [target, asksAlone] of [
        ["/work", false],
        ["/impatient", true],
    ] as const) {
        node.asked = 0;
        const clients = many(target, question());
        await areUnderWay(SOME, gateway);
        const first = await node.next();
        process.kill(first.worker, "SIGSTOP");
        try {
            first.response.end("first");
            if (asksAlone) {
                await eventually("others ask", () => open.length > 0);
                expect(open.every(({ worker }) => worker !== first.worker)).toBe(true);
                for (const { response } of open.splice(0)) response.end("first");
            }
        } finally {
            process.kill(first.worker, "SIGCONT");
        }
        const answering = setInterval(() => {
            for (const { response } of open.splice(0)) response.end("first");
        }, 10);
        expect(await textsOf(clients)).toEqual(["200 first"]);
        clearInterval(answering);
        if (!asksAlone) expect(node.asked).toBe(1);
    }
});

test("a client of HTTP/1.0 gets a kept answer with its length, and reads a stream up to its end", async () => {
    const body = question();
    await store("/work", body, EVENTS, STREAM);
    const kept = await raw(request("/work", body, "1.0") + body);
    expect(kept).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(kept).toContain(`\r\nContent-Length: ${STREAM.length}\r\n`);
    expect(kept.endsWith(`\r\n\r\n${STREAM}`)).toBe(true);
    const other = question();
    const leader = new AskingClient(gateway, "/work", other);
    const { response } = await node.next();
    const reader = raw(request("/work", other, "1.0") + other, async () => {
        await areUnderWay(2, gateway);
        response.writeHead(200, EVENTS).write(STREAM.slice(0, 10));
        await eventually("the stream has begun", () => leader.text.length === 10);
        response.end(STREAM.slice(10));
    });
    const read = await reader;
    expect(read).not.toContain("Transfer-Encoding");
    expect(read).toContain("Cache-Status: openclaw; fwd=uri-miss; collapsed");
    expect(read.endsWith(`\r\n\r\n${STREAM}`)).toBe(true);
});

test("pipelined requests get their answers in order, those that are kept and those that wait", async () => {
    const [kept, waited] = [question(), question()];
    await store("/work", kept, EVENTS, STREAM);
    const leader = new AskingClient(gateway, "/work", waited);
    const { response } = await node.next();
    const [one, other] = [request("/work", kept) + kept, request("/work", waited) + waited];
    const last = request("/work", kept, "1.1", "Connection: close") + kept;
    const text = await raw(one + other + one + last, async () => {
        await areUnderWay(2, gateway);
        response.end("waited");
    });
    expect((await leader.answer).text).toBe("waited");
    const bodies = text.split(/HTTP\/1\.1 200 OK\r\n/).slice(1);
    expect(bodies.map((one) => one.slice(one.indexOf("\r\n\r\n") + 4))).toEqual([STREAM, "waited", STREAM, STREAM]);
    expect(bodies.every((one) => one.includes("X-Cache-Status: HIT"))).toBe(true);
});

test("a client that waits to be told to go on is told so, whoever answers", async () => {
    const body = question();
    const expects = request("/work", body, "1.1", "Expect: 100-continue", "Connection: close");
    const leading = raw(expects, body, async () => {
        (await node.next()).response.writeHead(200, EVENTS).end(STREAM);
    });
    expect(await leading).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const kept = await raw(expects, body);
    expect(kept).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(kept).toContain("X-Cache-Status: HIT");
    expect(kept.endsWith(`\r\n\r\n${STREAM}`)).toBe(true);
    expect(node.asked).toBe(1);
});

test.each([
    ["two hundred headers", Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, "1"])), 200],
    ["a header that is too long", { "X-Long": "x".repeat(100_000) }, 502],
])("a node that answers with %s is handed on to nobody", async (_, headers, status) => {
    const clients = many("/work", question());
    await areUnderWay(SOME, gateway);
    const answering = setInterval(() => {
        for (const { response } of open.splice(0)) response.writeHead(200, headers).end("flood");
    }, 10);
    const answers = await Promise.all(clients.map((client) => client.answer));
    clearInterval(answering);
    // Where nodes fail, the gateway soon asks none.
    for (const one of answers) expect(status === 200 ? [200] : [502, 503]).toContain(one.status);
    for (const one of answers) expect(one.cache).not.toBe("HIT");
});

test("a node with TLS is asked once", async () => {
    for (const [headers, text] of [
        [{}, "secret"],
        [EVENTS, STREAM],
    ] as const) {
        node.asked = 0;
        const clients = many("/secure", question());
        await areUnderWay(SOME, gateway);
        (await node.next()).response.writeHead(200, headers).end(text);
        expect(await textsOf(clients)).toEqual([`200 ${text}`]);
        expect(node.asked).toBe(1);
    }
});

test("where nginx's cache has no room for keys, each question is asked once at a time all the same", async () => {
    for (let time = 0; time < 200; time += 1) {
        const client = new AskingClient(gateway, "/tiny", question());
        (await node.next()).response.end("filler");
        expect((await client.answer).status).toBe(200);
    }
    node.asked = 0;
    const clients = many("/tiny", question());
    await areUnderWay(SOME, gateway);
    (await node.next()).response.end("answer");
    const answering = setInterval(() => {
        for (const { response } of open.splice(0)) response.end("answer");
    }, 10);
    expect(await textsOf(clients)).toEqual(["200 answer"]);
    clearInterval(answering);
    expect(node.asked).toBe(1);
});
