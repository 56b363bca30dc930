/** The recipes of docs/recipes.md do what they say: each configuration is run as it stands there, but for its addresses. */
import { readFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { makePrefix, NativeNginx, TEMPORARY_PATHS } from "./support/native_nginx";
import type { Answer } from "./support/scenario";
import { ask, inParallel, JPEG, post } from "./support/scenario";
import { readSnippets } from "./support/snippets";

const PAGE = path.join(CHECKOUT, "docs/recipes.md");
const TLS = path.join(CHECKOUT, "spec/support/tls");
const CA = readFileSync(path.join(TLS, "ca.pem"), "utf8");
const CERTIFICATE = readFileSync(path.join(TLS, "server.pem"), "utf8");
const KEY = readFileSync(path.join(TLS, "server.key"), "utf8");
const FILES = ["openclaw", "errors", "proxy", "route", "cache", "admin", "retry_post", "inference"];

/** The configuration of the recipe with this heading. */
function snippetOf(heading: string): string {
    const lines = readFileSync(PAGE, "utf8").split("\n");
    const begin = lines.indexOf(`## ${heading}`) + 1;
    const snippet = readSnippets(PAGE).find(({ line, context }) => begin > 0 && line > begin && context === "main");
    if (snippet === undefined) throw new Error(`docs/recipes.md has no "${heading}"`);
    return snippet.text;
}

/** Replaces texts, each of which must be there. */
function replaced(text: string, replacements: Record<string, string>): string {
    for (const [from, to] of Object.entries(replacements)) {
        if (!text.includes(from)) throw new Error(`the recipe does not say: ${from}`);
        text = text.replaceAll(from, () => to);
    }
    return text;
}

class Recipe {
    private constructor(
        readonly nginx: NativeNginx,
        private readonly port: number,
    ) {}

    /** Runs a recipe with one worker; the replacements give it the addresses of nodes, for instance. */
    static async start(heading: string, replacements: Record<string, string>): Promise<Recipe> {
        const port = await freePort();
        const text = replaced(snippetOf(heading), replacements)
            .replace(/listen {1,2}(8080|8081)/, `listen 127.0.0.1:${port}`)
            .replace("/opt/openclaw/lua-out", "$prefix/lua-out")
            .replaceAll("/opt/openclaw/", "")
            .replace(
                "http {",
                `http {
                    access_log off;
                    ${TEMPORARY_PATHS}`,
            );
        const included = FILES.map((name) => [
            `nginx/${name}.conf`,
            readFileSync(path.join(CHECKOUT, `nginx/${name}.conf`), "utf8"),
        ]);
        const config = `worker_processes 1; pid run/nginx.pid; error_log error.log info;\n${text}`;
        const files = {
            ...Object.fromEntries(included),
            "conf/ca.pem": CA,
            "conf/no_authority.pem": CERTIFICATE,
            "nginx.conf": config,
        };
        const nginx = await NativeNginx.start({ workers: 1, server: "", files });
        return new Recipe(nginx, port);
    }

    url(pathAndQuery = "/api/analyze"): string {
        return `http://127.0.0.1:${this.port}${pathAndQuery}`;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.nginx.stop();
    }
}

/** A server of the test's own on a free port of 127.0.0.1, until it is disposed of. */
class Node {
    readonly sockets = new Set<Socket>();

    private constructor(private readonly server: Server) {
        server.on("connection", (socket: Socket) => {
            this.sockets.add(socket);
            socket.on("close", () => this.sockets.delete(socket)).on("error", () => undefined);
        });
    }

    static async start(server: Server): Promise<Node> {
        const node = new Node(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return node;
    }

    get address(): string {
        return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        const closed = new Promise((resolve) => this.server.close(resolve));
        for (const socket of this.sockets) socket.destroy();
        await closed;
    }
}

/** A node that answers each request with its headers. */
function mirror(): http.Server {
    return http.createServer((request, answer) => {
        request.resume().on("end", () => answer.end(JSON.stringify(request.headers)));
    });
}

/** A node whose answers can't be stored; it keeps each until `end` is called, and notes how many it had at once. */
function gate(end: (answer: () => void, held: number) => void): { server: http.Server; most: () => number } {
    let held = 0;
    let most = 0;
    const server = http.createServer((request, answer) => {
        held += 1;
        most = Math.max(most, held);
        const finish = (): void => {
            held -= 1;
            answer.setHeader("Cache-Control", "no-store").end("random\n");
        };
        request.resume().on("end", () => end(finish, held));
    });
    return { server, most: () => most };
}

function inTurn(count: number, work: () => Promise<Answer>): Promise<Answer[]> {
    return inParallel(count, 1, work);
}

test("HTTPS nodes: SNI, and a certificate that is trusted and has the name", async () => {
    const names: unknown[] = [];
    const server = https.createServer({ key: KEY, cert: CERTIFICATE }, (request, answer) => {
        names.push((request.socket as TLSSocket & { servername?: string }).servername);
        answer.end("{}");
    });
    await using node = await Node.start(server);
    const nodes = { "10.0.1.10:8443": node.address, ', "10.0.1.11:8443"': "" };
    {
        await using recipe = await Recipe.start("HTTPS nodes", { ...nodes, "models.example": "sink.test" });
        expect(await ask(recipe.url())).toMatchObject({ status: 200 });
        expect(names).toEqual(["sink.test"]);
    }
    {
        await using recipe = await Recipe.start("HTTPS nodes", nodes);
        expect(await ask(recipe.url())).toMatchObject({ status: 502, json: { error: { code: "bad_gateway" } } });
        expect(await recipe.nginx.errorLog()).toContain('upstream SSL certificate does not match "models.example"');
    }
    {
        await using recipe = await Recipe.start("HTTPS nodes", {
            ...nodes,
            "models.example": "sink.test",
            "conf/ca.pem": "conf/no_authority.pem",
        });
        expect(await ask(recipe.url())).toMatchObject({ status: 502 });
        expect(await recipe.nginx.errorLog()).toContain("upstream SSL certificate verify error");
    }
    expect(names).toHaveLength(1);
});

test("behind a TLS load balancer: the client's address and scheme, from the load balancer alone", async () => {
    await using node = await Node.start(mirror());
    const nodes = { "10.0.1.10:8000": node.address, ', "10.0.1.11:8000"': "" };
    const headers = { "X-Forwarded-For": "192.0.2.66, 203.0.113.7, 127.0.0.9", "X-Forwarded-Proto": "https" };
    {
        await using recipe = await Recipe.start("Behind a TLS load balancer", {
            ...nodes,
            "10.0.0.0/24": "127.0.0.0/8",
        });
        const { json } = await ask(recipe.url(), { headers });
        expect(json).toMatchObject({
            "x-real-ip": "203.0.113.7",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-proto": "https",
        });
        const odd = await ask(recipe.url(), { headers: { ...headers, "X-Forwarded-Proto": "https, http" } });
        expect(odd.json).toMatchObject({ "x-forwarded-proto": "http" });
    }
    await using recipe = await Recipe.start("Behind a TLS load balancer", nodes);
    const { json } = await ask(recipe.url(), { headers });
    expect(json).toMatchObject({
        "x-real-ip": "127.0.0.1",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    });
});

test("canary: round_robin keeps the shares", async () => {
    await using old = await Node.start(mirror());
    await using canary = await Node.start(mirror());
    await using recipe = await Recipe.start("Canary", {
        "10.0.1.10:8000": old.address,
        "10.0.1.20:8000": canary.address,
    });
    const answers = await inTurn(200, () => ask(recipe.url()));
    expect(answers.filter(({ status, node }) => status === 200 && node === old.address)).toHaveLength(198);
    expect(answers.filter(({ status, node }) => status === 200 && node === canary.address)).toHaveLength(2);
});

test("take a node out of service: it gets nothing until the admin API takes it back", async () => {
    await using first = await Node.start(mirror());
    await using second = await Node.start(mirror());
    await using recipe = await Recipe.start("Take a node out of service", {
        "10.0.1.10:8000": first.address,
        "10.0.1.11:8000": second.address,
    });
    const answers = await inTurn(20, () => ask(recipe.url()));
    expect(answers.filter(({ node }) => node === first.address)).toHaveLength(20);
    const one = recipe.url(`/openclaw/upstreams/cluster/nodes/${second.address}`);
    expect((await ask(one)).json).toMatchObject({ state: "draining", in_flight: 0 });
    const change = { method: "PUT", headers: { "Content-Type": "application/json" }, body: '{"drain":false}' };
    expect((await ask(one, change)).json).toMatchObject({ state: "healthy" });
    await eventually("it gets requests", async () => (await ask(recipe.url())).node === second.address);
});

/** A node that answers the first request of each connection, and breaks the connection off at the second. */
function closing(): { server: http.Server; counts: { connections: number; requests: number } } {
    const counts = { connections: 0, requests: 0 };
    const used = new WeakSet<Socket>();
    const server = http.createServer((request, answer) => {
        counts.requests += 1;
        if (used.has(request.socket)) return request.socket.destroy();
        used.add(request.socket);
        return request.resume().on("end", () => answer.end("{}"));
    });
    server.keepAliveTimeout = 600_000;
    server.on("connection", () => (counts.connections += 1));
    return { server, counts };
}

test("keep-alive shorter than the node's: nginx closes first, else a POST may get 502", async () => {
    const { server, counts } = closing();
    await using node = await Node.start(server);
    const nodes = { "10.0.1.10:8000": node.address, ', "10.0.1.11:8000"': "" };
    const heading = "Keep-alive shorter than the node's";
    {
        await using recipe = await Recipe.start(heading, { ...nodes, "keepalive_timeout 4s": "keepalive_timeout 1s" });
        for (let round = 1; round <= 2; round += 1) {
            expect(await post(recipe.url(), JPEG)).toMatchObject({ status: 200 });
            await eventually("nginx has closed the connection", () => node.sockets.size === 0);
            expect(counts).toEqual({ connections: round, requests: round });
        }
    }
    {
        await using recipe = await Recipe.start(heading, {
            ...nodes,
            "keepalive_timeout 4s": "keepalive_timeout 600s",
        });
        expect(await post(recipe.url(), JPEG)).toMatchObject({ status: 200 });
        expect(await post(recipe.url(), JPEG)).toMatchObject({ status: 502 });
        expect(await ask(recipe.url())).toMatchObject({ status: 200 });
        expect(await ask(recipe.url())).toMatchObject({ status: 200 });
    }
    await using recipe = await Recipe.start(heading, {
        ...nodes,
        "keepalive_timeout 4s": "keepalive_timeout 600s",
        "proxy_pass http://cluster;": "include /opt/openclaw/nginx/retry_post.conf; proxy_pass http://cluster;",
    });
    expect(await post(recipe.url(), JPEG)).toMatchObject({ status: 200 });
    expect(await post(recipe.url(), JPEG)).toMatchObject({ status: 200 });
});

interface Call {
    status: unknown;
    trailers: http2.IncomingHttpHeaders;
    body: Buffer;
}

/** A unary call over plaintext HTTP/2. */
async function call(url: string, message: Buffer): Promise<Call> {
    const session = http2.connect(new URL(url).origin);
    const stream = session.request({
        ":method": "POST",
        ":path": new URL(url).pathname,
        "content-type": "application/grpc",
        te: "trailers",
    });
    let status: unknown;
    let trailers: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => (status = headers[":status"]));
    stream.on("trailers", (headers) => (trailers = headers));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.end(message);
    await new Promise((resolve, reject) => {
        stream.on("close", resolve).on("error", reject);
        session.on("error", reject);
    });
    session.close();
    return { status, trailers, body: Buffer.concat(chunks) };
}

/** A gRPC node that answers with the message it got, and the trailer grpc-status. */
function grpcNode(grpcStatus: string): http2.Http2Server {
    const server = http2.createServer();
    server.on("stream", (stream) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
            stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
            stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
            stream.end(Buffer.concat(chunks));
        });
        stream.on("error", () => undefined);
    });
    return server;
}

