/** Limits that two gateways share in a real Redis. */
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import net from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AuthGateway } from "./support/auth_gateway";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { PacedLoad } from "./support/paced_load";
import { RedisServer } from "./support/redis_server";

const SECOND = 1000;
const RATE = 100;
const BURST = 100;
/** Requests a second at each gateway: more than the whole limit, so that each has more than its part. */
const LOAD = 130;

function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function startGateway(route: string): Promise<AuthGateway> {
    const gateway = await AuthGateway.start({ routes: { work: route }, http: "lua_socket_log_errors off;" });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    return gateway;
}

/** For tests in which Redis is away but never slow: the machine may be. */
const PATIENT = "timeout_seconds = 5";

function limitOf(redis: RedisServer, options: string, more = ""): string {
    return `limit = { { by = "route", store = "redis", redis = { port = ${redis.port}, ${more} }, ${options} } }`;
}

async function statusOf(gateway: AuthGateway): Promise<number> {
    return (await gateway.ask("/work")).status;
}

/** Resolves when Redis knows so many gateways. */
async function known(redis: RedisServer, gateways: readonly AuthGateway[]): Promise<void> {
    await eventually("Redis knows all gateways", async () => {
        for (const gateway of gateways) await gateway.ask("/work");
        return Number(await redis.cli("zcard", "openclaw:limit:{work}:gateways")) === gateways.length;
    });
}

/** How many requests, answered at these moments, one bucket would have let pass: fewer if the machine was too slow to send enough. */
function passingOneBucket(moments: readonly number[]): number {
    const interval = SECOND / RATE;
    let [emptyAt, passed] = [0, 0];
    for (const moment of [...moments].sort((left, right) => left - right)) {
        if (emptyAt - moment > BURST * interval) continue;
        emptyAt = Math.max(emptyAt, moment) + interval;
        passed += 1;
    }
    return passed;
}

/** What two gateways let pass under too many requests, while something happens to Redis; and what they should. */
async function passing(
    redis: RedisServer,
    happens: () => Promise<void>,
    more = "",
): Promise<{ passed: number; least: number; most: number; gateways: AuthGateway[] }> {
    const route = limitOf(redis, `rate = ${RATE}, burst = ${BURST}`, more);
    const gateways = [await startGateway(route), await startGateway(route)];
    await known(redis, gateways);
    let passed = 0;
    const statuses = new Set<number>();
    const answered: number[] = [];
    const began = performance.now();
    const loads = gateways.map((gateway) => {
        return new PacedLoad(LOAD, async () => {
            const status = await statusOf(gateway);
            statuses.add(status);
            answered.push(performance.now());
            if (status === 200) passed += 1;
        });
    });
    await sleep(4 * SECOND);
    await happens();
    await sleep(16 * SECOND);
    await Promise.all(loads.map((load) => load.stop()));
    const finished = performance.now();
    for (const { errors } of loads) expect(errors).toEqual([]);
    expect([...statuses].sort()).toEqual([200, 429]);
    const allowed = (milliseconds: number) => BURST + 1 + (RATE * milliseconds) / SECOND;
    return { passed, least: 0.99 * passingOneBucket(answered), most: 1.01 * allowed(finished - began), gateways };
}

function expectWithin({ passed, least, most }: { passed: number; least: number; most: number }): void {
    console.log(`${passed} passed, from ${least.toFixed(0)} to ${most.toFixed(0)} should`);
    expect(passed).toBeGreaterThanOrEqual(least);
    expect(passed).toBeLessThanOrEqual(most);
}

test("two gateways together keep the limit, also when Redis forgets the script and all counts", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const found = await passing(
        redis,
        async () => {
            for (let time = 0; time < 3; time += 1) {
                await redis.cli("script", "flush");
                await sleep(0.3 * SECOND);
                await redis.cli("flushall");
                await sleep(0.3 * SECOND);
            }
        },
        PATIENT,
    );
    expectWithin(found);
    for (const { nginx } of found.gateways) expect(await nginx.errorLog()).not.toContain("limit: redis");
});

test("they keep it while Redis hangs", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const found = await passing(redis, async () => {
        await redis.cli("client", "pause", String(4 * SECOND));
        await sleep(4 * SECOND);
    });
    expectWithin(found);
    for (const { nginx } of found.gateways) {
        expect(await nginx.errorLog()).toContain(
            `limit: redis: Redis at 127.0.0.1:${redis.port} does not count requests of the route "work": not done in time; ` +
                'meanwhile each gateway applies its part of the limit "route" (on_error = "local")',
        );
    }
});

