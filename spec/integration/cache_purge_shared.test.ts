/** Purges where gateways share answers in Redis: two gateways with files of their own, and a real Redis. */
import { chownSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { RedisServer } from "./support/redis_server";

const NOBODY = 65534;
const LIST = "openclaw:cache:purges";
/** A purge holds everywhere after so long. */
const DELAY_MS = 2000;

let nodePort = 0;
let asked = 0;
/** What the node waits for before it answers. */
let held: Promise<void> = Promise.resolve();
/** Of both gateways, as on two machines: it is a part of the key. */
let port = 0;

beforeEach(async () => {
    [asked, held, port] = [0, Promise.resolve(), await freePort()];
    const node = http.createServer((request, response) => {
        request.resume().on("end", () => {
            asked += 1;
            const text = `answer ${asked}`;
            void held.then(() => response.end(text));
        });
    });
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    nodePort = (node.address() as AddressInfo).port;
    onTestFinished(() => {
        node.closeAllConnections();
        node.close();
    });
});

interface Answer {
    readonly status: number;
    readonly cache: string;
    readonly key: string;
    readonly text: string;
}

/** A machine with a gateway. */
class Gateway {
    private constructor(
        readonly nginx: NativeNginx,
        private readonly address: string,
        readonly file: string,
    ) {}

    static async start(address: string, redisPort: number, { more = "", login = "" } = {}): Promise<Gateway> {
        const folder = await mkdtemp(path.join(tmpdir(), "openclaw-purges-"));
        if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
        onTestFinished(() => rm(folder, { recursive: true, force: true }));
        const redis = `store = "redis", redis = { port = ${redisPort}, timeout_seconds = 1${login} }`;
        const nginx = await NativeNginx.start({
            workers: 2,
            http: `
                include openclaw.conf;
                init_by_lua_block {
                    require("resty.openclaw").setup {
                        upstreams = { cluster = { nodes = { "127.0.0.1:${nodePort}" } } },
                        routes = {
                            work = { upstream = "cluster", cache = { shared = true, key = "json", ${redis} } },
                            here = { upstream = "cluster", cache = { shared = true, key = "json" } },
                            ${more}
                        },
                        cache = { purges = "${folder}/purges" },
                    }
                }
                proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
                ${balancedUpstream("cluster")}`,
            server: `
                listen ${address}:${port};
                include errors.conf;
                include proxy.conf;
                include metrics.conf;
                include admin.conf;
                location ~ ^/(?<first>[a-z]+) {
                    set $openclaw_route $first;
                    include route.conf;
                    include cache.conf;
                    add_header X-Key $openclaw_cache_key always;
                    proxy_cache answers;
                    proxy_pass http://cluster;
                }`,
        });
        onTestFinished(() => nginx.stop());
        return new Gateway(nginx, address, `${folder}/purges`);
    }

    ask(model = "pond", route = "work"): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const headers = { Host: "pond", "Content-Type": "application/json" };
            const options = { host: this.address, port, path: `/${route}`, method: "POST", agent: false, headers };
            const sent = http.request(options, (response) => {
                let text = "";
                response.on("data", (chunk: Buffer) => (text += chunk.toString()));
                response.on("error", reject).on("end", () => {
                    const header = (name: string): string => String(response.headers[name]);
                    const status = response.statusCode ?? 0;
                    resolve({ status, text, cache: header("x-cache-status"), key: header("x-key") });
                });
            });
            sent.on("error", reject).end(JSON.stringify({ model }));
        });
    }

    async purge(query: string): Promise<{ status: number; json: Record<string, unknown> }> {
        const answer = await fetch(this.nginx.url(`/openclaw/cache${query}`), { method: "DELETE" });
        return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
    }

    async shown(): Promise<Record<string, unknown>> {
        const { purges } = JSON.parse(await this.nginx.get("/openclaw/cache")) as { purges: Record<string, unknown> };
        return purges;
    }

    async isInStep(is = true): Promise<void> {
        await eventually(`the gateway ${is ? "knows" : "does not know"} all purges`, async () => {
            const { shared } = await this.shown();
            return (shared as { in_step: boolean }).in_step === is;
        });
    }
}

