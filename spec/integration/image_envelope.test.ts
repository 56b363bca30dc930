/** JSON answers of nodes inside an envelope, in a real nginx: which answers get one, and what caches, filters and clients see of it. */
import { chmod, readFile, rm } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, makePrefix, NativeNginx } from "./support/native_nginx";

const RESULT = '{ "label" : "crawfish",\n "score":1.0e-2, "x":"\\u00e9\u00e9" }\n';
const LARGE = `["${"0123456789".repeat(60_000)}"]`;

let asked = 0;
/** What lets the answers of the kind "held" go on. */
const release: (() => void)[] = [];

interface Told {
    status?: number;
    type?: string;
    headers?: Record<string, string>;
    pieces?: string[];
    /** Whether its length is said. */
    hasLength?: boolean;
    /** Whether the node breaks off after the pieces. */
    isCut?: boolean;
}

const KINDS: Record<string, Told> = {
    plain: {},
    large: { pieces: [LARGE] },
    chunked: { pieces: ["{", '"a":', "[1,2", "]}"], hasLength: false },
    empty: { pieces: [] },
    emptychunked: { pieces: [], hasLength: false },
    problem: { type: "application/vnd.pond+json; charset=utf-8" },
    created: { status: 201 },
    text: { type: "text/plain" },
    untyped: { type: "" },
    stream: { type: "text/event-stream", pieces: ['data: {"a":1}\n\n'], hasLength: false },
    lines: { type: "application/stream+json", pieces: ['{"a":1}\n', '{"a":2}\n'], hasLength: false },
    failure: { status: 422 },
    broken: { status: 500 },
    part: { status: 206, headers: { "Content-Range": "bytes 0-3/10" } },
    encoded: { headers: { "Content-Encoding": "br" } },
    identity: { headers: { "Content-Encoding": "identity" } },
    tagged: {
        headers: {
            ETag: '"one"',
            "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT",
            "Accept-Ranges": "bytes",
            "Content-MD5": "Q2hlY2sgSW50ZWdyaXR5IQ==",
            Digest: "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
            "Content-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
            "Repr-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
            "Cache-Control": "max-age=60",
        },
    },
    cut: { pieces: [LARGE.slice(0, 300_000)], isCut: true },
    cutsoon: { pieces: [RESULT.slice(0, 10)], isCut: true },
    cutchunked: { pieces: [LARGE.slice(0, 300_000)], hasLength: false, isCut: true },
};

const node = http.createServer((request, response) => {
    request.resume().on("end", () => {
        asked += 1;
        const kind = new URL(request.url ?? "/", "http://node").searchParams.get("kind") ?? "plain";
        if (kind === "none") return void response.writeHead(204).end();
        const { status, type, headers, pieces, hasLength, isCut } = KINDS[kind] ?? {};
        const parts = pieces ?? [RESULT];
        response.statusCode = status ?? 200;
        if (type !== "") response.setHeader("Content-Type", type ?? "application/json");
        for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
        if (hasLength !== false) {
            const bytes = Buffer.byteLength(isCut === true ? LARGE : parts.join(""));
            response.setHeader("Content-Length", bytes);
        }
        const finish = (): void => {
            if (isCut === true) response.write(parts.join(""), () => setTimeout(() => response.destroy(), 50));
            else response.end(parts.at(-1));
        };
        if (kind !== "held") response.flushHeaders();
        if (isCut !== true) for (const part of parts.slice(0, -1)) response.write(part);
        if (kind === "held") release.push(finish);
        else finish();
    });
});

let gateway: NativeNginx;
let h2Port: number;
let deadPort: number;
let store: string;

const PLUGIN = `
    local envelope = require("resty.openclaw.image.envelope")
    local wrapped = {
        name = "wrapped", meaning = "the envelope", schema = {}, order = { header_filter = 900, body_filter = 900 },
        create = function()
            local hook = envelope.new_hook()
            return {
                header_filter = function() envelope.header_filter(hook) end,
                body_filter = function() envelope.body_filter(hook) end,
                log = function() if envelope.is_lost(hook) then ngx.log(ngx.ERR, "the hook is missing") end end,
            }
        end,
    }`;

