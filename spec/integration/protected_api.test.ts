/** nginx/scenarios/protected-api.conf, and what docs/auth.md shows for those who have an identity server, in real nginx processes. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { type NativeNginx, TEMPORARY_PATHS } from "./support/native_nginx";
import { startNativeScenario, startReplaced } from "./support/native_scenario";
import type { Answer } from "./support/scenario";
import { ask, JPEG, parseMetrics } from "./support/scenario";
import { readSnippets } from "./support/snippets";

/** What the inference node was sent. */
let seen: http.IncomingHttpHeaders[] = [];
const node = http.createServer((request, response) => {
    seen.push(request.headers);
    request.resume().on("end", () => response.end("analyzed"));
});

/** What tools/api_files.sh makes. */
let files: string;
let gateway: NativeNginx;
let port: number;

function content(name: string): string {
    return readFileSync(path.join(files, name), "utf8").trim();
}

function addressOf(server: http.Server): string {
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
    files = mkdtempSync(path.join(tmpdir(), "openclaw-api-"));
    await run("tools/api_files.sh", files);
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    port = await freePort();
    gateway = await startNativeScenario("protected-api", {
        'ngx.config.prefix() .. "run/api/': `"${files}/`,
        "listen 127.0.0.1:8080": `listen 127.0.0.1:${port}`,
        '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"${addressOf(node)}"`,
    });
});

beforeEach(() => {
    seen = [];
});

afterAll(async () => {
    await gateway?.stop();
    node.closeAllConnections();
    node.close();
    await rm(files, { recursive: true, force: true });
});

