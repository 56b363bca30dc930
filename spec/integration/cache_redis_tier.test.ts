/** Answers that gateways share in a real Redis: the tier alone, in a real nginx. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import net from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { NativeNginx } from "./support/native_nginx";
import { RedisServer } from "./support/redis_server";

const MIB = 1024 * 1024;
const KEY = "0123456789abcdef".repeat(4);
const PREFIX = "openclaw:cache:";

interface Kept {
    head: string;
    body: Buffer;
    seconds: number;
}

/** Redis has time to reply where it is not slow: the machine may be. */
const PATIENT = "timeout_seconds = 5";

/** A gateway whose requests read and write single answers. */
class Gateway {
    private constructor(readonly nginx: NativeNginx) {}

    static async start(port: number, options = PATIENT, { workers = 1, http = "" } = {}): Promise<Gateway> {
        const nginx = await NativeNginx.start({
            workers,
            http: `
                lua_socket_log_errors off;
                client_body_buffer_size 2m;
                client_max_body_size 64m;
                ${http}
                init_by_lua_block {
                    local fault = require("resty.openclaw.core.metrics.fault")
                    local registry = require("resty.openclaw.core.metrics.metric_registry").open("openclaw")
                    local state = require("resty.openclaw.core.request.request_state")
                    tiers = require("resty.openclaw.cache.redis_tier")
                    local problems = {}
                    local options = tiers.KIND.read({ port = ${port}, ${options} }, "cache.redis", problems)
                    require("resty.openclaw.config.problems").raise(problems)
                    tier = tiers.new(options, "cache.redis", fault.new("cache", registry), registry, "work")
                    -- What a gateway does when a request ends.
                    function finish()
                        tiers.leave(state.open())
                        state.forget()
                    end
                    metrics = require("resty.openclaw.metrics").new()
                }`,
            server: `
                location = /pid { content_by_lua_block { ngx.say(ngx.worker.pid()) } }
                location = /metrics { content_by_lua_block { metrics:page() } }
                location = /read {
                    content_by_lua_block {
                        local kept = tiers.read(tier, ngx.var.arg_key)
                        if not kept then return ngx.exit(404) end
                        ngx.header.Head, ngx.header.Seconds = ngx.encode_base64(kept.head, true), kept.seconds
                        ngx.print(kept.body)
                    }
                    log_by_lua_block { finish() }
                }
                location = /write {
                    content_by_lua_block {
                        ngx.req.read_body()
                        ngx.ctx.body = ngx.req.get_body_data() or ""
                        ngx.print("ok")
                    }
                    log_by_lua_block {
                        local times = tonumber(ngx.var.arg_times) or 1
                        for time = 1, times do
                            local key = times == 1 and ngx.var.arg_key or ngx.var.arg_key .. time
                            tiers.write(tier, key, ngx.decode_base64(ngx.unescape_uri(ngx.var.arg_head)), ngx.ctx.body, tonumber(ngx.var.arg_seconds))
                        end
                        finish()
                    }
                }
                # Asks while the worker has no time for what comes.
                location = /busy {
                    content_by_lua_block {
                        local kept
                        local thread = ngx.thread.spawn(function() kept = tiers.read(tier, ngx.var.arg_key) end)
                        local ends = os.clock() + 0.1
                        while os.clock() < ends do end
                        ngx.thread.wait(thread)
                        ngx.print(kept and kept.body or "nothing")
                    }
                    log_by_lua_block { finish() }
                }`,
        });
        onTestFinished(() => nginx.stop());
        return new Gateway(nginx);
    }

    async read(key = KEY): Promise<Kept | undefined> {
        const response = await fetch(this.nginx.url(`/read?key=${key}`));
        const body = Buffer.from(await response.arrayBuffer());
        if (response.status === 404) return undefined;
        expect(response.status).toBe(200);
        const head = Buffer.from(response.headers.get("Head") ?? "", "base64").toString("latin1");
        return { head, body, seconds: Number(response.headers.get("Seconds")) };
    }

