/** Who can give whom a cached answer: nginx/cache.conf and $openclaw_cache_key in a real nginx, and hostile clients. */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "./support/free_port";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";

/** A node that answers with all it was sent, in a way that can be asked for conditionally and in parts. */
async function startNode(): Promise<http.Server> {
    const server = http.createServer({ maxHeaderSize: 65_536 }, (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const text = JSON.stringify({
                asked: `${request.method} ${request.url}`,
                headers: request.rawHeaders,
                body: createHash("sha256").update(Buffer.concat(chunks)).digest("hex"),
            });
            response.setHeader("ETag", '"1"');
            response.setHeader("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT");
            response.setHeader("Accept-Ranges", "bytes");
            response.setHeader("Content-Length", Buffer.byteLength(text));
            response.end(text);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
}

interface Answer {
    status: number;
    cache: string | undefined;
    /** The key that nginx used. */
    key: string | undefined;
    text: string;
}

interface Request {
    method?: string;
    target?: string;
    /** Whole lines, so that the same one may come twice. */
    headers?: string[];
    host?: string;
    body?: string;
    port?: number;
}

let node: http.Server;
let gateway: NativeNginx;
let otherPort: number;
let count = 0;
/** A body that no test before has sent. */
let image: string;

/** Sends a request as it is, however odd. */
async function send(request: Request = {}): Promise<Answer> {
    const body = request.body ?? image;
    const lines = [
        `${request.method ?? "POST"} ${request.target ?? "/api/analyze"} HTTP/1.1`,
        `Host: ${request.host ?? "gateway"}`,
        "Connection: close",
        ...(request.headers ?? []),
        `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const socket = net.connect(request.port ?? gateway.port, "127.0.0.1");
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
    let received = "";
    for await (const chunk of socket) received += String(chunk);
    const [head = "", text = ""] = received.split(/\r\n\r\n(.*)/s);
    const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim();
    return { status: Number(head.split(" ")[1]), cache: header("x-cache-status"), key: header("x-key"), text };
}

const JPEG = "Content-Type: image/jpeg";
const ORDINARY: Request = { headers: [JPEG] };

/** What an attacker sends first must neither fill the entry of an ordinary request, nor get what is in it. */
async function expectApart(hostile: Request, ordinary: Request = ORDINARY): Promise<void> {
    image += ".";
    const poisoned = await send(hostile);
    const first = await send(ordinary);
    expect(first).toMatchObject({ status: 200, cache: "MISS" });
    expect(first.text).not.toBe(poisoned.text);
    const second = await send(ordinary);
    expect(second).toMatchObject({ status: 200, cache: "HIT", text: first.text });
    expect((await send(hostile)).text).not.toBe(first.text);
}

beforeAll(async () => {
    node = await startNode();
    otherPort = await freePort();
    const location = (route: string, more = ""): string => `
        set $openclaw_route ${route};
        include route.conf;
        include cache.conf;
        add_header X-Key $openclaw_cache_key always;
        proxy_cache answers;
        ${more}
        proxy_pass http://cluster;`;
    const locations = `
        include errors.conf;
        include proxy.conf;
        client_max_body_size 10m;
        underscores_in_headers on;
        large_client_header_buffers 4 16k;
        location /api/ { ${location("analyze")} }
        location /keyed/ { ${location("keyed")} }
        location /asked/ { ${location("asked")} }
        location /named/ { ${location("named")} }
        location /chosen/ { ${location("$http_x_chosen")} }
        location /rewritten/ { if ($http_x_beta) { set $args beta=1; } ${location("analyze")} }
        location /no_digest/ { ${location("no_digest")} }
        location /no_route/ {
            include cache.conf;
            add_header X-Cache-Status $upstream_cache_status;
            proxy_cache answers;
            proxy_pass http://cluster;
        }
        location /early/ {
            # Too early: body_digest comes later.
            set $early $openclaw_cache_key;
            ${location("analyze")}
        }`;
    gateway = await NativeNginx.start({
        workers: 1,
        http: `
            include openclaw.conf;
            lua_socket_log_errors off;
            init_by_lua_block {
                local digest = { algorithm = "md5", max_bytes = 100000 }
                require("resty.openclaw").setup {
                    upstreams = { cluster = { nodes = { "127.0.0.1:${(node.address() as AddressInfo).port}" } } },
                    routes = {
                        analyze = { upstream = "cluster", body_digest = digest },
                        other = { upstream = "cluster", body_digest = digest },
                        keyed = { upstream = "cluster", body_digest = { credentials = "key" } },
                        named = { upstream = "cluster", body_digest = { key_variables = { "http_X_Tenant", "http_authorization" } } },
                        asked = {
                            upstream = "cluster",
                            identity = { tell = { subject = "who", trusted = true }, required = false },
                            body_digest = digest,
                        },
                        no_digest = { upstream = "cluster" },
                    },
                }
            }
            # As far as this test goes, nobody can write it.
            map $http_x_who $who { default $http_x_who; }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}
            server { listen 127.0.0.1:${otherPort}; ${locations} }`,
        server: locations,
    });
});

afterAll(async () => {
    await gateway.stop();
    node.closeAllConnections();
    node.close();
});

beforeEach(() => {
    count += 1;
    image = `image ${count}`;
});

test("the same request is answered from the cache", async () => {
    const first = await send(ORDINARY);
    const second = await send(ORDINARY);
    expect(first).toMatchObject({ status: 200, cache: "MISS", key: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(second).toEqual({ ...first, cache: "HIT" });
});

describe("does not share an answer with", () => {
    const HOSTILE: Record<string, Request> = {
        "a GET that has the body": { method: "GET", headers: [JPEG] },
        "a HEAD that has the body": { method: "HEAD", headers: [JPEG] },
        "another Content-Type": { headers: ["Content-Type: text/html"] },
        "no Content-Type": {},
        "an empty Content-Type": { headers: ["Content-Type:"] },
        "two Content-Types": { headers: [JPEG, "Content-Type: text/html"] },
        "two Content-Types the other way round": { headers: ["Content-Type: text/html", JPEG] },
        "a Content_Type before the Content-Type": { headers: ["Content_Type: image/jpeg", "Content-Type: text/html"] },
        "a Content_Encoding before the Content-Encoding": {
            headers: [JPEG, "Content_Encoding: br", "Content-Encoding: gzip"],
        },
        "a Content-Encoding": { headers: [JPEG, "Content-Encoding: gzip"] },
        "an Accept": { headers: [JPEG, "Accept: text/event-stream"] },
        "another Host": { headers: [JPEG], host: "evil" },
        "the Host with a port, of which nodes make addresses": { headers: [JPEG], host: "gateway:1234" },
        "an address as the request's target": { headers: [JPEG], target: "http://evil/api/analyze" },
        arguments: { headers: [JPEG], target: "/api/analyze?threshold=0.1" },
        "an empty query": { headers: [JPEG], target: "/api/analyze?" },
        "the address with two slashes": { headers: [JPEG], target: "/api//analyze" },
        "the address in other letters": { headers: [JPEG], target: "/api/%61nalyze" },
    };
    for (const [name, hostile] of Object.entries(HOSTILE)) {
        test(name, () => expectApart(hostile));
    }

    test("an address whose question mark is escaped", () =>
        expectApart(
            { headers: [JPEG], target: "/api/analyze%3Fmodel=big" },
            { headers: [JPEG], target: "/api/analyze?model=big" },
        ));

    test("another threshold", () =>
        expectApart(
            { headers: [JPEG], target: "/api/analyze?threshold=0.1" },
            { headers: [JPEG], target: "/api/analyze?threshold=0.9" },
        ));

    test("parts that would run into each other", async () => {
        // A digest at the address' end, and a body that is empty; a type that holds what another header would.
        const digest = createHash("md5").update(image).digest("hex");
        await expectApart({ target: `/api/analyze${digest}`, body: "", headers: [JPEG] });
        await expectApart(
            { headers: ["Content-Type: a:4:gzip"] },
            { headers: ["Content-Type: a", "Content-Encoding: gzip"] },
        );
        await expectApart({ headers: ["Content-Type: -"] }, {});
    });

    test("another server's port", () => expectApart({ headers: [JPEG], port: otherPort }));

    test("another route", () =>
        expectApart(
            { headers: [JPEG, "X-Chosen: other"], target: "/chosen/x" },
            { headers: [JPEG, "X-Chosen: analyze"], target: "/chosen/x" },
        ));

    test("somebody else who asks", async () => {
        const of = (name: string): Request => ({ headers: [JPEG, `X-Who: ${name}`], target: "/asked/x" });
        await expectApart(of("a"), of("b"));
        await expectApart({ headers: [JPEG], target: "/asked/x" }, of("a"));
    });

    test("another address than the client's, where nginx.conf rewrites it", () =>
        expectApart(
            { headers: [JPEG, "X-Beta: 1"], target: "/rewritten/x" },
            { headers: [JPEG], target: "/rewritten/x" },
        ));
});

describe("credentials", () => {
    const CREDENTIALS = [
        "Authorization: Bearer a",
        "Authorization:",
        "Proxy-Authorization: Basic eDp5",
        "Cookie: session=1",
        "X-Api-Key: a",
        "X_Api_Key: a",
        "api-key: a",
        "apikey: a",
        "X-Auth-Token: a",
        "X-Access-Token: a",
        "X-Goog-Api-Key: a",
        "Ocp-Apim-Subscription-Key: a",
    ];
    test.for(CREDENTIALS)("keep a request out of the cache: %s", async (credential) => {
        const personal = { headers: [JPEG, credential] };
        const first = await send(personal);
        const second = await send(personal);
        expect([first.cache, second.cache]).toEqual(["BYPASS", "BYPASS"]);
        expect(first.key).toMatch(/^none-[0-9a-f]{32}$/);
        expect(second.key).not.toBe(first.key);
        await expectApart(personal);
    });

    test("are part of the key where the route says so", async () => {
        const target = "/keyed/x";
        for (const credential of CREDENTIALS) {
            await expectApart({ target, headers: [JPEG, credential] }, { target, headers: [JPEG, `${credential}b`] });
        }
        await expectApart({ target, headers: [JPEG, "Authorization: a"] }, { target, headers: [JPEG, "X-Api-Key: a"] });
    });

    test("and headers are part of it one by one", async () => {
        const target = "/named/x";
        const of = (tenant: string): Request => ({ target, headers: [JPEG, `X-Tenant: ${tenant}`] });
        await expectApart(of("a"), of("b"));
        await expectApart({ target, headers: [JPEG, "X-Tenant: a", "X-Tenant: b"] }, of("a"));
        await expectApart(
            { target, headers: [JPEG, "Authorization: a"] },
            { target, headers: [JPEG, "Authorization: b"] },
        );
        const cookie = { target, headers: [JPEG, "Cookie: a"] };
        expect((await send(cookie)).cache).toBe("BYPASS");
    });
});

describe("preconditions and ranges of a POST", () => {
    test.for([
        "If-None-Match: *",
        'If-None-Match: "1"',
        "If-Modified-Since: Wed, 01 Jan 2025 00:00:00 GMT",
        'If-Match: "2"',
        "If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT",
        "Range: bytes=0-3",
    ])("do not count: %s", async (line) => {
        const whole = await send(ORDINARY);
        for (const cache of ["HIT", "HIT"]) {
            const answer = await send({ headers: [JPEG, line] });
            expect(answer).toMatchObject({ status: 200, cache, text: whole.text });
        }
        // The one that fills the entry, and one that goes past it.
        image += line;
        expect(await send({ headers: [JPEG, line] })).toMatchObject({ status: 200, cache: "MISS" });
        const past = await send({ headers: [JPEG, line, "Authorization: a"] });
        expect(past).toMatchObject({ status: 200, cache: "BYPASS" });
        expect((await send(ORDINARY)).status).toBe(200);
    });

    test("count for a GET", async () => {
        expect((await send({ method: "GET" })).status).toBe(200);
        expect((await send({ method: "GET", headers: ["If-None-Match: *"] })).status).toBe(304);
    });
});

describe("nothing is cached", () => {
    test("of a body that has no digest", async () => {
        image = "x".repeat(100_001);
        const answers = [await send(ORDINARY), await send(ORDINARY)];
        expect(answers.map(({ cache }) => cache)).toEqual(["BYPASS", "BYPASS"]);
    });

    test.for(["/no_digest/x", "/no_route/x"])("where nobody has made a key: %s", async (target) => {
        for (const method of ["POST", "GET", "HEAD"]) {
            const answers = [await send({ method, target }), await send({ method, target })];
            expect(answers.map(({ cache }) => cache)).toEqual(["BYPASS", "BYPASS"]);
        }
    });

    test("by a key that was looked at too early", async () => {
        const of = (body: string): Request => ({ target: "/early/x", body, headers: [JPEG] });
        await expectApart(of("one"), of("other"));
    });
});

test("the longest request that nginx takes leaves the key as short", async () => {
    const long = "x".repeat(15_000);
    const request = { target: `/api/${long}?${"y".repeat(900)}`, headers: [`Content-Type: ${long}`] };
    const first = await send(request);
    expect(first).toMatchObject({ status: 200, cache: "MISS", key: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await send(request)).cache).toBe("HIT");
    expect(await gateway.errorLog()).not.toContain("proxy_buffer_size");
});