function analyze(headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Answer> {
    const url = `http://127.0.0.1:${port}/api/analyze`;
    return ask(url, { method: "POST", body: new Uint8Array(JPEG), headers, ...init });
}

function bearer(token: string): Record<string, string> {
    return { Authorization: `Bearer ${token}` };
}

function base64url(value: unknown): string {
    return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const CLAIMS = { iss: "https://login.example", aud: ["other", "analyze"], sub: "bob", scope: "read infer" };

/** A token of the issuer, or one signed with another key. */
function token(claims: Record<string, unknown> = {}, kid = "test-1", key = content("issuer.key")): string {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const signed = `${base64url({ alg: "RS256", kid })}.${base64url({ ...CLAIMS, exp, ...claims })}`;
    return `${signed}.${createSign("sha256").update(signed).sign(key, "base64url")}`;
}

/** The line of the access log for a request. */
function lineOf(id: string): Promise<string> {
    return eventually(`the log has ${id}`, async () => {
        const log = await readFile(path.join(gateway.prefix, "run/callers.log"), "utf8").catch(() => "");
        return log.split("\n").find((line) => line.endsWith(` ${id}`));
    });
}

/** Replaces one of the files, as operators should. */
async function replace(name: string, text: string): Promise<void> {
    const file = path.join(files, name);
    await writeFile(`${file}.new`, text);
    await chmod(`${file}.new`, 0o644);
    await rename(`${file}.new`, file);
}

/** Resolves when ten requests in a row have this status, so that all workers are likely to agree. */
async function awaitStatus(headers: Record<string, string>, status: number): Promise<void> {
    await eventually(`all workers answer ${status}`, async () => {
        for (let count = 0; count < 10; count += 1) if ((await analyze(headers)).status !== status) return false;
        return true;
    });
}

test("the configuration has nginx complain of nothing", async () => {
    expect(await gateway.test()).not.toContain("warn");
    expect(await gateway.errorLog()).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
});

test("a token lets a request through, and nodes learn who asks but not how that was proved", async () => {
    const answer = await analyze({ ...bearer(content("token")), "X-User": "root", "X-Request-Id": "by-token" });
    expect(answer).toMatchObject({ status: 200, text: "analyzed" });
    expect(seen[0]).toMatchObject({ "x-user": "alice" });
    expect(seen[0]).not.toHaveProperty("authorization");
    expect(await lineOf("by-token")).toContain(' "alice" "acme" vip ');
});

test("so does an API key, in its header and as a bearer", async () => {
    const key = content("key");
    for (const headers of [{ "X-API-Key": key }, bearer(key)]) {
        expect(await analyze({ ...headers, "X-User": "root", "X-Request-Id": "by-key" })).toMatchObject({
            status: 200,
        });
        expect(await lineOf("by-key")).toContain(' "camera-7" "pond" standard ');
    }
    for (const headers of seen) {
        expect(headers).toMatchObject({ "x-user": "camera-7" });
        for (const name of ["authorization", "x-api-key"]) expect(headers).not.toHaveProperty(name);
    }
});

test.for([
    ["no credentials", () => ({}), 401, "credentials_required", 'Bearer realm="OpenClaw API"'],
    [
        "no token",
        () => bearer("a.b.c"),
        401,
        "invalid_credentials",
        'Bearer realm="OpenClaw API", error="invalid_token"',
    ],
    ["an unknown key", () => ({ "X-API-Key": "0".repeat(40) }), 401, "invalid_credentials"],
    ["an old token", () => bearer(token({ exp: 1 })), 401, "invalid_credentials"],
    ["another audience", () => bearer(token({ aud: "train" })), 401, "invalid_credentials"],
    ["another issuer", () => bearer(token({ iss: "https://login.other" })), 401, "invalid_credentials"],
    ["another key", () => bearer(token({}, "test-1", strangersKey())), 401, "invalid_credentials"],
    [
        "a token and a wrong key",
        () => ({ ...bearer(token()), "X-API-Key": "0".repeat(40) }),
        401,
        "invalid_credentials",
    ],
    [
        "no scope",
        () => bearer(token({ scope: "read" })),
        403,
        "insufficient_scope",
        'Bearer realm="OpenClaw API", error="insufficient_scope", scope="infer"',
    ],
] as const)("%s is refused", async ([, headers, status, code, challenge]) => {
    const answer = await analyze(headers());
    expect(answer).toMatchObject({ status, json: { error: { code, status } } });
    if (challenge !== undefined) expect(answer.headers.get("www-authenticate")).toBe(challenge);
    expect(seen).toEqual([]);
});

function strangersKey(): string {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return privateKey.export({ format: "pem", type: "pkcs8" }) as string;
}

/** The beginning of a PNG with these sides, up to its image data. */
function png(width: number, height: number): Buffer {
    const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008060000000000000000", "hex");
    header.writeUInt32BE(width, 16);
    header.writeUInt32BE(height, 20);
    return Buffer.concat([header.subarray(0, 33), Buffer.from("0000000049444154", "hex")]);
}

test("the requests of callers are checked, those of nobody are not looked at", async () => {
    const headers = bearer(token());
    const of = async (init: RequestInit, its_headers: Record<string, string> = headers) => {
        const { status, json } = await analyze(its_headers, init);
        return [status, (json.error as { code: string }).code];
    };
    const allowed = await analyze(headers, { method: "GET", body: null });
    expect(allowed).toMatchObject({ status: 405, json: { error: { code: "method_not_allowed" } } });
    expect(allowed.headers.get("allow")).toBe("POST, PUT");
    expect(await of({ body: new Uint8Array(10 * 1024 * 1024 + 1) })).toEqual([413, "body_too_large"]);
    expect(await of({ body: "no image" })).toEqual([415, "unsupported_media_type"]);
    expect(await of({ body: new Uint8Array(png(20000, 1)) })).toEqual([422, "image_too_large"]);
    expect(await of({ body: new Uint8Array(png(16000, 16000)) })).toEqual([422, "image_too_large"]);
    for (const body of ["no image", new Uint8Array(png(20000, 1))]) {
        expect(await of({ body }, {})).toEqual([401, "credentials_required"]);
    }
    expect(seen).toEqual([]);
    expect(await analyze(headers, { method: "PUT" })).toMatchObject({ status: 200 });
});

test("a key that is withdrawn is refused soon, and a new one accepted, without a reload", async () => {
    const before = `${content("api_keys")}\n`;
    const made = (await run("tools/new_api_key.sh", "camera-8", "expires=2099-01-01")).split("\n");
    const key = made.find((line) => /^oc_\S+$/.test(line)) ?? "";
    const line = made.find((words) => words.startsWith("camera-8 ")) ?? "";
    await replace("api_keys", `${line}\n`);
    await awaitStatus({ "X-API-Key": key }, 200);
    await awaitStatus({ "X-API-Key": content("key") }, 401);
    await replace("api_keys", before);
    await awaitStatus({ "X-API-Key": content("key") }, 200);
});

test("so is the issuer's key, and a broken file changes nothing", async () => {
    const before = content("jwt_keys.json");
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const next = bearer(token({}, "test-2", privateKey.export({ format: "pem", type: "pkcs8" }) as string));
    expect(await analyze(next)).toMatchObject({ status: 401 });
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "test-2", use: "sig", alg: "RS256" };
    await replace("jwt_keys.json", JSON.stringify({ keys: [jwk] }));
    await awaitStatus(next, 200);
    await awaitStatus(bearer(content("token")), 401);
    await replace("jwt_keys.json", '{"keys":[');
    await eventually(
        "the metric says so",
        async () => (await metrics()).get('openclaw_auth_keys_stale{route="analyze",method="jwt"}') === 1,
    );
    expect(await analyze(next)).toMatchObject({ status: 200 });
    await replace("jwt_keys.json", before);
    await awaitStatus(bearer(content("token")), 200);
});

async function metrics(): Promise<Map<string, number>> {
    return parseMetrics((await ask(`http://127.0.0.1:${port}/metrics/openclaw`)).text);
}

test("the metrics tell why, and nothing tells a secret", async () => {
    const result = (method: string, word: string) =>
        `openclaw_auth_requests_total{route="analyze",method="${method}",result="${word}"}`;
    const samples = await metrics();
    for (const word of ["ok", "malformed", "signature", "expired", "issuer", "audience", "scope", "unknown_key"]) {
        expect(samples.get(result("jwt", word)), word).toBeGreaterThan(0);
    }
    expect(samples.get(result("jwt", "no_keys"))).toBe(0);
    expect(samples.get(result("api_key", "unknown_key"))).toBeGreaterThan(0);
    expect(samples.get(result("none", "missing"))).toBe(3);
    const log = (await gateway.errorLog()) + (await readFile(path.join(gateway.prefix, "run/callers.log"), "utf8"));
    expect(log).not.toContain(content("key"));
    expect(log).not.toContain(content("token").slice(0, 40));
});

test("what docs/auth.md shows for an identity server works", async () => {
    const asked: http.IncomingHttpHeaders[] = [];
    const identity = http.createServer((request, response) => {
        asked.push(request.headers);
        const { authorization } = request.headers;
        if (authorization === "Bearer session-1") response.setHeader("X-Auth-User", "carol");
        else response.writeHead(authorization === undefined ? 401 : 403, { "WWW-Authenticate": 'Bearer realm="idp"' });
        response.end();
    });
    await new Promise<void>((resolve) => identity.listen(0, "127.0.0.1", resolve));
    const file = path.join(CHECKOUT, "docs/auth.md");
    const snippet = readSnippets(file).find(({ text }) => text.includes("auth_request ")) ?? { text: "" };
    const its_port = await freePort();
    const text = `error_log error.log notice; pid run/nginx.pid; worker_processes 2; events {}
        http { log_format caller '$openclaw_identity'; access_log run/callers.log caller;
        ${TEMPORARY_PATHS} ${snippet.text} }`;
    const nginx = await startReplaced(text, {
        "/opt/openclaw/lua-out": "$prefix/lua-out",
        "/opt/openclaw/": "",
        "listen 8080": `listen 127.0.0.1:${its_port}`,
        '"10.0.1.10:8000", "10.0.1.11:8000"': `"${addressOf(node)}"`,
        "127.0.0.1:9100": addressOf(identity),
    });
    try {
        const url = `http://127.0.0.1:${its_port}/api/analyze`;
        const init = (headers: Record<string, string>) => ({ method: "POST", body: new Uint8Array(JPEG), headers });
        const refused = await ask(url, init({ "X-Auth-User": "root" }));
        expect(refused).toMatchObject({ status: 401, json: { error: { code: "unauthorized" } } });
        expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="idp"');
        expect(await ask(url, init(bearer("session-2")))).toMatchObject({
            status: 403,
            json: { error: { code: "forbidden" } },
        });
        expect(seen).toEqual([]);
        expect(await ask(url, init({ ...bearer("session-1"), "X-Auth-User": "root" }))).toMatchObject({ status: 200 });
        expect(seen[0]).not.toHaveProperty("authorization");
        expect(seen[0]).toMatchObject({ "x-auth-user": "carol" });
        expect(asked[2]).toMatchObject({ "x-original-uri": "/api/analyze", "x-original-method": "POST" });
        const log = path.join(nginx.prefix, "run/callers.log");
        await eventually("the log names the caller", async () => (await readFile(log, "utf8")).includes("carol"));
    } finally {
        await nginx.stop();
        identity.closeAllConnections();
        identity.close();
    }
});