/** Two gateways that know the list. */
async function startBoth(redis: RedisServer, login = ""): Promise<[Gateway, Gateway]> {
    const one = await Gateway.start("127.0.0.2", redis.port, { login });
    const other = await Gateway.start("127.0.0.3", redis.port, { login });
    await one.isInStep();
    await other.isInStep();
    return [one, other];
}

async function startAll(): Promise<[RedisServer, Gateway, Gateway]> {
    const redis = await RedisServer.start({ isKept: false });
    return [redis, ...(await startBoth(redis))];
}

/** What one learns the other knows. Resolves with the answer. */
async function share(redis: RedisServer, one: Gateway, other: Gateway, model = "pond"): Promise<Answer> {
    const answer = await one.ask(model);
    expect(answer.cache).toBe("MISS");
    // It is written after the response.
    const name = `openclaw:cache:${answer.key}`;
    await eventually("the answer is in Redis", async () => (await redis.cli("exists", name)).trim() === "1");
    expect(await other.ask(model)).toEqual({ ...answer, cache: "HIT" });
    return answer;
}

/** The other gateway holds to a purge in time: it answers otherwise. */
async function changes(gateway: Gateway, before: Answer, model = "pond"): Promise<Answer> {
    return eventually(
        "the answer is another one",
        async () => {
            const answer = await gateway.ask(model);
            return answer.text !== before.text && answer;
        },
        DELAY_MS,
    );
}

/** The list is this one from now on: numbers and members, by turns. */
async function put(redis: RedisServer, ...words: string[]): Promise<void> {
    const script = 'redis.call("del", KEYS[1]) redis.call("zadd", KEYS[1], unpack(ARGV))';
    await redis.cli("eval", script, "1", LIST, ...words);
}

test("gateways with files of their own share answers, and a purge at one holds for both", async () => {
    const redis = await RedisServer.start({ isKept: false });
    // As in docs/cache.md.
    const rights = "~openclaw:cache:* +eval +strlen +pttl +get +set +time +zrange +zadd +del";
    await redis.cli("acl", "setuser", "gateway", "on", ">secret", ...rights.split(" "));
    const [one, other] = await startBoth(redis, ', username = "gateway", password = "secret"');
    const before = await share(redis, one, other);
    const rest = await share(redis, one, other, "rest");
    const { status, json } = await one.purge("?model=pond");
    expect({ status, all: json.all }).toEqual({ status: 200, all: false });
    const after = await one.ask();
    expect(after.cache).toBe("MISS");
    expect((await changes(other, before)).text).toBe(after.text);
    expect(await other.ask("rest")).toEqual({ ...rest, cache: "HIT" });
    // And back, by the key, which is the same at both.
    expect((await other.purge(`?key=${after.key}`)).status).toBe(200);
    const last = await other.ask();
    expect(last.cache).toBe("MISS");
    expect((await changes(one, after)).text).toBe(last.text);
    expect((await one.ask()).key).toBe(last.key);
    const shown = await one.shown();
    expect(shown).toMatchObject({
        filters: 2,
        shared: { redis: `127.0.0.1:${redis.port}`, in_step: true, delay_seconds: DELAY_MS / 1000 },
    });
    expect(await other.shown()).toMatchObject({ last_generation: shown.last_generation, filters: 2 });
    expect(Math.abs(Number(shown.last_at) - Date.now() / 1000)).toBeLessThan(60);
    expect((await one.purge("?all=true")).json).toMatchObject({ all: true });
    await changes(other, rest, "rest");
    // Each has asked once for each answer.
    expect(await one.nginx.errorLog()).not.toContain("shares answers through Redis");
});

test("what a node was asked before a purge is never taken for an answer after it", async () => {
    const [redis, one, other] = await startAll();
    let release = (): void => undefined;
    held = new Promise((resolve) => (release = resolve));
    const late = one.ask();
    await eventually("the node is asked", () => asked === 1);
    expect((await other.purge("?model=pond")).status).toBe(200);
    release();
    expect(await late).toMatchObject({ text: "answer 1" });
    await eventually("it is in Redis", async () => Number(await redis.cli("dbsize")) === 2);
    expect(await other.ask()).toMatchObject({ cache: "MISS", text: "answer 2" });
    expect((await changes(one, await late)).text).toBe("answer 2");
});

