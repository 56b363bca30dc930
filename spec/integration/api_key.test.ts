import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { CREDENTIALS, GuardedRedis } from "./support/guarded_redis";
import { NativeNginx } from "./support/native_nginx";

async function folder(): Promise<string> {
    const made = await mkdtemp(path.join(tmpdir(), "openclaw-keys-"));
    await chmod(made, 0o755);
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    return made;
}

function digest(key: string): string {
    return createHash("sha256").update(key).digest("hex");
}

/** A gateway whose /who tells whose key `X-API-Key` holds, and its class, or why it is refused. */
function gateway(method: string): Promise<NativeNginx> {
    return NativeNginx.start({
        http: `
            lua_socket_log_errors off;
            lua_ssl_trusted_certificate ${CHECKOUT}/spec/support/tls/ca.pem;
            lua_ssl_verify_depth 2;
            init_by_lua_block {
                local registry = require("resty.openclaw.core.metrics.metric_registry").open("openclaw")
                keys = ${method}
            }
            init_worker_by_lua_block { if keys.init_worker then keys:init_worker() end }`,
        server: `
            location = /who {
                lua_check_client_abort on;
                access_by_lua_block {
                    local caller, reason = keys:check(ngx.var.http_x_api_key, ngx.now())
                    ngx.print(caller and caller.identity .. " " .. caller.class or reason)
                    ngx.exit(200)
                }
            }`,
    });
}

function fileGateway(file: string): Promise<NativeNginx> {
    return gateway(
        `require("resty.openclaw.auth.api_key.key_file").new({ registry = registry, plugin = "auth", route = "r", option = "file", path = "${file}" })`,
    );
}

/** `options`: of the table `redis`, as Lua. */
function redisGateway(options: string): Promise<NativeNginx> {
    return gateway(`(function(options)
        local redis_keys, problems = require("resty.openclaw.auth.api_key.redis_keys"), {}
        local read = require("resty.openclaw.config.schema").read(redis_keys.SCHEMA, options, "redis", problems)
        assert(problems[1] == nil, problems[1])
        return redis_keys.new(read, "redis", require("resty.openclaw.core.metrics.fault").new("auth", registry))
    end)({ ${options} })`);
}

/** Not in the URL, which nginx's own log lines show. */
async function who(nginx: NativeNginx, key: string): Promise<string> {
    // Each connection goes to any of the workers.
    const response = await fetch(nginx.url("/who"), { headers: { "X-API-Key": key, Connection: "close" } });
    return response.text();
}

/** The key and the line that the tool prints. */
async function newKey(...args: string[]): Promise<{ key: string; line: string }> {
    const { stdout } = await promisify(execFile)("tools/new_api_key.sh", args, { cwd: CHECKOUT });
    const [key = "", line = "", ...rest] = stdout.split("\n");
    expect(rest).toEqual([""]);
    return { key, line: `${line}\n` };
}

/** What the tool says of wrong arguments. */
function complaint(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
        const tool = spawn("tools/new_api_key.sh", args, { cwd: CHECKOUT, stdio: ["ignore", "pipe", "pipe"] });
        let [printed, said] = ["", ""];
        tool.stdout.on("data", (chunk) => (printed += String(chunk)));
        tool.stderr.on("data", (chunk) => (said += String(chunk)));
        tool.on("error", reject);
        tool.on("close", (code) => {
            if (code === 1 && printed === "") resolve(said.trim());
            else reject(new Error(`exit code ${code}, printed ${printed}`));
        });
    });
}