beforeAll(async () => {
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    const nodePort = (node.address() as AddressInfo).port;
    [h2Port, deadPort] = [await freePort(), await freePort()];
    store = await makePrefix();
    await chmod(store, 0o777);
    gateway = await NativeNginx.start({
        workers: 2,
        main: "thread_pool default threads=1;",
        http: `
            include openclaw.conf;
            init_by_lua_block {
                ${PLUGIN}
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(wrapped) },
                    upstreams = {
                        cluster = { nodes = { "127.0.0.1:${nodePort}" } },
                        dead = { nodes = { "127.0.0.1:${deadPort}" }, fallback = "cluster" },
                        gone = { nodes = { "127.0.0.1:${deadPort}" } },
                    },
                    routes = {
                        plain = { upstream = "cluster", wrapped = {}, inference = {} },
                        bare = { upstream = "cluster", inference = {} },
                        cached = { upstream = "cluster", wrapped = {}, cache = { shared = true } },
                        kept = { upstream = "cluster", wrapped = {}, cache = { shared = true, errors = { "error" } } },
                        degraded = { upstream = "dead", wrapped = {} },
                        edge = { upstream = "gone", wrapped = {}, edge = { store = "${store}/jobs", through = "http://127.0.0.1:9" } },
                    },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}
            ${balancedUpstream("dead")}
            ${balancedUpstream("gone")}
            log_format length '$sent_http_content_length $body_bytes_sent $request_method';`,
        server: `
            listen 127.0.0.1:${h2Port} http2;
            include errors.conf;
            include proxy.conf;
            include edge.conf;
            location /plain { set $openclaw_route plain; include route.conf; include inference.conf; proxy_pass http://cluster; }
            location /bare { set $openclaw_route bare; include route.conf; include inference.conf; proxy_pass http://cluster; }
            location /logged {
                set $openclaw_route plain; include route.conf; include inference.conf; proxy_pass http://cluster;
                access_log ${store}/lengths.log length;
            }
            location /model {
                set $openclaw_route plain; set $openclaw_model 'a"b\\c\td';
                include route.conf; include inference.conf; proxy_pass http://cluster;
            }
            location /buffered {
                set $openclaw_route plain; include route.conf; include inference.conf;
                proxy_buffering on; proxy_buffers 4 4k; proxy_buffer_size 4k; proxy_busy_buffers_size 4k; proxy_pass http://cluster;
            }
            location /zipped {
                set $openclaw_route plain; include route.conf; include inference.conf; proxy_pass http://cluster;
                gzip on; gzip_types application/json; gzip_min_length 1;
            }
            location /forced {
                set $openclaw_route plain; include route.conf; include inference.conf; proxy_pass http://cluster;
                proxy_buffering on; proxy_force_ranges on;
            }
            location /cached { set $openclaw_route cached; include route.conf; include cache.conf; proxy_cache answers; proxy_pass http://cluster; }
            location /kept { set $openclaw_route kept; include route.conf; include cache.conf; proxy_cache answers; proxy_pass http://cluster; }
            location /degraded {
                set $openclaw_route degraded; include route.conf; include inference.conf; proxy_pass http://dead;
            }
            location /edge {
                set $openclaw_route edge; include route.conf; include inference.conf; include edge_route.conf; proxy_pass http://gone;
            }
            location /nowhere {
                error_page 502 = /plain?kind=plain;
                proxy_pass http://127.0.0.1:${deadPort};
            }
            location = /around { content_by_lua_block { ngx.print(ngx.location.capture("/plain").body) } }
            location /made {
                set $openclaw_route plain; include route.conf; include inference.conf;
                content_by_lua_block {
                    ngx.header["Content-Type"] = "application/json"
                    for _, piece in ipairs({ "[1", false, ",2", "]" }) do
                        if piece then ngx.print(piece) end
                        ngx.flush(true)
                    end
                }
            }`,
    });
});

/** Answers say their length once their worker has seen the hook for bodies in their location. */
beforeAll(async () => {
    for (const location of ["plain", "buffered", "zipped", "logged", "cached", "kept"]) {
        await eventually(`the answers of ${location} say their length`, async () => {
            const some = Array.from({ length: 8 }, (_, index) => ask(`/${location}`, {}, `${Math.random()} ${index}`));
            return (await Promise.all(some)).every(({ headers }) => headers["content-length"] !== undefined);
        });
    }
});

