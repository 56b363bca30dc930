/** Two gateways with one Redis: what one has learned the other knows. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { RedisServer } from "./support/redis_server";

let asked = 0;
let nodePort = 0;
/** Of both gateways, as on two machines: it is a part of the key. */
let port = 0;
const ONE = "127.0.0.2";
const OTHER = "127.0.0.3";

type NodeAnswer = [status: number, headers: Record<string, string | string[]>, text: string];
/** What a node answers, by the kind that the question names. */
const ANSWERS: Record<string, NodeAnswer> = {
    json: [200, { "Content-Type": "application/json", "X-Model": ["pond", "9"] }, '{"label":"crawfish"}'],
    stream: [200, { "Content-Type": "text/event-stream" }, 'data: {"token":1}\n\ndata: [DONE]\n\n'],
    cut: [200, { "Content-Type": "text/event-stream" }, 'data: {"token":1}\n\n'],
    private: [200, { "Cache-Control": "private" }, "mine"],
    error: [200, { "Content-Type": "application/json" }, '{"error":"no memory"}'],
    missing: [404, {}, "none"],
    large: [200, {}, "x".repeat(2_000_000)],
};

beforeEach(async () => {
    asked = 0;
    const node = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            asked += 1;
            const { kind } = JSON.parse(Buffer.concat(chunks).toString()) as { kind: string };
            const [status, headers, text] = ANSWERS[kind] as NodeAnswer;
            response.writeHead(status, headers).end(text);
        });
    });
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    nodePort = (node.address() as AddressInfo).port;
    onTestFinished(() => {
        node.closeAllConnections();
        node.close();
    });
});