test("gRPC: calls are balanced, and another node takes over for one that is gone", async () => {
    await using first = await Node.start(grpcNode("0"));
    await using second = await Node.start(grpcNode("0"));
    const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from("hello")]);
    const infer = "/inference.GRPCInferenceService/ModelInfer";
    {
        await using recipe = await Recipe.start("gRPC", {
            "10.0.1.10:8001": first.address,
            "10.0.1.11:8001": second.address,
        });
        await inParallel(20, 4, async () => {
            const { status, trailers, body } = await call(recipe.url(infer), message);
            expect({ status, body }).toEqual({ status: 200, body: message });
            expect(trailers["grpc-status"]).toBe("0");
        });
    }
    {
        await using recipe = await Recipe.start("gRPC", {
            "10.0.1.10:8001": first.address,
            "10.0.1.11:8001": `127.0.0.1:${await freePort()}`,
        });
        for (let round = 0; round < 6; round += 1) {
            expect((await call(recipe.url(infer), message)).trailers["grpc-status"]).toBe("0");
        }
    }
    // 14 is UNAVAILABLE. The node has answered, so it stays in use.
    await using unwilling = await Node.start(grpcNode("14"));
    await using recipe = await Recipe.start("gRPC", {
        "10.0.1.10:8001": unwilling.address,
        ', "10.0.1.11:8001"': "",
    });
    for (let round = 0; round < 6; round += 1) {
        const { status, trailers } = await call(recipe.url(infer), message);
        expect({ status, code: trailers["grpc-status"] }).toEqual({ status: 200, code: "14" });
    }
    expect(await recipe.nginx.errorLog()).not.toContain("is down");
});