afterAll(async () => {
    await gateway.stop();
    node.closeAllConnections();
    node.close();
    await rm(store, { recursive: true, force: true });
});

interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: Buffer;
    /** Whether it came to its end. */
    isWhole: boolean;
}

function ask(target: string, options: http.RequestOptions = {}, body = "image"): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const sent = http.request(gateway.url(target), { method: "POST", agent: false, ...options }, (answer) => {
            const chunks: Buffer[] = [];
            const end = (isWhole: boolean): void =>
                resolve({
                    status: answer.statusCode ?? 0,
                    headers: answer.headers,
                    body: Buffer.concat(chunks),
                    isWhole: isWhole && answer.complete,
                });
            answer.on("data", (chunk: Buffer) => chunks.push(chunk));
            answer.on("end", () => end(true)).on("error", () => end(false));
        });
        sent.on("error", reject).end(options.method === "GET" || options.method === "HEAD" ? undefined : body);
    });
}

const HEAD =
    /^\{"id":("[^"]*"),"model":(null|"(?:[^"\\]|\\.)*"),"degraded":(true|false),"cached":(true|false),"latency_ms":(\d+),"node":(null|"[^"]*"),"result":/;

interface Opened {
    id: string;
    model: string | null;
    degraded: boolean;
    cached: boolean;
    latency_ms: number;
    node: string | null;
    /** Its bytes. */
    result: string;
}

/** Takes an answer out of its envelope, which must be of exactly that form, and as long as the header says. */
function open({ status, headers, body, isWhole }: Answer): Opened {
    expect({ status, isWhole }, body.toString().slice(0, 200)).toMatchObject({ isWhole: true });
    const text = body.toString();
    const [all] = HEAD.exec(text) ?? [];
    expect(all, text.slice(0, 200)).toBeDefined();
    expect(text.at(-1)).toBe("}");
    const length = headers["content-length"];
    if (length !== undefined) expect(Number(length)).toBe(body.length);
    const parsed = JSON.parse(text) as Opened;
    return { ...parsed, result: text.slice(all?.length, -1) };
}

test("a JSON answer comes in an envelope, with the node's bytes as they are", async () => {
    const answer = await ask("/plain", { headers: { "X-Request-Id": "camera-7" } });
    expect(answer.headers["content-length"]).toBe(String(answer.body.length));
    expect(answer.headers["content-type"]).toBe("application/json");
    const { latency_ms: latency, ...rest } = open(answer);
    const port = (node.address() as AddressInfo).port;
    expect(rest).toEqual({
        id: "camera-7",
        model: null,
        degraded: false,
        cached: false,
        node: `127.0.0.1:${port}`,
        result: RESULT,
    });
    expect(rest.node).toBe(answer.headers["x-openclaw-node"]);
    expect(latency).toBeLessThan(10_000);
});

test("the id is the one in X-Request-Id", async () => {
    const answer = await ask("/plain");
    expect(open(answer).id).toMatch(/^[0-9a-f]{32}$/);
    expect(open(answer).id).toBe(answer.headers["x-request-id"]);
    const odd = await ask("/plain", { headers: { "X-Request-Id": 'x","model":"y' } });
    expect(open(odd).id).toMatch(/^[0-9a-f]{32}$/);
});

test("the time that the request took is in milliseconds", async () => {
    const asking = ask("/plain?kind=held");
    await eventually("the node was asked", () => release.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 120));
    for (const one of release.splice(0)) one();
    const { latency_ms: latency } = open(await asking);
    expect(latency).toBeGreaterThanOrEqual(100);
    expect(Number.isInteger(latency)).toBe(true);
});

test("the model is that of the variable, whatever is in it", async () => {
    const answer = await ask("/model");
    expect(open(answer).model).toBe('a"b\\c\td');
});

test.each(["plain", "buffered", "zipped"])("answers of any length, in any pieces: %s", async (location) => {
    for (const kind of ["large", "chunked", "problem", "created", "identity"]) {
        const answer = await ask(`/${location}?kind=${kind}`);
        expect(answer.status).toBe(kind === "created" ? 201 : 200);
        expect(open(answer).result).toBe(KINDS[kind]?.pieces?.join("") ?? RESULT);
        if (kind === "chunked") expect(answer.headers["content-length"]).toBeUndefined();
        else expect(answer.headers["content-length"]).toBe(String(answer.body.length));
    }
});

test("an answer may come in pieces, with flushes before the first and the last", async () => {
    expect(open(await ask("/made")).result).toBe("[1,2]");
});

test("an empty body is null", async () => {
    for (const kind of ["empty", "emptychunked"]) {
        for (const location of ["plain", "buffered", "cached"]) {
            const answer = await ask(`/${location}?kind=${kind}`, {}, `${location} ${kind}`);
            expect(open(answer).result).toBe("null");
            if (kind === "empty") expect(answer.headers["content-length"]).toBe(String(answer.body.length));
        }
    }
});

test("what is no JSON of a whole answer passes as it is, header and all", async () => {
    const kinds = ["text", "untyped", "stream", "lines", "failure", "broken", "part", "encoded", "none"];
    for (const kind of kinds) {
        const own = { date: "", "x-request-id": "" };
        const [wrapped, bare] = (await Promise.all([ask(`/plain?kind=${kind}`), ask(`/bare?kind=${kind}`)])).map(
            (answer) => ({
                ...answer,
                headers: { ...answer.headers, ...own },
            }),
        );
        expect(wrapped, kind).toEqual(bare);
    }
});

test("HEAD says nothing that is not true of a GET", async () => {
    for (const kind of ["tagged", "plain"]) {
        const answer = await ask(`/plain?kind=${kind}`, { method: "HEAD" });
        expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0), isWhole: true });
        for (const name of ["content-length", "etag", "last-modified", "accept-ranges"]) {
            expect(answer.headers[name], name).toBeUndefined();
        }
        expect(open(await ask(`/plain?kind=${kind}`, { method: "GET" })).result).toBe(RESULT);
    }
});