test("new_api_key.sh makes keys that the gateway takes, without a reload, in all workers", async () => {
    const place = await folder();
    const file = `${place}/api_keys`;
    const first = await newKey(
        "client-1",
        "class=vip",
        "tenant=acme",
        "rate=600/minute",
        "routes=a,b",
        "expires=2096-02-29",
    );
    const second = await newKey("client-2", "expires=2096-12-31T23:59:59Z");
    expect(first.key).toMatch(/^oc_[\w-]{43}$/);
    expect(first.line).toBe(
        `client-1 ${digest(first.key)} class=vip tenant=acme rate=600/minute routes=a,b expires=2096-02-29\n`,
    );
    expect(first.key).not.toBe(second.key);
    await writeFile(file, first.line);
    await using nginx = await fileGateway(file);
    expect(await who(nginx, first.key)).toBe("client-1 vip");
    expect(await who(nginx, second.key)).toBe("unknown_key");
    const changed = async (text: string) => {
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
        return Date.now();
    };
    /** Each worker has a queue of its own, and a connection goes to any: all say so, many times in a row. */
    const all = async (key: string, verdict: string) => {
        const verdicts = await Promise.all(Array.from({ length: 20 }, () => who(nginx, key)));
        return verdicts.every((one) => one === verdict);
    };
    const before = await changed(second.line);
    await eventually("all workers know the new key", () => all(second.key, "client-2 standard"));
    await eventually("no worker takes the old key", () => all(first.key, "unknown_key"));
    // A look each second, and what is new has to last for 0.3 s.
    expect(Date.now() - before).toBeLessThan(5_000);
    await changed(`${first.line}oops ${first.key}\n`);
    await eventually("it is said", async () => (await nginx.errorLog()).includes("line 2: the second word must be"));
    expect(await who(nginx, second.key)).toBe("client-2 standard");
    expect(await nginx.errorLog()).not.toContain(first.key);
    expect(await nginx.errorLog()).not.toContain("oops");
});

test("new_api_key.sh appends the line to a file, and prints the key alone", async () => {
    const file = path.join(await folder(), "api_keys");
    for (const id of ["camera-7", "camera-8"]) {
        const { stdout } = await promisify(execFile)("tools/new_api_key.sh", ["--file", file, id, "class=vip"], {
            cwd: CHECKOUT,
        });
        expect(await readFile(file, "utf8")).toMatch(
            new RegExp(String.raw`(^|\n)${id} ${digest(stdout.trim())} class=vip\n$`),
        );
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await complaint("--file", file, "camera-7")).toBe(
        `new_api_key: ${file} has a key with the id camera-7 already`,
    );
    await appendFile(file, "# half a line");
    expect(await complaint("--file", file, "camera-9")).toContain("does not end with a line break");
    expect((await readFile(file, "utf8")).split("\n")).toHaveLength(3);
});

test("new_api_key.sh refuses what the gateway would refuse, in the same words", async () => {
    const name = "must be 1 to 64 letters, digits, dots, underscores or hyphens";
    const routes =
        "routes must be up to 64 different names with commas between them, each 1 to 64 letters, digits, dots, underscores or hyphens";
    const rate = "rate must be like 10/second or 600/minute";
    const expires = "expires must be like 2027-01-31 or 2027-01-31T00:00:00Z";
    const words = "NAME=VALUE is expected after the id, with the names tenant, class, rate, routes and expires";
    const many = Array.from({ length: 65 }, (_, index) => `r${index}`).join(",");
    const wrong: [string[], string][] = [
        [[""], `the id ${name}`],
        [["a b"], `the id ${name}`],
        [["a\nb"], `the id ${name}`],
        [["ä"], `the id ${name}`],
        [["#a"], `the id ${name}`],
        [["a".repeat(65)], `the id ${name}`],
        [["a", "vip"], words],
        [["a", "route=x"], words],
        [["a", "# x"], words],
        [["a", "class="], `class ${name}`],
        [["a", "class=x y"], `class ${name}`],
        [["a", "tenant=x=y"], `tenant ${name}`],
        [["a", "class=x", "class=x"], "class is there twice"],
        ...[
            "10",
            "0/second",
            "010/second",
            "-1/second",
            "10/day",
            "/second",
            "1/2/second",
            `1${"0".repeat(30)}/second`,
        ].map((value): [string[], string] => [["a", `rate=${value}`], rate]),
        ...["", ",a", "a,", "a,,b", "a,b,a", "a;b", "*", many].map((value): [string[], string] => [
            ["a", `routes=${value}`],
            routes,
        ]),
        ...[
            "",
            "never",
            "2027-02-29",
            "2100-02-29",
            "2027-00-01",
            "2027-13-01",
            "2027-04-31",
            "2027-01-00",
            "1969-12-31",
        ]
            .concat([
                "2027-01-31T24:00:00Z",
                "2027-01-31T00:60:00Z",
                "2027-01-31T00:00:60Z",
                "2027-01-31 00:00:00Z",
                "2027-1-31",
            ])
            .map((value): [string[], string] => [["a", `expires=${value}`], expires]),
    ];
    for (const [args, said] of wrong) expect(await complaint(...args)).toBe(`new_api_key: ${said}`);
    expect(await complaint()).toMatch(/^new_api_key: usage: /);
    await newKey("a", `routes=${many.slice(0, many.lastIndexOf(","))}`, "expires=2000-02-29", "rate=1/second");
}, 60_000);