    async write(body: Buffer | string, { key = KEY, head = "head", seconds = 60, times = 1 } = {}): Promise<void> {
        const words = {
            key,
            head: Buffer.from(head, "latin1").toString("base64"),
            seconds: String(seconds),
            times: String(times),
        };
        // Bodies of requests are no shared memory.
        const sent = typeof body === "string" ? body : new Uint8Array(body);
        const url = this.nginx.url(`/write?${new URLSearchParams(words).toString()}`);
        const response = await fetch(url, { method: "POST", body: sent });
        expect(await response.text()).toBe("ok");
    }

    async count(series: string): Promise<number> {
        const page = await this.nginx.get("/metrics");
        const line = page.split("\n").find((one) => one.startsWith(`${series} `));
        return Number(line?.split(" ")[1] ?? 0);
    }

    /** How many questions ended in each way, and how many writes. */
    async questions(): Promise<Record<string, number>> {
        return this.results("openclaw_cache_redis_questions_total", ["hit", "miss", "failed", "skipped"]);
    }

    async writes(): Promise<Record<string, number>> {
        const results = ["written", "failed", "skipped", "dropped", "too_large"];
        return this.results("openclaw_cache_redis_writes_total", results);
    }

    private async results(name: string, results: readonly string[]): Promise<Record<string, number>> {
        const found: Record<string, number> = {};
        for (const result of results) {
            const count = await this.count(`${name}{route="work",result="${result}"}`);
            if (count > 0) found[result] = count;
        }
        return found;
    }

    faults(kind: string): Promise<number> {
        return this.count(`openclaw_faults_total{plugin="cache",kind="${kind}"}`);
    }

    /** Writes, and waits until that is done. */
    async store(body: Buffer | string, options: { key?: string; head?: string; seconds?: number } = {}): Promise<void> {
        const before = (await this.writes()).written ?? 0;
        await this.write(body, options);
        await eventually("the answer is written", async () => ((await this.writes()).written ?? 0) === before + 1);
    }
}

/** Reads an answer that is there until Redis gives it. */
async function recovers(gateway: Gateway, key = KEY): Promise<void> {
    await eventually("Redis is asked again", async () => {
        const before = (await gateway.questions()).hit ?? 0;
        await gateway.read(key);
        return ((await gateway.questions()).hit ?? 0) > before;
    });
}

test("gives back what another gateway wrote, byte for byte", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateways = [await Gateway.start(redis.port), await Gateway.start(redis.port)] as const;
    const bodies = [
        Buffer.alloc(0),
        Buffer.from([0, 13, 10, 255]),
        Buffer.from("compresses ".repeat(10_000)),
        randomBytes(100_000),
        randomBytes(MIB),
        Buffer.alloc(MIB),
    ];
    for (const [place, body] of bodies.entries()) {
        const key = place.toString(16).padStart(64, "0");
        expect(await gateways[1].read(key)).toBeUndefined();
        await gateways[0].store(body, { key, head: "200\0\r\nX: \xff" });
        for (const gateway of gateways) {
            const kept = await gateway.read(key);
            expect(kept?.head).toBe("200\0\r\nX: \xff");
            expect(kept?.body.equals(body)).toBe(true);
            expect(kept?.seconds).toBeGreaterThan(0);
            expect(kept?.seconds).toBeLessThanOrEqual(60);
        }
    }
    expect(Number(await redis.cli("strlen", `${PREFIX}${"2".padStart(64, "0")}`))).toBeLessThan(5000);
    await gateways[0].write(Buffer.alloc(MIB + 1));
    await eventually("it is too large", async () => (await gateways[0].writes()).too_large === 1);
    expect(await gateways[0].questions()).toEqual({ hit: bodies.length });
    expect(await gateways[1].questions()).toEqual({ hit: bodies.length, miss: bodies.length });
    for (const { nginx } of gateways) expect(await nginx.errorLog()).not.toMatch(/\[(error|warn|crit|alert)\].*cache/);
});

