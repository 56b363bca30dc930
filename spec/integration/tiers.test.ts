/** Two gateways from one plugin set, as nginx/scenarios/edge.conf and centre.conf have them, in real nginx processes. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import type { NativeNginx } from "./support/native_nginx";
import { startNativeScenario } from "./support/native_scenario";
import { look, scene } from "./support/pictures";
import { JPEG, newImage } from "./support/scenario";

const PATH = "/api/analyze";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const IDENTITY = "x-openclaw-identity";
const DEADLINE = "x-openclaw-deadline";

interface Seen {
    headers: http.IncomingHttpHeaders;
    body: Buffer;
}

/** What the inference node was sent, and how it behaves. */
const node = {
    seen: [] as Seen[],
    delay: 0,
    status: 200,
    headers: {} as Record<string, string>,
    server: http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            node.seen.push({ headers: request.headers, body: Buffer.concat(chunks) });
            setTimeout(() => {
                response.statusCode = node.status;
                for (const [name, value] of Object.entries(node.headers)) response.setHeader(name, value);
                response.end(`answer ${node.seen.length}`);
            }, node.delay);
        });
    }),
};

/** What tools/tier_files.sh makes; another authority's beside it. */
let files: string;
let foreign: string;
let centre: Tier;
let edge: Tier;

function secret(name: string, folder = files): string {
    return readFileSync(path.join(folder, name), "utf8");
}

/** A gateway that runs, and the port that it is asked at. */
class Tier {
    constructor(
        readonly nginx: NativeNginx,
        readonly port: number,
    ) {}

    async [Symbol.asyncDispose](): Promise<void> {
        await this.nginx.stop();
    }
}

/** One of the two configurations with other ports and paths; each of the replacements must find what it replaces. */
async function startTier(
    name: string,
    port: number,
    folder: string,
    replacements: Record<string, string>,
): Promise<Tier> {
    const nginx = await startNativeScenario(name, {
        "../../run/tiers": folder,
        'ngx.config.prefix() .. "run/tiers/identity.key"': `"${folder}/identity.key"`,
        ...replacements,
    });
    return new Tier(nginx, port);
}

/** What the two configurations say of images, and nothing: photographs of most tests differ in bytes that no image has. */
const EDGE_IMAGE = "image = { max_side = 1024 },";
const CENTRE_IMAGE = "image = { max_side = 1024, converted_by = true },";

async function startCentre(port: number, replacements: Record<string, string> = {}): Promise<Tier> {
    const address = `127.0.0.1:${(node.server.address() as AddressInfo).port}`;
    return startTier("centre", port, files, {
        "127.0.0.1:8443 ssl": `127.0.0.1:${port} ssl`,
        "listen 127.0.0.1:8082": `listen 127.0.0.1:${await freePort()}`,
        '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"${address}"`,
        [CENTRE_IMAGE]: "",
        ...replacements,
    });
}

async function startEdge(to: number, replacements: Record<string, string> = {}, folder = files): Promise<Tier> {
    const port = await freePort();
    const kept = mkdtempSync(path.join(tmpdir(), "openclaw-kept-"));
    // Workers write there, whoever they run as.
    chmodSync(kept, 0o777);
    return startTier("edge", port, folder, {
        "127.0.0.1:8443": `127.0.0.1:${to}`,
        [EDGE_IMAGE]: "",
        "listen 127.0.0.1:8080": `listen 127.0.0.1:${port}`,
        "http://127.0.0.1:8080": `http://127.0.0.1:${port}`,
        'ngx.config.prefix() .. "run/jobs"': `"${kept}/jobs"`,
        'ngx.config.prefix() .. "run/spool"': `"${kept}/spool"`,
        "listen 127.0.0.1:8081": `listen 127.0.0.1:${await freePort()}`,
        ...replacements,
    });
}

beforeAll(async () => {
    files = mkdtempSync(path.join(tmpdir(), "openclaw-tiers-"));
    foreign = mkdtempSync(path.join(tmpdir(), "openclaw-tiers-"));
    await Promise.all([run("tools/tier_files.sh", files), run("tools/tier_files.sh", foreign)]);
    node.server.listen(0, "127.0.0.1");
    await new Promise((resolve) => node.server.once("listening", resolve));
    centre = await startCentre(await freePort());
    edge = await startEdge(centre.port);
});