/** Runs a copy of api_files.sh as by hand, for `run/api` in a folder. */
function apiFiles(place: string): Promise<{ stdout: string; stderr: string }> {
    return promisify(execFile)("sh", ["-c", "umask 022; tools/api_files.sh run/api"], { cwd: place });
}

test("api_files.sh makes files that workers can read, and says which", async () => {
    const place = await folder();
    await cp(path.join(CHECKOUT, "tools"), path.join(place, "tools"), { recursive: true });
    const made = await apiFiles(place);
    expect(made).toEqual({
        stdout: "api_files: wrote issuer.key, jwt_keys.json, key, api_keys and token to run/api\n",
        stderr: "",
    });
    const mode = async (name: string) => ((await stat(path.join(place, name))).mode & 0o777).toString(8);
    const names = ["run", "run/api", "run/api/jwt_keys.json", "run/api/api_keys", "run/api/issuer.key", "run/api/key"];
    expect(await Promise.all(names.map(mode))).toEqual(["755", "755", "644", "644", "600", "600"]);
    const key = (await readFile(path.join(place, "run/api/key"), "utf8")).trim();
    const line = await readFile(path.join(place, "run/api/api_keys"), "utf8");
    expect(line).toBe(`camera-7 ${digest(key)} class=standard tenant=pond\n`);
    expect((await apiFiles(place)).stdout).toBe("api_files: wrote token to run/api\n");
});

test("api_files.sh says why it can make no key", async () => {
    const place = await folder();
    await mkdir(path.join(place, "tools"));
    await cp(path.join(CHECKOUT, "tools/api_files.sh"), path.join(place, "tools/api_files.sh"));
    await writeFile(path.join(place, "tools/new_api_key.sh"), "#!/bin/sh\necho 'no sha256sum here' >&2\nexit 1\n", {
        mode: 0o755,
    });
    await expect(apiFiles(place)).rejects.toMatchObject({ code: 1, stdout: "", stderr: "no sha256sum here\n" });
});

/** What reads API keys needs no more. */
const RIGHTS = "~openclaw:key:* +hgetall +select";

function addKey(redis: GuardedRedis, key: string, id: string, ...fields: string[]): Promise<string> {
    return redis.cli("hset", `openclaw:key:${digest(key)}`, "id", id, ...fields);
}

const freshKey = () => `oc_${randomBytes(32).toString("base64url")}`;

test("keys in Redis: new ones, withdrawn ones, and expired ones, over TCP, TLS and a unix socket", async () => {
    const place = await folder();
    await using redis = await GuardedRedis.start(place, RIGHTS);
    const [key, other, old] = [freshKey(), freshKey(), freshKey()];
    await addKey(redis, key, "client-1", "class", "vip");
    await addKey(redis, old, "client-3", "expires", "2020-01-01");
    for (const way of [
        `port = ${redis.port}`,
        `port = ${redis.tlsPort}, ssl = true, ssl_server_name = "sink.test"`,
        `path = "${redis.socket}"`,
    ]) {
        await redis.cli("del", `openclaw:key:${digest(other)}`);
        await using nginx = await redisGateway(`${way}, ${CREDENTIALS}, cache_seconds = 0.5`);
        expect(await who(nginx, key)).toBe("client-1 vip");
        expect(await who(nginx, old)).toBe("expired");
        expect(await who(nginx, other)).toBe("unknown_key");
        await addKey(redis, other, "client-2");
        await eventually("it is known", async () => (await who(nginx, other)) === "client-2 standard");
        await redis.cli("del", `openclaw:key:${digest(other)}`);
        await eventually("it is withdrawn", async () => (await who(nginx, other)) === "unknown_key");
        const log = await nginx.errorLog();
        for (const secret of [key, other, "secret"]) expect(log).not.toContain(secret);
    }
});