test("no answer outlives the time it was written for, whatever other clocks say", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    await gateway.store("short", { seconds: 1.5 });
    const began = performance.now();
    expect((await gateway.read())?.seconds).toBeLessThanOrEqual(1.5);
    expect(Number(await redis.cli("pttl", PREFIX + KEY))).toBeLessThanOrEqual(1500);
    await eventually("it is forgotten", async () => (await gateway.read()) === undefined);
    expect(performance.now() - began).toBeGreaterThan(500);
    // Somebody gives it more time: what the value says counts.
    await gateway.store("short", { seconds: 3 });
    await redis.cli("pexpire", PREFIX + KEY, "3600000");
    expect((await gateway.read())?.seconds).toBeLessThanOrEqual(3);
    await eventually("it is not fresh any more", async () => (await gateway.read()) === undefined);
    expect(await redis.cli("exists", PREFIX + KEY)).toBe("1\n");
    // Or less.
    await gateway.store("long", { seconds: 3600 });
    await redis.cli("pexpire", PREFIX + KEY, "2000");
    expect((await gateway.read())?.seconds).toBeLessThanOrEqual(2);
    await redis.cli("persist", PREFIX + KEY);
    expect(await gateway.read()).toBeUndefined();
    expect(await gateway.nginx.errorLog()).toContain("an answer in Redis is not used: it never expires");
});

test("an answer that Redis writes late, as a process that was stopped, lives no longer", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    const pid = Number(/process_id:(\d+)/.exec(await redis.cli("info", "server"))?.[1]);
    async function scripts(): Promise<number> {
        return Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.cli("info", "commandstats"))?.[1] ?? 0);
    }
    const existing = await eventually("Redis gets an answer when it is not fresh any more", async () => {
        await gateway.store("first", { key: "a".repeat(64) });
        const before = await scripts();
        const failed = (await gateway.writes()).failed ?? 0;
        const began = performance.now();
        process.kill(pid, "SIGSTOP");
        try {
            // The gateway gives up after a second, but the command is on its way.
            await gateway.write("late", { seconds: 1.5 });
            await eventually("it is given up", async () => ((await gateway.writes()).failed ?? 0) > failed);
            await eventually("it is not fresh any more", () => performance.now() > began + 1700);
        } finally {
            process.kill(pid, "SIGCONT");
        }
        const isLate = (await scripts()) > before;
        const found = await redis.cli("exists", PREFIX + KEY);
        // If the machine was slow, the gateway has asked for the time before.
        if (isLate) return found;
        await recovers(gateway, "a".repeat(64));
        return false;
    });
    expect(existing).toBe("0\n");
});

test("what is damaged, foreign, of another version or another key is a miss and a fault", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    await gateway.store("text ".repeat(1000));
    const name = PREFIX + KEY;
    const whole = "compare";
    await redis.cli("copy", name, whole);
    let faults = 0;
    async function expectRefused(...command: string[]): Promise<void> {
        await redis.cli("del", name);
        await redis.cli("copy", whole, name);
        expect(await gateway.read()).toBeDefined();
        await redis.cli(...command);
        expect(await gateway.read()).toBeUndefined();
        faults += 1;
        expect(await gateway.faults("damaged_answer")).toBe(faults);
    }
    await expectRefused("setrange", name, "60", "damaged");
    await expectRefused("setrange", name, "0", "openclaw2");
    await expectRefused("setrange", name, "0", "someone's");
    await expectRefused("append", name, "more");
    await expectRefused("set", name, "foreign", "ex", "60");
    await expectRefused(
        "eval",
        `redis.call("SET", KEYS[1], string.sub(redis.call("GET", KEYS[1]), 1, -2), "EX", 60)`,
        "1",
        name,
    );
    await expectRefused("eval", `redis.call("SET", KEYS[1], string.rep("x", 50000000), "EX", 60)`, "1", name);
    await expectRefused("eval", `redis.call("DEL", KEYS[1]) redis.call("LPUSH", KEYS[1], "x")`, "1", name);
    await redis.cli("copy", whole, `${PREFIX}${"f".repeat(64)}`);
    expect(await gateway.read("f".repeat(64))).toBeUndefined();
    expect(await gateway.faults("damaged_answer")).toBe(faults + 1);
    expect((await gateway.questions()).failed).toBeUndefined();
    // It is written anew.
    await gateway.store("new");
    expect(String((await gateway.read())?.body)).toBe("new");
});