test("purges of both at the same time are all kept, by both", async () => {
    const [redis, one, other] = await startAll();
    await share(redis, one, other);
    const queries = Array.from({ length: 40 }, (_, place) => `?tenant=t${place}`);
    const answers = await Promise.all(queries.map((query, place) => (place % 2 === 0 ? one : other).purge(query)));
    expect(answers.map(({ status }) => status)).toEqual(queries.map(() => 200));
    expect(new Set(answers.map(({ json }) => json.generation)).size).toBe(40);
    await eventually("both files have all", async () => {
        const [mine, its] = [readFileSync(one.file, "utf8"), readFileSync(other.file, "utf8")];
        return mine === its && (await one.shown()).filters === 40 && (await other.shown()).filters === 40;
    });
    for (const { json } of answers) expect(json.all).toBe(false);
});

test.each(["that purged", "other"])(
    "what was purged stays purged when the master of the %s is killed",
    async (which) => {
        const [redis, one, other] = await startAll();
        const before = await share(redis, one, other);
        expect((await one.purge("?model=pond")).status).toBe(200);
        const killed = which === "other" ? other : one;
        await killed.nginx.crash();
        await killed.nginx.startAgain();
        if (killed === one) expect((await one.ask()).text).not.toBe(before.text);
        await changes(other, before);
        for (const gateway of [one, other]) {
            await gateway.isInStep();
            expect((await gateway.ask()).text).not.toBe(before.text);
        }
        expect((await one.ask()).key).toBe((await other.ask()).key);
    },
);

test("a gateway that was away learns what was purged before it takes answers from Redis", async () => {
    const [redis, one, other] = await startAll();
    const before = await share(redis, one, other);
    await other.nginx.crash();
    expect((await one.purge("?model=pond")).status).toBe(200);
    await other.nginx.startAgain();
    await other.isInStep();
    expect((await other.ask()).text).not.toBe(before.text);
});

test("everything is purged when Redis loses its data", async () => {
    const [redis, one, other] = await startAll();
    const before = await share(redis, one, other);
    await one.purge("?model=none");
    await redis.cli("flushall");
    const after = await changes(one, before);
    expect(after.key).not.toBe(before.key);
    expect((await changes(other, before)).key).toBe(after.key);
    await share(redis, one, other, "next");
    expect(await other.shown()).toMatchObject({ filters: 0 });
});

test.each(["soon", "after others were purged", "of another epoch"])(
    "everything is purged when Redis goes back to older data, which is found %s",
    async (when) => {
        const redis = await RedisServer.start({ isKept: false });
        const [one, other] = await startBoth(redis);
        const before = await share(redis, one, other);
        const members = (await redis.cli("zrange", LIST, "0", "-1", "withscores")).trim().split("\n");
        if (when === "of another epoch") {
            await redis.cli("del", LIST);
            await changes(one, before);
        }
        expect((await one.purge("?model=pond")).status).toBe(200);
        const purged = await one.ask();
        const words: string[] = [];
        for (let place = 0; place < members.length; place += 2) {
            const [member, number] = members.slice(place) as [string, string];
            words.push(number, member);
        }
        if (when === "after others were purged") words.push(String(Date.now() + 1000), "model=none");
        await put(redis, ...words);
        for (const gateway of [one, other]) {
            const after = await changes(gateway, purged);
            expect(after.text).not.toBe(before.text);
            await eventually("both agree", async () => (await one.ask()).key === (await other.ask()).key);
            expect((await gateway.ask()).text).not.toBe(before.text);
        }
    },
);

