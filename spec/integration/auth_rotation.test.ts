/** Keys of tokens that change while requests come, in files and at URLs. */
import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AuthGateway, bearer } from "./support/auth_gateway";
import { eventually } from "./support/eventually";
import { ISSUER_NAME, KeyIssuer, TLS } from "./support/key_issuer";
import { NameServer } from "./support/name_server";
import { PacedLoad } from "./support/paced_load";
import { AUDIENCE, ISSUER, setOf, SigningKey } from "./support/signing_keys";

const SECOND = 1000;
const PER_SECOND = 200;
/** Within which all workers know of a changed file. */
const SOON = 2 * SECOND;
/** After which no token of a withdrawn key is accepted. */
const WITHDRAWN = 5 * SECOND;
const ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"];

function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function jwt(keys: string): string {
    return `auth = { jwt = { ${keys}, issuer = "${ISSUER}", audience = "${AUDIENCE}",
        algorithms = { "${ALGORITHMS.join('", "')}" } } }`;
}

function newKey(number: number): Promise<SigningKey> {
    return SigningKey.make(`key-${number}`, ALGORITHMS[number % ALGORITHMS.length]);
}

/** Requests with tokens of several keys, and what came of them. */
class TokenLoad {
    /** Tokens are valid and must be accepted, if they are of one of these. */
    valid: SigningKey[] = [];
    /** These were withdrawn, by the time at which that was. */
    readonly withdrawn = new Map<SigningKey, number>();
    readonly statuses = new Map<string, number>();
    readonly wrong: string[] = [];
    private readonly repeated = new Map<SigningKey, Promise<string>>();
    private readonly load: PacedLoad;

    constructor(
        private readonly gateway: AuthGateway,
        private readonly route: string,
    ) {
        this.load = new PacedLoad(PER_SECOND, () => this.ask());
    }

    private count(what: string): void {
        this.statuses.set(what, (this.statuses.get(what) ?? 0) + 1);
    }

    /** One that was sent before, or a new one. */
    private tokenOf(key: SigningKey): Promise<string> {
        if (Math.random() < 0.5) return key.sign({ serial: Math.random() });
        const token = this.repeated.get(key) ?? key.sign();
        this.repeated.set(key, token);
        return token;
    }

    private async ask(): Promise<void> {
        const old = [...this.withdrawn.keys()];
        if (old.length > 0 && Math.random() < 0.25) {
            const key = old[Math.floor(Math.random() * old.length)] as SigningKey;
            const token = await this.tokenOf(key);
            const late = Date.now() - (this.withdrawn.get(key) ?? 0) > WITHDRAWN;
            const status = await this.status(token);
            this.count(`withdrawn ${late ? "before" : "lately"}: ${status}`);
            if (late && status !== 401) this.wrong.push(`a token of ${key.kid}, withdrawn before, got ${status}`);
        } else {
            const key = this.valid[Math.floor(Math.random() * this.valid.length)] as SigningKey;
            const status = await this.status(await this.tokenOf(key));
            this.count(`valid: ${status}`);
            if (status !== 200) this.wrong.push(`a valid token of ${key.kid} got ${status}`);
        }
    }

    /** Asks again on a new connection when the worker with the old one is gone, as clients do. */
    private async status(token: string): Promise<number> {
        for (let tries = 1; ; tries += 1) {
            try {
                return (await this.gateway.ask(`/${this.route}`, [bearer(token)], tries > 1)).status;
            } catch (error) {
                if (tries === 4) throw error;
            }
        }
    }

    /** Ends it; everything must have been as it should. */
    async expectRight(least: Record<string, number>): Promise<void> {
        await this.load.stop();
        expect(this.wrong).toEqual([]);
        expect(this.load.errors).toEqual([]);
        for (const [what, count] of Object.entries(least)) {
            expect(this.statuses.get(what) ?? 0, what).toBeGreaterThanOrEqual(count);
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.load.stop();
    }
}

async function replace(gateway: AuthGateway, text: string): Promise<void> {
    const file = path.join(gateway.nginx.prefix, "keys.json");
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
}

async function linesOf(gateway: AuthGateway): Promise<string[]> {
    const log = await gateway.nginx.errorLog();
    return log.split("\n").filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line));
}