test("a user with the rights in docs/cache.md is enough", async () => {
    const text = readFileSync(path.join(CHECKOUT, "docs/cache.md"), "utf8");
    const command = /^redis-cli (ACL SETUSER .*)$/m.exec(text)?.[1] ?? "";
    const redis = await RedisServer.start({ isKept: false });
    await redis.cli(...command.replaceAll("'", "").split(" "));
    const gateway = await Gateway.start(redis.port, `${PATIENT}, username = "gateway", password = "PASSWORD"`);
    await gateway.store("text");
    expect(String((await gateway.read())?.body)).toBe("text");
    // Another prefix is refused, and then nothing is asked.
    const other = await Gateway.start(
        redis.port,
        `${PATIENT}, username = "gateway", password = "PASSWORD", prefix = "a:"`,
    );
    for (let time = 0; time < 5; time += 1) expect(await other.read()).toBeUndefined();
    expect(await other.questions()).toEqual({ failed: 1, skipped: 4 });
    expect(await other.nginx.errorLog()).not.toContain("PASSWORD");
});

test("FLUSHALL loses the answers, and nothing else", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    await gateway.store("text");
    await redis.cli("flushall");
    await redis.cli("script", "flush");
    expect(await gateway.read()).toBeUndefined();
    await gateway.store("text");
    expect(String((await gateway.read())?.body)).toBe("text");
    expect(await gateway.questions()).toEqual({ hit: 1, miss: 1 });
});

test("without Redis one question fails, and then none is asked until it replies to a timer", async () => {
    const redis = await RedisServer.start({ isKept: true });
    const gateway = await Gateway.start(redis.port);
    await gateway.store("text", { seconds: 3600 });
    expect(await gateway.read()).toBeDefined();
    await redis.stop();
    for (let time = 0; time < 50; time += 1) expect(await gateway.read()).toBeUndefined();
    expect(await gateway.questions()).toEqual({ hit: 1, failed: 1, skipped: 49 });
    await gateway.write("other", { key: "b".repeat(64) });
    await eventually("it is not written", async () => (await gateway.writes()).skipped === 1);
    await redis.startAgain();
    await recovers(gateway);
    expect((await gateway.questions()).failed).toBe(1);
    const log = await gateway.nginx.errorLog();
    const begins = `cache: redis: Redis at 127.0.0.1:${redis.port}`;
    expect(log).toContain(`${begins} does not share answers of the route "work": `);
    expect(log).toContain("; meanwhile each gateway has its own cache only");
    expect(log).toContain(`${begins} replies again, and shares answers`);
});

test("a Redis that hangs costs each worker one question of the default timeout", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port, "");
    await redis.cli("client", "pause", "3000");
    for (let time = 0; time < 100; time += 1) expect(await gateway.read()).toBeUndefined();
    expect(await gateway.questions()).toEqual({ failed: 1, skipped: 99 });
    await redis.cli("ping");
    await eventually("Redis is asked again", async () => {
        await gateway.read();
        return ((await gateway.questions()).miss ?? 0) > 0;
    });
    expect(await gateway.nginx.errorLog()).toContain("not done in time");
});

test("a busy worker does not take Redis for slow", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port, "timeout_seconds = 0.05");
    await gateway.store("text");
    await recovers(gateway);
    expect(await gateway.nginx.get(`/busy?key=${KEY}`)).toBe("text");
});

test("a Redis that refuses to write is read all the same", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    await gateway.store("text");
    await redis.cli("config", "set", "maxmemory", "1");
    await gateway.write("other", { key: "b".repeat(64) });
    await eventually("it is refused", async () => (await gateway.writes()).failed === 1);
    await gateway.write("other", { key: "b".repeat(64) });
    await eventually("nothing is written for a while", async () => (await gateway.writes()).skipped === 1);
    expect(String((await gateway.read())?.body)).toBe("text");
    expect(await gateway.nginx.errorLog()).toContain("OOM command not allowed");
    await redis.cli("config", "set", "maxmemory", "0");
    await eventually("it is written again", async () => {
        await gateway.write("other", { key: "b".repeat(64) });
        return ((await gateway.writes()).written ?? 0) > 1;
    });
});

