/** Limits that two gateways share in a real Redis. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AuthGateway } from "./support/auth_gateway";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/native_nginx";
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
    expect(Math.round((await counted("here\narg_caller\n=pond")) / 60)).toBe(60);
    expect(await counted("here\narg_caller\n=pond", "DELETE")).toBe(0);
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