afterAll(async () => {
    await Promise.all([edge?.nginx.stop(), centre?.nginx.stop()]);
    node.server.closeAllConnections();
    node.server.close();
    await Promise.all([files, foreign].map((folder) => rm(folder, { recursive: true, force: true })));
});

beforeEach(() => {
    node.seen = [];
    node.delay = 0;
    node.status = 200;
    node.headers = {};
});

interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    text: string;
    /** The code of an error. */
    code: string | undefined;
}

interface Question {
    path?: string;
    method?: string;
    headers?: http.OutgoingHttpHeaders;
    body?: Buffer;
    /** For the centre: with whose certificate. */
    tls?: https.RequestOptions;
}

/** Asks on a connection of its own. */
function ask(port: number, question: Question = {}): Promise<Answer> {
    const { path: address = PATH, method = "POST", headers = {}, body = newImage(), tls } = question;
    const options = { host: "127.0.0.1", port, path: address, method, headers, agent: false, timeout: 20_000 };
    return new Promise((resolve, reject) => {
        function take(answer: http.IncomingMessage): void {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.on("error", reject);
            answer.on("end", () => {
                const parsed = text.startsWith("{") ? (JSON.parse(text) as { error: { code: string } }) : undefined;
                resolve({
                    status: answer.statusCode ?? 0,
                    headers: answer.headers,
                    text,
                    code: parsed?.error?.code,
                });
            });
        }
        const sent = tls === undefined ? http.request(options, take) : https.request({ ...options, ...tls }, take);
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", reject);
        sent.end(method === "GET" ? undefined : body);
    });
}

/** As the edge, or as somebody with that folder's certificate. */
function certificate(folder = files): https.RequestOptions {
    return {
        key: secret("edge.key", folder),
        cert: secret("edge.pem", folder),
        ca: secret("ca.pem"),
        servername: "centre",
    };
}

/** The log line of a request by its id, as its words. */
function lineOf(tier: Tier, name: string, id: string): Promise<string[]> {
    return eventually(`${name} has ${id}`, async () => {
        const text = await readFile(path.join(tier.nginx.prefix, `run/${name}.log`), "utf8");
        return text
            .split("\n")
            .find((line) => line.includes(` ${id} `))
            ?.split(" ");
    });
}

/** An id for `X-Request-Id` that no other request has. */
function newId(): string {
    return randomBytes(16).toString("hex");
}

function now(): number {
    return Date.now() / 1000;
}

/** Who has so many seconds, by a clock that is so many seconds ahead. */
function deadline(seconds: number, ahead = 0): string {
    const sent = now() + ahead;
    return `${(sent + seconds).toFixed(3)};sent=${sent.toFixed(3)}`;
}

/**
 * Resolves with whether a request with this id has come to the centre. The log is written after the response, so a later
 * request is awaited there first.
 */
async function hasComeToCentre(id: string): Promise<boolean> {
    const later = newId();
    await ask(edge.port, { headers: { "X-Request-Id": later } });
    await lineOf(centre, "centre", later);
    return (await readFile(path.join(centre.nginx.prefix, "run/centre.log"), "utf8")).includes(` ${id} `);
}

/** How many seconds the node was told that it has. */
function told(index = 0): number {
    const [, until, sent] = /^(\d+\.\d{3});sent=(\d+\.\d{3})$/.exec(String(node.seen[index]?.headers[DEADLINE])) ?? [];
    return Number(until) - Number(sent);
}

test("neither configuration has nginx complain", async () => {
    for (const { nginx } of [edge, centre]) {
        expect(await nginx.test()).not.toContain("warn");
        expect(await nginx.errorLog()).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
    }
});