test("large response headers: 502 without the buffers, 200 with them", async () => {
    const server = http.createServer((_request, answer) => {
        answer.setHeader("X-Policy", "p".repeat(14_000)).end("{}");
    });
    await using node = await Node.start(server);
    const nodes = { "10.0.1.10:8000": node.address, ', "10.0.1.11:8000"': "" };
    {
        await using recipe = await Recipe.start("Large response headers", nodes);
        const { status, headers } = await ask(recipe.url());
        expect({ status, length: headers.get("x-policy")?.length }).toEqual({ status: 200, length: 14_000 });
    }
    await using recipe = await Recipe.start("Large response headers", {
        ...nodes,
        "proxy_buffer_size 32k;": "",
        "proxy_buffers     4 32k;": "",
    });
    expect(await ask(recipe.url())).toMatchObject({ status: 502 });
    expect(await recipe.nginx.errorLog()).toContain("upstream sent too big header");
});

test("responses that cannot be cached: they wait for each other, unless they skip the lock", async () => {
    const heading = "Responses that cannot be cached";
    {
        // None is answered before all are there.
        const waiting: (() => void)[] = [];
        const { server, most } = gate((answer, held) => {
            waiting.push(answer);
            if (held === 3) for (const one of waiting) one();
        });
        await using node = await Node.start(server);
        await using recipe = await Recipe.start(heading, { "10.0.1.10:8000": node.address, ', "10.0.1.11:8000"': "" });
        const answers = await inParallel(3, 3, () => post(recipe.url("/api/analyze?sample=random"), JPEG));
        expect(answers.map(({ status, cache }) => [status, cache])).toEqual(Array(3).fill([200, "BYPASS"]));
        expect(most()).toBe(3);
    }
    // Long enough for the others to come meanwhile, if they were let.
    const { server, most } = gate((answer) => setTimeout(answer, 300));
    await using node = await Node.start(server);
    await using recipe = await Recipe.start(heading, { "10.0.1.10:8000": node.address, ', "10.0.1.11:8000"': "" });
    const answers = await inParallel(3, 3, () => post(recipe.url(), JPEG));
    expect(answers.map(({ status, cache }) => [status, cache])).toEqual(Array(3).fill([200, "MISS"]));
    expect(most()).toBe(1);
});