test("they keep it while Redis is away, and when it comes back without its data", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const found = await passing(
        redis,
        async () => {
            await redis.stop();
            await sleep(3 * SECOND);
            await redis.startAgain();
        },
        PATIENT,
    );
    expectWithin(found);
});

test("while Redis is away a gateway counts for itself, accepts all or rejects all, and goes on at once", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const gateway = await AuthGateway.start({
        routes: {
            ...Object.fromEntries(
                ["local", "open", "closed"].map((way) => [
                    `${way}_one`,
                    limitOf(redis, `rate = 4, per = "day", burst = 3, on_error = "${way}"`, PATIENT),
                ]),
            ),
            trial: limitOf(redis, 'rate = 4, per = "day", burst = 3, on_error = "closed", dry_run = true', PATIENT),
        },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const routes = ["local_one", "open_one", "closed_one", "trial"];
    const statuses = async (count: number) => {
        const found: Record<string, number[]> = {};
        for (const route of routes) {
            const answers = [];
            for (let place = 0; place < count; place += 1) answers.push(await gateway.ask(`/${route}`));
            found[route] = answers.map(({ status }) => status);
        }
        return found;
    };
    expect(await statuses(2)).toEqual(Object.fromEntries(routes.map((route) => [route, [200, 200]])));
    await redis.stop();
    expect(await statuses(3)).toEqual({
        local_one: [200, 200, 429],
        open_one: [200, 200, 200],
        closed_one: [503, 503, 503],
        trial: [200, 200, 200],
    });
    const { code, headers } = await gateway.ask("/closed_one");
    expect([code, headers["retry-after"]]).toEqual(["limit_unavailable", "5"]);
    const metrics = await gateway.metrics();
    for (const [route, failed] of [
        ["local_one", 0],
        ["open_one", 3],
        ["closed_one", 4],
        ["trial", 3],
    ]) {
        expect(metrics).toContain(
            `openclaw_limit_requests_total{route="${route}",limit="route",result="failed"} ${failed}`,
        );
    }
    expect(metrics).toContain('openclaw_faults_total{plugin="limit",kind="redis"}');
    await redis.startAgain();
    await eventually("Redis is asked again", async () => (await gateway.ask("/closed_one")).status === 200);
    await eventually("by both workers", async () => (await statuses(6)).closed_one?.every((status) => status === 429));
    // What was counted meanwhile is known to Redis now.
    await eventually("the level is in Redis", async () => {
        await gateway.ask("/local_one");
        const left = Number(await redis.cli("pttl", "openclaw:limit:{local_one}:route:"));
        return left > 3.9 * 6 * 3600 * SECOND;
    });
});

test("an operator sees and resets the count of a caller as the page says", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const [page, port] = [readFileSync(path.join(CHECKOUT, "docs/limit.md"), "utf8"), await freePort()];
    const location = /^location = \/limit_counts \{[^]*?^\}/m.exec(page)?.[0] ?? "";
    const one = 'by = "$arg_caller", rate = 1, per = "hour"';
    const gateway = await AuthGateway.start({
        routes: {
            work: `limit = { { ${one}, store = "redis", redis = { port = ${redis.port}, ${PATIENT} } } }`,
            here: `limit = { { ${one} } }`,
        },
        http: `server { listen 127.0.0.1:${port}; ${location} }`,
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const statuses = async (route: string) => [
        (await gateway.ask(`/${route}?caller=pond`)).status,
        (await gateway.ask(`/${route}?caller=pond`)).status,
    ];
    const counted = async (key: string, method = "GET") => {
        const answer = await fetch(`http://127.0.0.1:${port}/limit_counts?key=${encodeURIComponent(key)}`, { method });
        return Number(await answer.text());
    };
    expect(await statuses("here")).toEqual([200, 429]);
    expect(Math.round((await counted("here\narg_caller\n\n1/hour+0\n=pond")) / 60)).toBe(60);
    expect(await counted("here\narg_caller\n\n1/hour+0\n=pond", "DELETE")).toBe(0);
    expect(await statuses("here")).toEqual([200, 429]);
    const key = "openclaw:limit:{work}:arg_caller:=pond";
    expect(await statuses("work")).toEqual([200, 429]);
    expect(Math.round(Number(await redis.cli("pttl", key)) / 60_000)).toBe(60);
    expect((await redis.cli("zrange", "openclaw:limit:{work}:gateways", "0", "-1")).trim()).toMatch(/^[0-9a-f]{16}$/);
    await redis.cli("del", key);
    expect(await statuses("work")).toEqual([429, 429]);
    expect(Math.round((await counted(key)) / 60)).toBe(60);
    await counted(key, "DELETE");
    await redis.cli("del", key);
    expect(await statuses("work")).toEqual([200, 429]);
});

test("a user of Redis with few rights is enough, and secrets are shown nowhere", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const rights = "~openclaw:limit:* +evalsha +eval +time +get +set +zadd +zremrangebyscore +zcard +expire";
    await redis.cli("acl", "setuser", "gateway", "on", ">top-secret", ...rights.split(" "));
    await redis.cli("acl", "setuser", "default", "nopass", "+@all");
    const where = `port = ${redis.port}, username = "gateway", password = "top-secret", ${PATIENT}`;
    const limit = (redisOptions: string) =>
        `limit = { { by = "$arg_caller", rate = 1, per = "day", store = "redis", redis = { ${redisOptions} }, on_error = "closed" } }`;
    const gateway = await AuthGateway.start({
        routes: { work: limit(where), wrong: limit(where.replace("top-", "other-")) },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const ask = async (target: string) => (await gateway.ask(target)).status;
    expect([await ask("/work?caller=a"), await ask("/work?caller=a"), await ask("/work")]).toEqual([200, 429, 200]);
    expect(await ask("/work?caller=b")).toBe(200);
    expect(await ask("/wrong?caller=a")).toBe(503);
    const long = "c".repeat(1000);
    expect([await ask(`/work?caller=${long}`), await ask(`/work?caller=${long}`)]).toEqual([200, 429]);
    const keys = (await redis.cli("keys", "*")).trim().split("\n");
    expect(keys).toContain("openclaw:limit:{work}:arg_caller:=a");
    for (const key of keys) expect(key.length).toBeLessThan(100);
    const log = await gateway.nginx.errorLog();
    expect(log).toContain("WRONGPASS");
    expect(log).not.toContain("-secret");
});

test("the number of connections to Redis is bounded, and requests that find no place are counted here", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await AuthGateway.start({
        workers: 1,
        routes: {
            work: limitOf(redis, 'rate = 1, per = "day", burst = 10000', "timeout_seconds = 2"),
            shut: limitOf(redis, 'rate = 1, per = "day", burst = 10000, on_error = "closed"', "timeout_seconds = 2"),
        },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    expect(await statusOf(gateway)).toBe(200);
    const clients = async () => Number(/connected_clients:(\d+)/.exec(await redis.cli("info", "clients"))?.[1]) - 1;
    // A slow one, which answers in time.
    await redis.cli("client", "pause", "1000");
    const answers = await Promise.all(Array.from({ length: 160 }, () => gateway.ask("/work", [], true)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await clients()).toBeLessThanOrEqual(128);
    expect(await clients()).toBeGreaterThan(100);
    expect(await gateway.nginx.errorLog()).not.toContain("limit: redis");
    // One that answers too late for those that wait for a place.
    await redis.cli("client", "pause", "2500");
    const late = await Promise.all(Array.from({ length: 160 }, () => gateway.ask("/shut", [], true)));
    expect(late.filter(({ status }) => status !== 503)).toEqual([]);
    expect(await gateway.nginx.errorLog()).toContain("limit: redis: Redis at ");
    await eventually("Redis is asked again", async () => (await gateway.ask("/shut")).status === 200);
    expect(await clients()).toBeLessThanOrEqual(129);
});

test("requests whose clients leave while Redis is asked take no places from others", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await AuthGateway.start({
        workers: 1,
        routes: {
            work: limitOf(redis, 'rate = 1, per = "day", burst = 10000, on_error = "closed"', "timeout_seconds = 10"),
        },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    expect((await gateway.ask2("/work")).status).toBe(200);
    await redis.cli("client", "pause", "1500");
    const began = performance.now();
    const session = http2.connect(`http://127.0.0.1:${gateway.http2Port}`).on("error", () => undefined);
    for (let round = 0; round < 3; round += 1) {
        const streams = Array.from({ length: 100 }, () =>
            session.request({ ":path": "/work" }).on("error", () => undefined),
        );
        await sleep(100);
        for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    expect((await gateway.ask("/work")).status).toBe(200);
    session.destroy();
    expect(performance.now() - began).toBeLessThan(5000);
});

/** Says the same to everybody, whatever they ask. */
async function startLiar(): Promise<{ port: number; says: string }> {
    const liar = { port: 0, says: "" };
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
        sockets.add(socket);
        socket
            .on("error", () => undefined)
            .on("data", () => {
                if (liar.says === "close") socket.destroy();
                else socket.write(liar.says);
            });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    liar.port = (server.address() as AddressInfo).port;
    onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
    });
    return liar;
}

test("whatever Redis says, requests have an answer, and nothing of it stays", async () => {
    const liar = await startLiar();
    const where = `redis = { port = ${liar.port}, timeout_seconds = 0.3 }`;
    const of = (way: string) =>
        `limit = { { by = "$arg_caller", rate = 3, per = "day", burst = 2, store = "redis", on_error = "${way}", ${where} } }`;
    const gateway = await AuthGateway.start({
        workers: 1,
        routes: { near: of("local"), open: of("open"), shut: of("closed") },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const list = (...words: string[]) =>
        `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
    const lies = [
        "garbage",
        "\r\n\r\n",
        "*-1\r\n",
        "*0\r\n",
        "$-1\r\n",
        ":7\r\n",
        "+OK\r\n",
        "*1000000000\r\n",
        "$9999999999\r\n",
        "close",
        "-LOADING Redis is loading\r\n",
        "-READONLY replica\r\n",
        "-OOM memory\r\n",
        "-NOSCRIPT none\r\n",
        "-MOVED 1 10.9.9.9:1\r\n",
        "-ASK 1 127.0.0.1:1\r\n",
        "-CLUSTERDOWN\r\n",
        "-CROSSSLOT\r\n",
        "-WRONGTYPE wrong\r\n",
        "-NOPERM no\r\n",
        "-BUSY script\r\n",
        "-\r\n",
        "-",
        list("nan", "0", "0", "nan"),
        list("inf", "0", "0", "inf"),
        list("1", "0", "-1", "0"),
        list("1", "0", "9", "0"),
        list("1", "0", "0", "1e999"),
        list("1", "0", "0.5", "0"),
        list("1"),
        "*4\r\n*0\r\n*0\r\n*0\r\n*0\r\n",
    ];
    // Numbers, if odd ones.
    const credible = list("1", "1", "0", "1e308");
    lies.push(list("1", "1e308", "0", "0"), credible);
    let caller = 0;
    for (const says of lies) {
        liar.says = says;
        for (let time = 0; time < 2; time += 1) {
            caller += 1;
            const statuses = [];
            for (const way of ["near", "open", "shut"])
                statuses.push((await gateway.ask(`/${way}?caller=${caller}`)).status);
            expect(statuses, says).toEqual(says === credible ? [200, 200, 200] : [200, 200, 503]);
        }
        await sleep(120);
    }
    // Nothing that was said is believed later.
    liar.says = "-LOADING again\r\n";
    const later = [];
    for (let time = 0; time < 4; time += 1) later.push((await gateway.ask("/near?caller=1")).status);
    expect(later).toEqual([200, 200, 429, 429]);
    expect(await gateway.nginx.errorLog()).not.toMatch(/attempt to|stack traceback|lua entry thread aborted/);
});

test("a full Redis, a replica, keys of another type and deleted keys leave the limit in force", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const limit = `limit = { { by = "$arg_caller", rate = 3, per = "day", burst = 2, store = "redis", on_error = "local", redis = { port = ${redis.port}, ${PATIENT} } } }`;
    const gateway = await AuthGateway.start({
        workers: 1,
        routes: { work: limit },
        http: "lua_socket_log_errors off;",
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const passed = async (caller: string) => {
        let count = 0;
        for (let time = 0; time < 6; time += 1)
            if ((await gateway.ask(`/work?caller=${caller}`)).status === 200) count += 1;
        return count;
    };
    expect(await passed("healthy")).toBe(3);
    await redis.cli("config", "set", "maxmemory", "1");
    expect(await passed("full")).toBe(3);
    expect(await passed("healthy")).toBe(0);
    await redis.cli("config", "set", "maxmemory", "0");
    await eventually("it is asked again", async () => {
        await gateway.ask("/work?caller=probe");
        return (await redis.cli("exists", "openclaw:limit:{work}:arg_caller:=probe")).trim() === "1";
    });
    await redis.cli("lpush", "openclaw:limit:{work}:arg_caller:=list", "x");
    expect(await passed("list")).toBe(3);
    await redis.cli("replicaof", "127.0.0.1", "1");
    expect(await passed("replica")).toBe(3);
    await redis.cli("replicaof", "no", "one");
    await eventually("it is asked again", async () => {
        await gateway.ask("/work?caller=probe2");
        return (await redis.cli("exists", "openclaw:limit:{work}:arg_caller:=probe2")).trim() === "1";
    });
    for (const hostile of [
        "a b",
        "{x}",
        "a\nb",
        "\0",
        "%",
        "*?[",
        "'\"",
        "x".repeat(6000),
        "=a",
        "@127.0.0.1",
        "#".repeat(32),
        "ü",
    ]) {
        expect(await passed(encodeURIComponent(hostile)), hostile).toBe(3);
    }
    for (const key of (await redis.cli("keys", "*")).trim().split("\n")) await redis.cli("del", key);
    expect(await passed("healthy")).toBe(0);
});