describe("a request keeps through both", () => {
    test("its id, its trace, its deadline and its body", async () => {
        const id = newId();
        const image = newImage();
        const answer = await ask(edge.port, {
            body: image,
            headers: {
                "X-Request-Id": id,
                traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
                [DEADLINE]: deadline(30, 3600),
            },
        });
        expect(answer).toMatchObject({ status: 200, headers: { "x-request-id": id, "x-cache-status": "MISS" } });
        expect(answer.headers["x-openclaw-node"]).toBe(`127.0.0.1:${centre.port}`);
        expect(node.seen).toHaveLength(1);
        const { headers, body } = node.seen[0] as Seen;
        expect(body.equals(image)).toBe(true);
        expect(headers["x-request-id"]).toBe(id);
        expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
        expect(headers.traceparent).not.toContain("b7ad6b7169203331");
        expect(told()).toBeGreaterThan(20);
        expect(told()).toBeLessThanOrEqual(30.002);
        for (const [tier, name] of [
            [edge, "edge"],
            [centre, "centre"],
        ] as const) {
            const words = await lineOf(tier, name, id);
            expect(words.slice(1, 3)).toEqual(["farm-7", "200"]);
            expect(words).toContain(TRACE);
        }
        expect(await lineOf(centre, "centre", id)).toContain('"CN=edge-1"');
    });

    test("and gets all of it where it brings nothing", async () => {
        const { headers } = await ask(edge.port);
        const id = String(headers["x-request-id"]);
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        expect(node.seen[0]?.headers["x-request-id"]).toBe(id);
        expect(node.seen[0]?.headers.traceparent).toContain(`00-${id}-`);
        expect(told()).toBeGreaterThan(50);
        expect(told()).toBeLessThanOrEqual(60);
        expect(await lineOf(centre, "centre", id)).toContain("farm-7");
    });

    test("and the node hears nothing of who asks", async () => {
        await ask(edge.port, { headers: { [IDENTITY]: "root" } });
        expect(node.seen[0]?.headers[IDENTITY]).toBeUndefined();
    });
});

describe("a deadline", () => {
    test("is kept by whoever is on the way, whatever the clocks say", async () => {
        for (const ahead of [-3600, 3600]) {
            node.seen = [];
            node.delay = 0;
            expect(await ask(edge.port, { headers: { [DEADLINE]: deadline(20, ahead) } })).toMatchObject({
                status: 200,
            });
            expect(told()).toBeLessThanOrEqual(20.002);
            node.delay = 19_000;
            const began = now();
            const late = await ask(edge.port, { headers: { [DEADLINE]: deadline(0.7, ahead) } });
            expect(late).toMatchObject({ status: 504, code: "deadline_exceeded" });
            expect(now() - began).toBeLessThan(18);
        }
    });

    test("that has passed is not for the centre", async () => {
        const [passed, malformed] = [newId(), newId()];
        expect(await ask(edge.port, { headers: { [DEADLINE]: deadline(-1), "X-Request-Id": passed } })).toMatchObject({
            status: 504,
            code: "deadline_exceeded",
        });
        expect(await ask(edge.port, { headers: { [DEADLINE]: "tomorrow", "X-Request-Id": malformed } })).toMatchObject({
            status: 400,
            code: "bad_deadline",
        });
        expect(await hasComeToCentre(passed)).toBe(false);
        expect(await hasComeToCentre(malformed)).toBe(false);
    });

    test("that comes to the centre too late is refused there", async () => {
        const headers = { [IDENTITY]: claim({}), [DEADLINE]: deadline(-1) };
        const answer = await ask(centre.port, { tls: certificate(), headers });
        expect(answer).toMatchObject({ status: 504, code: "deadline_exceeded" });
        expect(node.seen).toHaveLength(0);
    });
});

interface Claim {
    subject?: string;
    time?: number;
    method?: string;
    uri?: string;
    body?: Buffer;
    key?: string;
}

/** What an edge says of who asks, worked out here from docs/identity.md alone. */
function claim({ subject = "farm-7", time = now(), method = "POST", uri = PATH, body, key }: Claim): string {
    const used = (key ?? secret("identity.key")).trim();
    function hmac(text: string): string {
        return createHmac("sha256", used).update(text).digest("hex");
    }
    const id = hmac("openclaw identity 1 key id").slice(0, 8);
    let text = `${subject};t=${Math.floor(time)};n=test;k=${id}`;
    if (body !== undefined) text += `;b=${createHash("sha256").update(body).digest("hex")}`;
    return `${text};s=${hmac(["openclaw identity 1", method, uri, text].join("\n"))}`;
}

