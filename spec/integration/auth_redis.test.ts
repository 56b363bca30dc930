/** API keys in a real Redis. */
import { createHash, randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { Headers } from "./support/auth_gateway";
import { AuthGateway } from "./support/auth_gateway";
import { eventually } from "./support/eventually";
import { PacedLoad } from "./support/paced_load";
import { RedisServer } from "./support/redis_server";

const SECOND = 1000;
const CACHE_SECONDS = 1;
const STALE_SECONDS = 6;

function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function nameOf(key: string): string {
    return `openclaw:key:${createHash("sha256").update(key).digest("hex")}`;
}

function header(key: string): Headers {
    return [["X-API-Key", key]];
}

const UNAVAILABLE = { status: 503, code: "auth_unavailable" };

test("keys are in Redis, come and go there, and outlast it for a while where that is wanted", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const [known, later, broken, unknown] = Array.from(
        { length: 4 },
        () => `oc_${randomBytes(32).toString("base64url")}`,
    ) as [string, string, string, string];
    const where = `port = ${redis.port}, cache_seconds = ${CACHE_SECONDS}`;
    const gateway = await AuthGateway.start({
        routes: {
            closed: `auth = { api_key = { redis = { ${where} } } }`,
            stale: `auth = { api_key = { redis = { ${where}, on_error = "stale", stale_seconds = ${STALE_SECONDS} } } }`,
        },
        workers: 1,
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    await redis.cli("hset", nameOf(known), "id", "camera-7", "class", "vip", "tenant", "pond");
    await redis.cli("set", nameOf(broken), "no hash");
    for (const route of ["closed", "stale"]) {
        expect((await gateway.ask(`/${route}`, header(known))).status).toBe(200);
        expect(await gateway.ask(`/${route}`, header(unknown))).toMatchObject({ status: 401 });
        expect(await gateway.ask(`/${route}`, header(broken))).toMatchObject({ status: 401 });
    }
    expect((await gateway.ask("/closed", header(known))).seen?.headers["x-api-key"]).toBeUndefined();

    // They come, and go.
    expect((await gateway.ask("/closed", header(later))).status).toBe(401);
    await redis.cli("hset", nameOf(later), "id", "camera-8");
    await sleep(1.1 * SECOND);
    expect((await gateway.ask("/closed", header(later))).status).toBe(200);
    await redis.cli("del", nameOf(later));
    await sleep((CACHE_SECONDS + 0.1) * SECOND);
    expect((await gateway.ask("/closed", header(later))).status).toBe(401);

    // Redis is gone.
    expect((await gateway.ask("/stale", header(known))).status).toBe(200);
    const read = Date.now();
    await redis.stop();
    await sleep((CACHE_SECONDS + 0.1) * SECOND);
    const refused = await gateway.ask("/closed", header(known));
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(refused.headers["retry-after"]).toBeDefined();
    expect(await gateway.ask("/closed", header(unknown))).toMatchObject(UNAVAILABLE);
    expect((await gateway.ask("/stale", header(known))).status).toBe(200);
    expect(await gateway.ask("/stale", header(unknown))).toMatchObject(UNAVAILABLE);
    await sleep(read + (CACHE_SECONDS + STALE_SECONDS) * SECOND + 200 - Date.now());
    expect(await gateway.ask("/stale", header(known))).toMatchObject(UNAVAILABLE);

    // And back.
    await redis.startAgain();
    await eventually("keys are there again", async () => (await gateway.ask("/stale", header(known))).status === 200);
    await eventually("here, too", async () => (await gateway.ask("/closed", header(known))).status === 200);
    const shown = `${await gateway.nginx.errorLog()}${await gateway.metrics()}${await gateway.nginx.get("/openclaw/status")}`;
    for (const key of [known, later, broken, unknown]) {
        expect(shown).not.toContain(key);
        expect(shown).not.toContain(nameOf(key).replace("openclaw:key:", ""));
    }
    expect(shown).toContain("no API keys from Redis: ");
    expect(shown).toContain("an API key in Redis is not used: it is no hash");
    expect(await gateway.nginx.errorLog()).not.toMatch(/\[(warn|crit|alert|emerg)\]/);
});

test("requests are not held up by a Redis that hangs", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const known = `oc_${randomBytes(32).toString("base64url")}`;
    await redis.cli("hset", nameOf(known), "id", "camera-7");
    const where = `port = ${redis.port}, cache_seconds = ${CACHE_SECONDS}, timeout_seconds = 0.3`;
    const gateway = await AuthGateway.start({
        routes: { stale: `auth = { api_key = { redis = { ${where}, on_error = "stale", stale_seconds = 60 } } }` },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    await eventually("both workers know the key", async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.ask("/stale", header(known), true)));
        return answers.every(({ status }) => status === 200);
    });
    const pid = Number(/^process_id:(\d+)/m.exec(await redis.cli("info", "server"))?.[1]);
    process.kill(pid, "SIGSTOP");
    onTestFinished(() => void process.kill(pid, "SIGCONT"));
    const slow: number[] = [];
    const statuses = new Set<number>();
    const load = new PacedLoad(50, async () => {
        const began = Date.now();
        statuses.add((await gateway.ask("/stale", header(known))).status);
        if (Date.now() - began > 800) slow.push(Date.now() - began);
    });
    await sleep(3.5 * SECOND);
    await load.stop();
    process.kill(pid, "SIGCONT");
    expect(load.errors).toEqual([]);
    expect([...statuses]).toEqual([200]);
    expect(slow).toEqual([]);
});