test("hostile replies are failures, at once and in bounded memory", async () => {
    const replies = [
        "*1000000000\r\n",
        "$2000000000\r\n",
        "$-7\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "*1\r\n*1\r\n*1\r\n",
        "\r\n",
        `+${"x".repeat(100)}\r\n`,
        ":1\r\n",
        "*4\r\n$1\r\n7\r\n:1\r\n:1\r\n$1\r\nx\r\n",
        "*4\r\n:7\r\n:nan\r\n:nan\r\n$1\r\nx\r\n",
        "*0\r\n",
        "$-1\r\n",
    ];
    let reply = "";
    const server = net.createServer((socket) => {
        socket.on("data", () => socket.write(reply)).on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    for (const one of replies) {
        reply = one;
        const gateway = await Gateway.start((server.address() as AddressInfo).port);
        expect(await gateway.read()).toBeUndefined();
        const { failed = 0, miss = 0 } = await gateway.questions();
        expect([one, failed + miss]).toEqual([one, 1]);
        expect(await gateway.read()).toBeUndefined();
        await gateway.write("text");
        await eventually("the write has failed", async () => {
            const { failed = 0, skipped = 0 } = await gateway.writes();
            return failed + skipped === 1;
        });
        const log = await gateway.nginx.errorLog();
        expect(log).not.toMatch(/lua entry thread aborted|bad argument|attempt to|table overflow/);
        await gateway.nginx.stop();
    }
});

test("the queue is bounded, and what does not fit is dropped", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    // In one go, so that the queue cannot be emptied meanwhile.
    await gateway.write(randomBytes(MIB), { times: 20 });
    await eventually("all of them are done with", async () => {
        const { written = 0, dropped = 0 } = await gateway.writes();
        return written + dropped === 20;
    });
    expect(await gateway.writes()).toEqual({ written: 15, dropped: 5 });
    await gateway.store("text");
    expect(String((await gateway.read())?.body)).toBe("text");
});

test("a worker that exits writes what it has, or gives it up soon where Redis hangs", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port);
    // Little: it has two seconds for it.
    await gateway.write(randomBytes(MIB / 16), { times: 15 });
    await gateway.nginx.reload();
    await eventually("the old worker is gone", async () => (await gateway.nginx.drainingPids()).length === 0);
    expect(await gateway.writes()).toEqual({ written: 15 });
    await redis.cli("client", "pause", "60000");
    await gateway.write(randomBytes(MIB), { times: 15 });
    await gateway.nginx.reload();
    await eventually("the old worker is gone", async () => (await gateway.nginx.drainingPids()).length === 0, 20_000);
    expect(await gateway.writes()).toEqual({ written: 15, failed: 1, skipped: 14 });
    expect(await gateway.nginx.errorLog()).not.toMatch(/\[alert\]|exited on signal/);
});

test("requests that end in the middle give their places back, and too many questions are not asked", async () => {
    const redis = await RedisServer.start({ isKept: false });
    const gateway = await Gateway.start(redis.port, "timeout_seconds = 300", { http: "lua_check_client_abort on;" });
    const pid = Number(/process_id:(\d+)/.exec(await redis.cli("info", "server"))?.[1]);
    process.kill(pid, "SIGSTOP");
    onTestFinished(() => void process.kill(pid, "SIGCONT"));
    const most = 128;
    const controller = new AbortController();
    const url = gateway.nginx.url(`/read?key=${KEY}`);
    const pending = Array.from({ length: most + 3 }, () =>
        fetch(url, { signal: controller.signal }).catch(() => undefined),
    );
    await eventually("all places are taken", async () => ((await gateway.questions()).skipped ?? 0) === 3);
    controller.abort();
    await Promise.all(pending);
    process.kill(pid, "SIGCONT");
    await eventually("requests ask again", async () => {
        await gateway.read();
        return ((await gateway.questions()).miss ?? 0) > 0;
    });
    expect((await gateway.questions()).failed).toBeUndefined();
});

test("nothing listens at a wrong port, and the tier costs nothing but its log line", async () => {
    const gateway = await Gateway.start(await freePort());
    for (let time = 0; time < 20; time += 1) expect(await gateway.read()).toBeUndefined();
    expect(await gateway.questions()).toEqual({ failed: 1, skipped: 19 });
    const log = await gateway.nginx.errorLog();
    expect(log.split("cannot connect: connection refused").length).toBe(2);
});