describe("the centre", () => {
    test("believes what is signed as the documents say", async () => {
        const image = newImage();
        const headers = { [IDENTITY]: claim({ subject: "pond-3", body: image }), "X-Request-Id": "signed-here" };
        expect(await ask(centre.port, { tls: certificate(), headers, body: image })).toMatchObject({ status: 200 });
        expect(await lineOf(centre, "centre", "signed-here")).toContain("pond-3");
    });

    test.for([
        ["nothing said", (): string | undefined => undefined, "identity_required"],
        ["a plain name", (): string => "farm-7", "identity_refused"],
        ["another key", () => claim({ key: secret("identity.key", foreign) }), "identity_refused"],
        ["another method", () => claim({ method: "PUT" }), "identity_refused"],
        ["another address", () => claim({ uri: "/api/other" }), "identity_refused"],
        ["another address's query", () => claim({ uri: `${PATH}?model=2` }), "identity_refused"],
        ["a time long gone", () => claim({ time: now() - 120 }), "identity_refused"],
        ["a time to come", () => claim({ time: now() + 120 }), "identity_refused"],
        ["another body", () => claim({ body: JPEG }), "identity_refused"],
        ["a claim that was changed", () => claim({}).replace("farm-7", "farm-8"), "identity_refused"],
    ] as const)("refuses %s", async ([, say, code]) => {
        const said = say();
        const headers = said === undefined ? {} : { [IDENTITY]: said };
        const answer = await ask(centre.port, { tls: certificate(), headers });
        expect(answer).toMatchObject({ status: 401, code, headers: { "www-authenticate": "X-OpenClaw-Identity" } });
        expect(node.seen).toHaveLength(0);
    });

    test("talks to nobody without a certificate of its authority", async () => {
        const headers = { [IDENTITY]: claim({}) };
        const { ca, servername } = certificate();
        expect(await ask(centre.port, { tls: { ca, servername }, headers })).toMatchObject({
            status: 400,
            code: "bad_request",
        });
        const other = { ...certificate(foreign), ca, servername };
        expect(await ask(centre.port, { tls: other, headers })).toMatchObject({ status: 400, code: "bad_request" });
        // Plain HTTP to that port.
        expect(await ask(centre.port, { headers })).toMatchObject({ status: 400, code: "bad_request" });
        expect(node.seen).toHaveLength(0);
    });

    test("believes no edge of another authority, and no such edge believes it", async () => {
        await using other = await startEdge(centre.port, {}, foreign);
        expect(await ask(other.port)).toMatchObject({ status: 202 });
        expect(await other.nginx.errorLog()).toContain("certificate verify error");
        // Even if the edge would ask nobody for a certificate.
        await using careless = await startEdge(
            centre.port,
            { "proxy_ssl_verify              on": "proxy_ssl_verify off" },
            foreign,
        );
        expect((await ask(careless.port)).status).toBe(400);
        expect(node.seen).toHaveLength(0);
    });

    test("takes two keys while the edges change theirs", async () => {
        const port = await freePort();
        const keys = `key_files = { "${files}/identity.key"`;
        const path_ = path.join(foreign, "identity.key");
        await using both = await startCentre(port, { [keys]: `${keys}, "${path_}"` });
        for (const key of [secret("identity.key"), secret("identity.key", foreign)]) {
            const answer = await ask(port, { tls: certificate(), headers: { [IDENTITY]: claim({ key }) } });
            expect(answer.status).toBe(200);
        }
        expect(await both.nginx.errorLog()).not.toContain(secret("identity.key").trim());
    });
});

