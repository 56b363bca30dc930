/** Ten thousand tokens and keys that are almost right, sent to a gateway. OPENCLAW_SEED repeats a run, whose seed is printed. */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { expect, test } from "vitest";
import type { Headers } from "./support/auth_gateway";
import { AuthGateway, bearer } from "./support/auth_gateway";
import { AUDIENCE, ISSUER, setOf, SigningKey } from "./support/signing_keys";

const MUTANTS = 10_000;
const AT_ONCE = 32;
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Random numbers from 0 up to 1 that a seed repeats. Source: mulberry32 by Tommy Ettinger, in the public domain. */
function randomFrom(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

function part(value: unknown): string {
    return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Makes credentials that are almost right. */
class Mutator {
    private readonly random: () => number;

    constructor(
        seed: number,
        private readonly tokens: string[],
        private readonly keys: string[],
    ) {
        this.random = randomFrom(seed);
    }

    below(count: number): number {
        return Math.floor(this.random() * count);
    }

    pick<T>(list: readonly T[]): T {
        return list[this.below(list.length)] as T;
    }

    /** One byte that a header may have. */
    private byte(): string {
        if (this.below(4) > 0) return LETTERS.charAt(this.below(LETTERS.length));
        const byte = 0x20 + this.below(0xdf);
        return String.fromCharCode(byte === 0x7f ? 0x2e : byte);
    }

    /** A text with a byte changed, added, taken away, moved, doubled, or what follows it cut off. */
    private changed(text: string): string {
        const at = this.below(text.length);
        const [before, byte, after] = [text.slice(0, at), text.slice(at, at + 1), text.slice(at + 1)];
        return this.pick([
            () => before + this.byte() + after,
            () => before + byte + this.byte() + after,
            () => before + after,
            () => before + byte + byte + after,
            () => after + before + byte,
            () => before + byte,
            () => before + byte.toUpperCase() + after,
            () => before + byte.toLowerCase() + after,
            () => text + text.slice(at),
        ])();
    }

    /** A token of parts of others, or with other members in its header or claims. */
    private recombined(token: string): string {
        const [header = "", payload = "", signature = ""] = token.split(".");
        const others = this.pick(this.tokens).split(".");
        const members = (text: string, more: object) =>
            part({ ...(JSON.parse(Buffer.from(text, "base64url").toString()) as object), ...more });
        const forged = { sub: "root", exp: 9_999_999_999 };
        const inHeader = this.pick<object>([
            { alg: "none" },
            { alg: "HS256" },
            { alg: this.pick(ALGORITHMS) },
            { kid: `key-${this.pick(ALGORITHMS)}` },
            { kid: "../../../../etc/passwd" },
            { jku: "http://127.0.0.1:1/keys" },
            { jwk: { kty: "oct", k: "c2VjcmV0" } },
            { crit: ["exp"] },
        ]);
        return this.pick([
            () => `${others[0]}.${payload}.${signature}`,
            () => `${header}.${others[1]}.${signature}`,
            () => `${header}.${payload}.${others[2]}`,
            () => `${header}.${members(payload, forged)}.${signature}`,
            () => `${members(header, inHeader)}.${payload}.${signature}`,
            () => `${members(header, inHeader)}.${payload}.`,
            () => `${header}.${payload}.${part(forged)}`,
            () => `${header}.${payload}.${signature}.${signature}`,
            () => `${token}${"=".repeat(1 + this.below(3))}`,
            () => `${header}.${payload}`,
            () => `..${signature}`,
            () => `${token},${this.pick(this.tokens)}`,
        ])();
    }

    credential(): string {
        const isToken = this.below(4) > 0;
        let text = this.pick(isToken ? this.tokens : this.keys);
        if (isToken && this.below(2) === 0) text = this.recombined(text);
        else for (let times = 1 + this.below(3); times > 0; times -= 1) text = this.changed(text);
        return text;
    }

    /** A request with a credential in one of the places. */
    request(credential: string): { target: string; headers: Headers } {
        const cookie = encodeURIComponent(credential);
        return this.pick<{ target: string; headers: Headers }>([
            { target: "/work", headers: [bearer(credential)] },
            { target: "/work", headers: [bearer(credential)] },
            { target: "/work", headers: [["X-API-Key", credential]] },
            { target: "/work", headers: [["Cookie", `credential=${cookie}`]] },
            { target: `/work?credential=${cookie}`, headers: [] },
        ]);
    }
}

test("ten thousand credentials that are almost right are refused, and nothing else happens", async () => {
    const seed = Number(process.env.OPENCLAW_SEED ?? randomInt(2 ** 31));
    console.log(`seed ${seed}`);
    const keys = await Promise.all(ALGORITHMS.map((algorithm) => SigningKey.make(`key-${algorithm}`, algorithm)));
    const apiKeys = Array.from({ length: 4 }, () => `oc_${randomBytes(32).toString("base64url")}`);
    const lines = apiKeys.map((key, place) => `id-${place} ${createHash("sha256").update(key).digest("hex")}\n`);
    const ways = `issuer = "${ISSUER}", audience = "${AUDIENCE}", algorithms = { "${ALGORITHMS.join('", "')}" }`;
    await using gateway = await AuthGateway.start({
        routes: {
            work: `auth = {
                jwt = { jwks_file = "PREFIXkeys.json", ${ways}, from = { "header", "cookie:credential" } },
                api_key = { file = "PREFIXapi_keys", from = { "header", "query:credential" } } }`,
        },
        workers: 1,
        files: { "keys.json": setOf(...keys), api_keys: lines.join("") },
    });
    const tokens = await Promise.all(keys.flatMap((key) => [key.sign(), key.sign({ sub: "bob", jti: "2" })]));
    const mutator = new Mutator(seed, tokens, apiKeys);
    const valid = new Set([...tokens, ...apiKeys]);
    for (const credential of valid) {
        expect((await gateway.ask("/work", [bearer(credential)])).status).toBe(200);
    }
    const before = await gateway.nginx.workerPids();
    const statuses = new Map<number, number>();
    let left = MUTANTS;
    async function send(): Promise<void> {
        while (left > 0) {
            const credential = mutator.credential();
            // nginx takes blanks at the ends for none; what is empty is no credential.
            if (valid.has(credential.trim()) || credential.trim() === "") continue;
            left -= 1;
            const { target, headers } = mutator.request(credential);
            const { status, seen } = await gateway.ask(target, headers);
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            if (seen !== undefined)
                throw new Error(`accepted, with seed ${seed}: ${JSON.stringify({ target, headers })}`);
        }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    expect([...statuses.keys()].filter((status) => ![400, 401].includes(status))).toEqual([]);
    expect(statuses.get(401)).toBeGreaterThan(0.9 * MUTANTS);
    expect(await gateway.nginx.workerPids()).toEqual(before);
    expect(await gateway.nginx.errorLog()).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
    for (const credential of valid) {
        expect((await gateway.ask("/work", [bearer(credential)])).status).toBe(200);
    }
});