async function startGateway(redis: RedisServer, address: string): Promise<NativeNginx> {
    const gateway = await NativeNginx.start({
        workers: 2,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                -- As the plugin image does.
                local pictures = { name = "pictures", meaning = "the picture", order = { access = 490 }, schema = {}, create = function()
                    local near_picture = require("resty.openclaw.core.request.near_picture")
                    return { access = function()
                        if ngx.var.http_x_hash then near_picture.note(ngx.var.http_x_hash, 4, 60, "") end
                    end }
                end }
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(pictures) },
                    upstreams = { cluster = { nodes = { "127.0.0.1:${nodePort}" } } },
                    routes = { work = { upstream = "cluster", pictures = {}, cache = {
                        shared = true, errors = { "error" }, negative = { [404] = "1h" }, request_control = true,
                        store = "redis", redis = { host = "127.0.0.1", port = ${redis.port}, timeout_seconds = 1 },
                    } } },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            listen ${address}:${port};
            include errors.conf;
            include proxy.conf;
            location / {
                set $openclaw_route work;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_pass http://cluster;
            }`,
    });
    onTestFinished(() => gateway.stop());
    return gateway;
}

interface Answer {
    readonly status: number;
    readonly text: string;
    readonly cache: string;
    readonly headers: http.IncomingHttpHeaders;
}

function post(address: string, kind: string, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const fields = { Host: "pond", "Content-Type": "application/json", ...headers };
        const sent = http.request(
            { host: address, port, method: "POST", agent: false, headers: fields },
            (response) => {
                let text = "";
                response.on("data", (chunk: Buffer) => (text += chunk.toString()));
                response.on("error", reject);
                response.on("end", () => {
                    const cache = response.headers["x-cache-status"] as string;
                    resolve({ status: response.statusCode ?? 0, text, cache, headers: response.headers });
                });
            },
        );
        sent.on("error", reject);
        sent.end(JSON.stringify({ kind, picture: headers["X-Picture"] }));
    });
}

async function startBoth(): Promise<RedisServer> {
    const redis = await RedisServer.start({ isKept: false });
    port = await freePort();
    await startGateway(redis, ONE);
    await startGateway(redis, OTHER);
    return redis;
}

async function hasKeys(redis: RedisServer, count: number): Promise<void> {
    await eventually(`Redis has ${count} answers`, async () => (await redis.cli("dbsize")).trim() === String(count));
}

test("what one gateway has learned the other knows, with the same status, headers and bytes", async () => {
    const redis = await startBoth();
    let count = 0;
    for (const kind of ["json", "stream", "missing"]) {
        const [status, headers, text] = ANSWERS[kind] as NodeAnswer;
        expect(await post(ONE, kind)).toMatchObject({ status, text, cache: "MISS" });
        count += 1;
        await hasKeys(redis, count);
        const other = await post(OTHER, kind);
        expect(other).toMatchObject({ status, text, cache: "HIT" });
        expect(other.headers["content-type"]).toBe(headers["Content-Type"]);
        expect(other.headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
        // From its own memory now.
        await redis.cli("flushall");
        count = 0;
        expect(await post(OTHER, kind)).toMatchObject({ status, text, cache: "HIT" });
    }
    expect((await post(OTHER, "json")).headers["x-model"]).toBe("pond, 9");
    expect(asked).toBe(3);
});

test("what may not be kept is not handed to others", async () => {
    const redis = await startBoth();
    for (const kind of ["cut", "private", "error", "large"]) await post(ONE, kind);
    await post(ONE, "json");
    await hasKeys(redis, 1);
    asked = 0;
    for (const kind of ["cut", "private", "error", "large"]) await post(OTHER, kind);
    expect(asked).toBe(4);
});

test("a client may want a new answer, and one that is young enough", async () => {
    const redis = await startBoth();
    await post(ONE, "json");
    await hasKeys(redis, 1);
    expect(await post(OTHER, "json", { "Cache-Control": "no-cache" })).toMatchObject({ status: 200 });
    expect(asked).toBe(2);
    expect(await post(OTHER, "json", { "Cache-Control": "no-store" })).toMatchObject({ cache: "BYPASS" });
    expect(asked).toBe(3);
});

test("without Redis each gateway has its own cache", async () => {
    const redis = await startBoth();
    await redis.stop();
    expect(await post(ONE, "json")).toMatchObject({ status: 200, cache: "MISS" });
    expect(await post(ONE, "json")).toMatchObject({ status: 200, cache: "HIT" });
    expect(await post(OTHER, "json")).toMatchObject({ status: 200, cache: "MISS" });
    expect(asked).toBe(2);
});

test("what a gateway has from another one it gives to requests with nearly the same picture, too", async () => {
    const redis = await startBoth();
    const picture = (name: string): Record<string, string> => ({ "X-Picture": name, "X-Hash": "96cbe9307415cd66" });
    expect(await post(ONE, "json", picture("a pond"))).toMatchObject({ cache: "MISS" });
    await hasKeys(redis, 1);
    expect(await post(OTHER, "json", picture("a pond"))).toMatchObject({ cache: "HIT" });
    expect(await post(OTHER, "json", picture("another"))).toMatchObject({ cache: "NEAR" });
    expect(asked).toBe(1);
});

test("what another gateway has learned of a picture comes before what is known of one near it", async () => {
    const redis = await startBoth();
    const picture = (name: string): Record<string, string> => ({ "X-Picture": name, "X-Hash": "96cbe9307415cd66" });
    for (const [count, address] of [ONE, OTHER].entries()) {
        expect(await post(address, "json", picture(address))).toMatchObject({ cache: "MISS" });
        await hasKeys(redis, count + 1);
    }
    expect(asked).toBe(2);
    expect(await post(OTHER, "json", picture(ONE))).toMatchObject({ cache: "HIT" });
    expect(await post(OTHER, "json", picture("another"))).toMatchObject({ cache: "NEAR" });
    expect(await post(OTHER, "json", { ...picture("a third"), "Cache-Control": "only-if-cached" })).toMatchObject({
        cache: "NEAR",
    });
    // Near hits are not shared, nor handed on.
    await hasKeys(redis, 2);
    expect(asked).toBe(2);
    // Nobody waits for a request that was answered so.
    const { "X-Hash": _, ...exact } = picture("another");
    expect(await post(OTHER, "json", exact)).toMatchObject({ cache: "MISS" });
    expect(asked).toBe(3);
});