test("images in multipart or JSON: only what is sent as an image is checked", async () => {
    await using node = await Node.start(mirror());
    await using recipe = await Recipe.start("Images in multipart or JSON", {
        "10.0.1.10:8000": node.address,
        ', "10.0.1.11:8000"': "",
    });
    const send = (type: string, body: BodyInit): Promise<Answer> =>
        ask(recipe.url(), { method: "POST", headers: { "Content-Type": type }, body });
    expect(await send("image/jpeg", new Uint8Array(JPEG))).toMatchObject({ status: 200 });
    expect(await send("image/jpeg", "text")).toMatchObject({
        status: 415,
        json: { error: { code: "unsupported_media_type" } },
    });
    expect(await send("application/jsonx", "{}")).toMatchObject({ status: 415 });
    expect(await send("Application/JSON; charset=utf-8", "{}")).toMatchObject({ status: 200 });
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(JPEG)]), "pond.jpg");
    expect(await ask(recipe.url(), { method: "POST", body: form })).toMatchObject({ status: 200 });
});

test("protect a language model: keys, limits of requests and tokens, and a place for each request", async () => {
    const used = { prompt_tokens: 10, completion_tokens: 90, total_tokens: 100 };
    const answer = JSON.stringify({ object: "chat.completion", model: "m", choices: [], usage: used });
    await using node = await Node.start(
        http.createServer((request, response) => {
            request.resume().on("end", () => response.setHeader("Content-Type", "application/json").end(answer));
        }),
    );
    const folder = await makePrefix();
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const keys = path.join(folder, "api_keys");
    const [key = ""] = (await run("tools/new_api_key.sh", "--file", keys, "camera-7", "tenant=pond")).split("\n");
    await chmod(keys, 0o644);
    await using recipe = await Recipe.start("Protect a language model", {
        "10.0.1.10:8000": node.address,
        ', "10.0.1.11:8000"': "",
        "/opt/openclaw/conf/api_keys": keys,
    });
    const chat = (asked: number, headers: Record<string, string> = { "X-API-Key": key }) =>
        ask(recipe.url("/v1/chat/completions"), {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify({ model: "m", max_tokens: asked, messages: [] }),
        });
    expect(await chat(100, {})).toMatchObject({ status: 401 });
    const first = await chat(1000);
    expect(first).toMatchObject({ status: 200 });
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("60");
    expect(first.headers.get("x-ratelimit-limit-tokens")).toBe("100000");
    // What the first has reserved and not used is there again.
    const left = Number((await chat(1000)).headers.get("x-ratelimit-remaining-tokens"));
    expect(left).toBeGreaterThan(98_000);
    expect(await chat(200_000)).toMatchObject({ status: 400, json: { error: { code: "too_many_tokens" } } });
    const more = await inParallel(60, 10, () => chat(100));
    const refused = more.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json).toMatchObject({ error: { code: "rate_limited" } });
});