async function startWithFile(...keys: SigningKey[]): Promise<AuthGateway> {
    const gateway = await AuthGateway.start({
        routes: { token: jwt('jwks_file = "PREFIXkeys.json"') },
        workers: 3,
        files: { "keys.json": setOf(...keys) },
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    return gateway;
}

test("keys in a file are rotated under load: valid tokens are accepted, those of withdrawn keys are not", async () => {
    const keys = await Promise.all([0, 1, 2, 3].map(newKey));
    const [first, second, third, fourth] = keys as [SigningKey, SigningKey, SigningKey, SigningKey];
    const gateway = await startWithFile(first, second);
    await using load = new TokenLoad(gateway, "token");
    load.valid = [first, second];
    await sleep(SECOND);
    // A key is published before it is used, and used no more before it is withdrawn.
    for (const [old, next] of [
        [first, third],
        [second, fourth],
    ] as const) {
        await replace(gateway, setOf(...load.valid, next));
        await sleep(SOON);
        load.valid = [...load.valid.filter((key) => key !== old), next];
        await sleep(0.5 * SECOND);
        load.withdrawn.set(old, Date.now());
        await replace(gateway, setOf(...load.valid));
        await sleep(SOON);
    }
    // A broken file changes nothing.
    await replace(gateway, setOf(...load.valid).slice(0, -10));
    await sleep(SOON);
    await gateway.nginx.write("keys.json", setOf(...load.valid));
    await gateway.nginx.reload();
    await sleep(WITHDRAWN);
    await load.expectRight({ "valid: 200": 1500, "withdrawn before: 401": 100 });
    const lines = await linesOf(gateway);
    // Broken, and in use again, where the workers have seen that before the reload.
    expect([1, 2]).toContain(lines.length);
    for (const line of lines) expect(line).toContain("keys.json");
});

/** A gateway with keys from an issuer. */
async function startWithUrl(issuer: KeyIssuer): Promise<{ gateway: AuthGateway; url: string }> {
    const names = await NameServer.start("127.0.0.1");
    onTestFinished(() => names[Symbol.dispose]());
    const url = `https://${ISSUER_NAME}:${issuer.port}/keys`;
    const gateway = await AuthGateway.start({
        routes: { token: jwt(`jwks_url = "${url}"`) },
        workers: 3,
        http: `
            resolver 127.0.0.1:${names.port} ipv6=off;
            lua_ssl_trusted_certificate ${TLS}/ca.pem;
            lua_ssl_verify_depth 2;`,
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    return { gateway, url };
}

/** Resolves when all workers accept tokens of a key. */
async function awaitKey(gateway: AuthGateway, key: SigningKey): Promise<void> {
    await eventually("the keys are there", async () => {
        const tokens = await Promise.all(Array.from({ length: 30 }, (_, serial) => key.sign({ serial })));
        const answers = await Promise.all(tokens.map((token) => gateway.ask("/token", [bearer(token)])));
        return answers.every(({ status }) => status === 200);
    });
}

test("an issuer's new key is accepted at once, and its old one no more, under load and reloads", async () => {
    const [first, second] = (await Promise.all([0, 1].map(newKey))) as [SigningKey, SigningKey];
    using issuer = await KeyIssuer.start();
    let keys = [first];
    issuer.text = () => setOf(...keys);
    const { gateway } = await startWithUrl(issuer);
    await awaitKey(gateway, first);
    expect(issuer.fetches).toBe(1);
    await using load = new TokenLoad(gateway, "token");
    load.valid = [first];
    await sleep(SECOND);
    // The issuer signs with a key from the moment on at which it publishes it.
    keys = [second];
    load.withdrawn.set(first, Date.now());
    load.valid = [second];
    await sleep(SECOND);
    await gateway.nginx.reload();
    await sleep(WITHDRAWN + SECOND);
    await load.expectRight({ "valid: 200": 500, "withdrawn before: 401": 50 });
    expect(issuer.fetches).toBe(2);
    expect(await linesOf(gateway)).toEqual([]);
});

test("requests go on when the worker that fetches keys is killed meanwhile", async () => {
    const [first, second] = (await Promise.all([0, 1].map(newKey))) as [SigningKey, SigningKey];
    using issuer = await KeyIssuer.start();
    let keys = [first];
    issuer.text = () => setOf(...keys);
    const { gateway, url } = await startWithUrl(issuer);
    await awaitKey(gateway, first);
    await using load = new TokenLoad(gateway, "token");
    load.valid = [first];
    await sleep(0.5 * SECOND);
    issuer.isHeld = true;
    keys = [first, second];
    const unknown = gateway.ask("/token", [bearer(await second.sign())]).catch(() => undefined);
    await eventually("a fetch has begun", () => issuer.fetches === 2);
    const leader = await gateway.nginx.get(`/leader/of?url=${encodeURIComponent(url)}`);
    gateway.nginx.kill(Number(leader.split(" ")[0]), "SIGKILL");
    await unknown;
    await sleep(SECOND);
    issuer.release();
    await gateway.nginx.reload();
    await sleep(SECOND);
    await load.expectRight({ "valid: 200": 400 });
    // Where another worker fetches at once, the issuer may keep it waiting for too long.
    const expected = /exited on signal 9|read timed out|cannot read the response: timeout/;
    const lines = (await linesOf(gateway)).filter((line) => !expected.test(line));
    expect(lines).toEqual([]);
});

test("a gateway whose issuer was never there has no keys, and has them soon after it comes", async () => {
    const key = await newKey(1);
    using issuer = await KeyIssuer.start();
    issuer.text = () => "{}";
    const { gateway } = await startWithUrl(issuer);
    const answer = await gateway.ask("/token", [bearer(await key.sign())]);
    expect(answer).toMatchObject({ status: 503, code: "no_keys" });
    expect(answer.headers["retry-after"]).toBeDefined();
    issuer.text = () => setOf(key);
    await awaitKey(gateway, key);
});