test("while Redis is away from the start each gateway has its own cache, and nothing is purged", async () => {
    const redis = await RedisServer.start({ isKept: false });
    await redis.stop();
    const one = await Gateway.start("127.0.0.2", redis.port);
    expect((await one.ask()).cache).toBe("MISS");
    const before = await one.ask();
    expect(before.cache).toBe("HIT");
    const { status, json } = await one.purge("?model=pond");
    expect(status).toBe(503);
    expect(json).toMatchObject({
        error: { code: "not_stored", message: expect.stringContaining(`Redis at 127.0.0.1:${redis.port}`) },
    });
    expect(await one.ask()).toEqual(before);
    expect(await one.shown()).toMatchObject({ filters: 0, shared: { in_step: false } });
    await eventually("the log says so", async () =>
        /purges_unshared: Redis at 127.0.0.1:\d+ does not share purges: cannot connect: connection refused/.test(
            await one.nginx.errorLog(),
        ),
    );
    await redis.startAgain();
    const other = await Gateway.start("127.0.0.3", redis.port);
    await one.isInStep();
    await other.isInStep();
    await share(redis, one, other, "next");
});

test("while Redis is away later the caches go on, and nothing is purged", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const [one, other] = await startBoth(redis);
    const before = await share(redis, one, other);
    expect((await one.purge("?model=none")).status).toBe(200);
    const { last_generation } = await one.shown();
    await eventually("the other knows", async () => (await other.shown()).last_generation === last_generation);
    const kept = await share(redis, one, other, "kept");
    await redis.stop();
    await one.isInStep(false);
    await other.isInStep(false);
    for (const gateway of [one, other]) {
        expect(await gateway.ask("kept")).toMatchObject({ text: kept.text, cache: "HIT" });
        expect((await gateway.purge("?model=kept")).status).toBe(503);
        expect(await gateway.ask("kept")).toMatchObject({ text: kept.text, cache: "HIT" });
    }
    // By its file.
    await other.nginx.crash();
    await other.nginx.startAgain();
    expect(await other.shown()).toMatchObject({ last_generation, filters: 1 });
    expect(await other.ask("kept")).toMatchObject({ key: kept.key });
    await redis.startAgain();
    await one.isInStep();
    await other.isInStep();
    expect((await one.ask()).key).toBe(before.key);
    expect((await other.purge("?model=kept")).status).toBe(200);
    await changes(one, kept, "kept");
});

test("where the file cannot be written everything is purged, and no answers are shared", async () => {
    const [redis, one, other] = await startAll();
    const before = await share(redis, one, other);
    const made = `${other.file}.new`;
    // In the way of the next file, also for root.
    await mkdir(`${made}/folder`, { recursive: true });
    expect((await one.purge("?model=pond")).status).toBe(200);
    await changes(other, before);
    await other.isInStep(false);
    expect(await other.nginx.errorLog()).toContain("purges_unwritable");
    await rm(made, { recursive: true });
    await other.isInStep();
    expect((await other.ask()).key).toBe((await one.ask()).key);
});

test("without a list that is one no answers are shared, and nothing is purged", async () => {
    const redis = await RedisServer.start({ isKept: false });
    await redis.cli("set", LIST, "foreign");
    const one = await Gateway.start("127.0.0.2", redis.port);
    const other = await Gateway.start("127.0.0.3", redis.port);
    await eventually("the log says so", async () => /purges_unshared: .*WRONGTYPE/.test(await one.nginx.errorLog()));
    expect((await one.purge("?all=true")).status).toBe(503);
    expect([(await one.ask()).cache, (await other.ask()).cache, (await one.ask()).cache]).toEqual([
        "MISS",
        "MISS",
        "HIT",
    ]);
    expect(await one.nginx.get("/metrics/openclaw")).toMatch(
        /openclaw_cache_redis_questions_total\{route="work",result="skipped"\} 1\n/,
    );
    await put(redis, "0", `epoch=${"0".repeat(40)}`, "5", "nobody=knows");
    expect((await one.purge("?model=pond")).status).toBe(503);
    expect((await one.purge("?all=true")).status).toBe(200);
    await one.isInStep();
});

test("routes with purges have one Redis", async () => {
    const more = `third = { upstream = "cluster", cache = { store = "redis", redis = { prefix = "third:" } } },`;
    await expect(Gateway.start("127.0.0.2", 6379, { more })).rejects.toThrow(
        "setup: routes.work.cache.redis must be the same Redis with the same prefix on all routes, as purges are kept there",
    );
});