describe("the edge", () => {
    test("refuses what is no image by itself", async () => {
        expect(await ask(edge.port, { body: Buffer.from("no image") })).toMatchObject({
            status: 415,
            code: "unsupported_media_type",
        });
        expect(node.seen).toHaveLength(0);
    });

    test("keeps what the centre lets it keep, and nothing else", async () => {
        const image = newImage();
        const first = await ask(edge.port, { body: image });
        const second = await ask(edge.port, { body: image, headers: { "X-Request-Id": "cached" } });
        expect(second).toMatchObject({ status: 200, text: first.text, headers: { "x-cache-status": "HIT" } });
        expect(second.headers["x-request-id"]).toBe("cached");
        expect(second.headers["cache-control"]).toBe("max-age=3600, stale-if-error=86400");
        expect(node.seen).toHaveLength(1);
        node.status = 500;
        const ill = newImage();
        for (let count = 0; count < 2; count += 1) {
            const answer = await ask(edge.port, { body: ill });
            expect(answer).toMatchObject({ status: 500, headers: { "x-cache-status": "MISS" } });
            expect(answer.headers["cache-control"]).toBe("no-store");
        }
    });

    test("passes on what the centre says of its fallback, and nothing that a node says in its place", async () => {
        node.headers = {
            "X-OpenClaw-Node": "forged",
            "X-OpenClaw-Degraded": "1",
            "X-OpenClaw-Stale": "1",
            "X-OpenClaw-Link": "down",
        };
        const forged = await ask(edge.port);
        expect(forged.status).toBe(200);
        expect(forged.headers["x-openclaw-node"]).toBe(`127.0.0.1:${centre.port}`);
        for (const name of ["degraded", "stale", "link"]) {
            expect(forged.headers).not.toHaveProperty(`x-openclaw-${name}`);
        }
        node.headers = {};
        const port = await freePort();
        const address = `127.0.0.1:${(node.server.address() as AddressInfo).port}`;
        await using other = await startCentre(port, {
            '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"127.0.0.1:${await freePort()}" }, fallback = "light" },
                light = { nodes = { "${address}"`,
        });
        await using own = await startEdge(other.port);
        const { status, headers } = await ask(own.port);
        expect({ status, degraded: headers["x-openclaw-degraded"] }).toEqual({ status: 200, degraded: "1" });
        expect(headers["x-openclaw-node"]).toBe(`127.0.0.1:${port}`);
    });

    test("answers from its cache when the centre is gone", async () => {
        const port = await freePort();
        let image = newImage();
        const short = { "max-age=3600, stale-if-error=86400": "max-age=1, stale-if-error=86400" };
        const other = await startCentre(port, short);
        await using own = await startEdge(port);
        const first = await ask(own.port, { body: image });
        expect(first).toMatchObject({ status: 200, headers: { "x-cache-status": "MISS" } });
        await other.nginx.stop();
        const stale: Answer = await eventually("the copy is old", async () => {
            const answer: Answer = await ask(own.port, { body: image });
            return answer.headers["x-cache-status"] === "STALE" ? answer : undefined;
        });
        expect(stale).toMatchObject({ status: 200, text: first.text });
        expect(stale.headers["x-openclaw-stale"]).toBe("1");
        image = newImage();
        const kept = await ask(own.port, { body: image });
        expect(kept).toMatchObject({ status: 202, headers: { location: expect.stringMatching("^/openclaw/jobs/") } });
    });
});

describe("photographs", () => {
    /** Both tiers with the images that their configurations have. */
    async function startBoth(): Promise<{ edge: Tier; centre: Tier; kept: string }> {
        const centre = await startCentre(await freePort(), { [CENTRE_IMAGE]: CENTRE_IMAGE });
        onTestFinished(() => centre.nginx.stop());
        const kept = mkdtempSync(path.join(tmpdir(), "openclaw-kept-"));
        chmodSync(kept, 0o777);
        const edge = await startEdge(centre.port, {
            [EDGE_IMAGE]: EDGE_IMAGE,
            'ngx.config.prefix() .. "run/jobs"': `"${kept}/jobs"`,
        });
        onTestFinished(() => edge.nginx.stop());
        return { edge, centre, kept };
    }

    test("are made small at the edge, and not converted again at the centre", async () => {
        const { edge: small } = await startBoth();
        const photograph = await scene("jpg", 1600, 1200);
        expect(await ask(small.port, { body: photograph })).toMatchObject({ status: 200 });
        const { body, headers } = node.seen[0] as Seen;
        expect(await look(body)).toEqual({ format: "JPEG", width: 1024, height: 768 });
        expect(headers["x-openclaw-image"]).toBe("converted");
        // What the centre itself would have made of it is not the same: JPEG loses a little each time.
        expect(await ask(small.port, { body })).toMatchObject({ status: 200 });
        expect(node.seen[1]?.body.equals(body)).toBe(false);
    });

    test("are small while they wait for the link, and are delivered as they are", async () => {
        const { edge: small, centre: away, kept } = await startBoth();
        const photograph = await scene("jpg", 1600, 1200, 2);
        await away.nginx.crash();
        await eventually("the photograph is kept", async () => {
            return (await ask(small.port, { body: photograph })).status === 202;
        });
        const [job = ""] = readdirSync(`${kept}/jobs/pending`);
        expect(statSync(`${kept}/jobs/pending/${job}`).size).toBeLessThan(photograph.length);
        await away.nginx.startAgain();
        await eventually("the job is delivered", () => node.seen.length > 0);
        expect(await look((node.seen[0] as Seen).body)).toEqual({ format: "JPEG", width: 1024, height: 768 });
    });
});