test("headers that are true of the node's bytes only are gone", async () => {
    for (const location of ["plain", "cached", "cached"]) {
        const answer = await ask(`/${location}?kind=tagged`, {}, "tagged");
        expect(open(answer).result).toBe(RESULT);
        for (const name of Object.keys(KINDS.tagged?.headers ?? {})) {
            if (name !== "Cache-Control") expect(answer.headers[name.toLowerCase()], name).toBeUndefined();
        }
        expect(answer.headers["cache-control"]).toBe("max-age=60");
    }
});

test("who asks for a part gets the whole", async () => {
    for (const target of ["/plain?kind=tagged", "/cached?kind=tagged", "/cached?kind=tagged", "/forced"]) {
        const answer = await ask(target, { headers: { Range: "bytes=0-3" } }, "ranges");
        expect(answer.status).toBe(200);
        expect(open(answer).result).toBe(RESULT);
    }
});

test("who has the node's answer gets 304 without an envelope", async () => {
    const headers = { "If-None-Match": '"one"' };
    const answer = await ask("/cached?kind=tagged", { headers, method: "GET" });
    expect(answer).toMatchObject({ status: 304, body: Buffer.alloc(0) });
});

test("an answer that the node cuts short is broken for the client, and has no end", async () => {
    for (const location of ["plain", "buffered", "cached"]) {
        for (const kind of ["cut", "cutsoon", "cutchunked"]) {
            const answer = await ask(`/${location}?kind=${kind}`, {}, `${location} ${kind}`);
            expect(answer, `${location} ${kind}`).toMatchObject({ status: 200, isWhole: false });
            expect(answer.body.toString().endsWith("}")).toBe(false);
        }
    }
});

test("nginx's cache has the node's answer, and the envelope is the request's own", async () => {
    for (const kind of ["plain", "large", "chunked", "empty"]) {
        const before = asked;
        const first = open(await ask(`/cached?kind=${kind}`, {}, `again ${kind}`));
        const answer = await ask(`/cached?kind=${kind}`, { headers: { "X-Request-Id": "second" } }, `again ${kind}`);
        const second = open(answer);
        expect(asked).toBe(before + 1);
        expect(answer.headers["x-cache-status"]).toBe("HIT");
        expect([first.cached, second.cached]).toEqual([false, true]);
        expect(first.node).not.toBeNull();
        expect(second).toMatchObject({ id: "second", node: null, result: first.result });
        if (kind !== "chunked") expect(answer.headers["content-length"]).toBe(String(answer.body.length));
    }
});