test("many requests at once: few connections, and each key is asked for once", async () => {
    const place = await folder();
    await using redis = await GuardedRedis.start(place, RIGHTS);
    const keys = Array.from({ length: 40 }, freshKey);
    for (const [index, key] of keys.entries()) await addKey(redis, key, `client-${index}`);
    await using nginx = await redisGateway(`port = ${redis.port}, ${CREDENTIALS}, cache_seconds = 60`);
    await redis.cli("config", "resetstat");
    const rounds = Array.from({ length: 10 }, () => keys).flat();
    const verdicts = await Promise.all(rounds.map((key) => who(nginx, key)));
    expect(verdicts).toEqual(rounds.map((key) => `client-${keys.indexOf(key)} standard`));
    const calls = Number(/cmdstat_hgetall:calls=(\d+)/.exec(await redis.cli("info", "commandstats"))?.[1]);
    // Once in each of two workers.
    expect(calls).toBeLessThanOrEqual(80);
    // A flood of random keys: each is asked for once, and drives no known one out.
    const random = Array.from({ length: 400 }, freshKey);
    for (const verdict of await Promise.all(random.map((key) => who(nginx, key)))) expect(verdict).toBe("unknown_key");
    await Promise.all(keys.map((key) => who(nginx, key)));
    const later = Number(/cmdstat_hgetall:calls=(\d+)/.exec(await redis.cli("info", "commandstats"))?.[1]);
    expect(later).toBeLessThanOrEqual(80 + 400);
    const connected = Number(/connected_clients:(\d+)/.exec(await redis.cli("info", "clients"))?.[1]);
    expect(connected).toBeLessThanOrEqual(2 * 32 + 1);
    expect(await nginx.errorLog()).not.toContain("[error]");
});

test("Redis that stands still, is restarted, or refuses: closed or stale, as chosen, and back by itself", async () => {
    const place = await folder();
    await using redis = await GuardedRedis.start(place, RIGHTS);
    const [key, other] = [freshKey(), freshKey()];
    await addKey(redis, key, "client-1");
    const options = `port = ${redis.port}, ${CREDENTIALS}, cache_seconds = 0.2, timeout_seconds = 0.4`;
    await using closed = await redisGateway(options);
    await using stale = await redisGateway(`${options}, on_error = "stale", stale_seconds = 300`);
    /** So often that each of the two workers knows the key. */
    const warm = async () => {
        for (const nginx of [closed, stale])
            await eventually("the key is known", async () => {
                const verdicts = await Promise.all(Array.from({ length: 20 }, () => who(nginx, key)));
                return verdicts.every((verdict) => verdict === "client-1 standard");
            });
    };
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await warm();
    await redis.cli("client", "pause", "3000", "all");
    await sleep(300);
    // Clients leave while their keys are looked up, and nginx ends their requests.
    const impatient = Array.from({ length: 60 }, (_, index) =>
        fetch(closed.url("/who"), {
            headers: { "X-API-Key": index % 2 === 0 ? key : freshKey(), Connection: "close" },
            signal: AbortSignal.timeout(100),
        }).catch(() => undefined),
    );
    await Promise.all(impatient);
    expect(await who(closed, key)).toBe("unavailable");
    expect(await who(stale, key)).toBe("client-1 standard");
    expect(await who(stale, other)).toBe("unavailable");
    await warm();
    await redis.stop();
    await sleep(300);
    expect(await who(closed, key)).toBe("unavailable");
    expect(await who(stale, key)).toBe("client-1 standard");
    await redis.startAgain();
    await addKey(redis, other, "client-2");
    await warm();
    await eventually("a new key is known", async () => (await who(closed, other)) === "client-2 standard");
    // The user loses the right to read keys, on connections that are open.
    await redis.cli("acl", "setuser", "gate", "-hgetall");
    await sleep(300);
    expect(await who(closed, key)).toBe("unavailable");
    expect(await who(stale, key)).toBe("client-1 standard");
    await redis.cli("acl", "setuser", "gate", "+hgetall");
    await warm();
    // A connection that Redis closes is replaced without anybody noticing.
    await redis.cli("client", "kill", "type", "normal", "skipme", "yes");
    await sleep(300);
    expect(await who(closed, key)).toBe("client-1 standard");
    for (const nginx of [closed, stale]) {
        const log = await nginx.errorLog();
        expect(log).toContain("no API keys from Redis: ");
        for (const secret of [key, other, digest(key), digest(other), "secret"]) expect(log).not.toContain(secret);
    }
}, 90_000);