test("the gateway's own store has the node's answer", async () => {
    for (const kind of ["plain", "chunked", "large"]) {
        const before = asked;
        const first = open(await ask(`/kept?kind=${kind}`, {}, `kept ${kind}`));
        const answer = await ask(`/kept?kind=${kind}`, { headers: { "X-Request-Id": "second" } }, `kept ${kind}`);
        const second = open(answer);
        // JSON that is too long to be looked at is not kept.
        expect(asked).toBe(kind === "large" ? before + 2 : before + 1);
        expect([first.cached, second.cached]).toEqual([false, kind !== "large"]);
        expect(second).toMatchObject({ id: "second", result: first.result });
        if (kind !== "large") expect(second.node).toBeNull();
        if (kind !== "chunked") expect(answer.headers["content-length"]).toBe(String(answer.body.length));
    }
});

test("requests that wait for the same answer each get an envelope of their own", async () => {
    for (const location of ["cached", "kept"]) {
        const before = asked;
        const asking = ["a", "b", "c", "d"].map((id) =>
            ask(`/${location}?kind=held`, { headers: { "X-Request-Id": id } }, `together ${location}`),
        );
        await eventually("the node was asked", () => release.length > 0);
        for (const one of release.splice(0)) one();
        const answers = (await Promise.all(asking)).map(open);
        expect(asked).toBe(before + 1);
        expect(answers.map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
        expect(answers.map(({ result }) => result)).toEqual(answers.map(() => RESULT));
        expect(answers.filter(({ cached }) => cached)).toHaveLength(3);
    }
});

test("nginx compresses the envelope as well", async () => {
    const answer = await ask("/zipped?kind=large", { headers: { "Accept-Encoding": "gzip" } });
    expect(answer.headers["content-encoding"]).toBe("gzip");
    const unpacked = { ...answer, body: gunzipSync(answer.body), headers: {} };
    expect(open(unpacked).result).toBe(LARGE);
});

test("over HTTP/2 it is the same", async () => {
    const session = http2.connect(`http://127.0.0.1:${h2Port}`);
    try {
        for (const kind of ["plain", "large", "chunked", "empty"]) {
            const stream = session.request({ ":path": `/plain?kind=${kind}`, ":method": "POST" });
            const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) => {
                stream.once("response", resolve);
                stream.end("image");
            });
            const chunks: Buffer[] = [];
            for await (const chunk of stream) chunks.push(chunk as Buffer);
            const body = Buffer.concat(chunks);
            const { result } = open({ status: 200, headers, body, isWhole: true });
            expect(result).toBe(kind === "empty" ? "null" : (KINDS[kind]?.pieces?.join("") ?? RESULT));
        }
    } finally {
        session.close();
    }
});

test("an answer of the fallback is degraded", async () => {
    expect(open(await ask("/degraded"))).toMatchObject({ degraded: true, result: RESULT });
});

test("an answer after an internal redirect has one envelope", async () => {
    expect(open(await ask("/nowhere", { method: "GET" })).result).toBe(RESULT);
});

test("a subrequest gets what the node has said", async () => {
    const answer = await ask("/around", { method: "GET" });
    expect(answer.body.toString()).toBe(RESULT);
});

test("what the gateway itself answers passes as it is", async () => {
    const answer = await ask("/edge");
    expect(answer).toMatchObject({ status: 202, isWhole: true });
    expect(Object.keys(JSON.parse(answer.body.toString()) as object)).not.toContain("result");
});

test("the access log has the length that was sent", async () => {
    const before = (await log()).length;
    await ask("/logged?kind=plain");
    await ask("/logged?kind=large");
    await gateway.waitFor("both lines", async () => (await log()).length === before + 2);
    for (const line of (await log()).slice(before)) expect(line).toMatch(/^(\d+) \1 POST$/);
});

async function log(): Promise<string[]> {
    const text = await readFile(`${store}/lengths.log`, "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "");
}

test("nothing was reported", async () => {
    const lines = (await gateway.errorLog()).split("\n").filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line));
    const expected =
        /upstream prematurely closed|Connection refused|it is no JSON, or ends too early|cannot reach this gateway/;
    expect(lines.filter((line) => !expected.test(line))).toEqual([]);
});
