/** The plugin `auth` in a gateway, with tokens of a real issuer (jose) and real API keys. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { JWTHeaderParameters } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer, Headers } from "./support/auth_gateway";
import { AuthGateway, bearer } from "./support/auth_gateway";
import { run } from "./support/checkout";
import { eventually } from "./support/eventually";
import type { Changes } from "./support/signing_keys";
import { AUDIENCE, ISSUER, setOf, SigningKey } from "./support/signing_keys";

const SECOND = 1000;
const ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
const JWT = `jwks_file = "PREFIXkeys.json", issuer = "${ISSUER}", audience = "${AUDIENCE}",
    algorithms = { "${ALGORITHMS.join('", "')}" }`;
const KEY = 'file = "PREFIXapi_keys"';

function inSeconds(seconds: number): number {
    return Math.floor(Date.now() / 1000) + seconds;
}

interface ApiKey {
    key: string;
    /** The line for the file. */
    line: string;
}

async function newApiKey(...words: string[]): Promise<ApiKey> {
    const printed = await run("tools/new_api_key.sh", ...words);
    const [key, line] = printed.split("\n").filter((text) => text !== "" && !text.startsWith("The "));
    return { key: key ?? "", line: `${line}\n` };
}

function notAKey(): string {
    return `oc_${randomBytes(32).toString("base64url")}`;
}

/** Puts a file in place of another, as operators should. */
async function replace(gateway: AuthGateway, name: string, text: string): Promise<void> {
    const file = path.join(gateway.nginx.prefix, name);
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
}

let signers: Record<string, SigningKey>;
let stranger: SigningKey;
let vip: ApiKey;
let other: ApiKey;
let limited: ApiKey;
let expired: ApiKey;
let gateway: AuthGateway;
/** All credentials that were sent: none of them may ever be shown. */
const sent = new Set<string>();

function signer(algorithm = "ES256"): SigningKey {
    const found = signers[algorithm];
    if (found === undefined) throw new Error(`no key for ${algorithm}`);
    return found;
}

async function newToken(claims: Changes = {}, algorithm = "ES256"): Promise<string> {
    const token = await signer(algorithm).sign(claims);
    sent.add(token);
    return token;
}

beforeAll(async () => {
    const keys = await Promise.all(ALGORITHMS.map((algorithm) => SigningKey.make(`key-${algorithm}`, algorithm)));
    signers = Object.fromEntries(keys.map((key) => [key.algorithm, key]));
    stranger = await SigningKey.make("key-ES256");
    [vip, other, limited, expired] = await Promise.all([
        newApiKey("camera-7", "class=vip", "tenant=pond", "rate=600/minute"),
        newApiKey("camera-8"),
        newApiKey("batch", "routes=elsewhere,both"),
        newApiKey("former", "expires=2020-01-31"),
    ]);
    for (const { key } of [vip, other, limited, expired]) sent.add(key);
    gateway = await AuthGateway.start({
        before: 'os.execute("chmod 600 " .. ngx.config.prefix() .. "identity.key")',
        routes: {
            token: `auth = { jwt = { ${JWT}, realm = "the pond", headers = { sub = "X-User", org = "X-Org-Name" },
                class_claim = "plan", classes = { gold = "vip" }, tenant_claim = "org", required_scopes = { "infer" },
                from = { "header", "cookie:session", "query:token" } } }`,
            free: `auth = { jwt = { ${JWT}, class_claim = "plan" } }`,
            key: `auth = { api_key = { ${KEY}, from = { "header", "cookie:key", "query:key" } } }`,
            either: `auth = { jwt = { ${JWT} }, api_key = { ${KEY} } }`,
            both: `auth = { jwt = { ${JWT} }, api_key = { ${KEY} }, all = true }`,
            open: `auth = { jwt = { ${JWT}, headers = { sub = "X-User" } }, api_key = { ${KEY} }, optional = true }`,
            forward: `auth = { jwt = { ${JWT} }, api_key = { ${KEY} }, forward = true }`,
            signed: `auth = { jwt = { ${JWT} } },
                identity = { sign = { key_file = "PREFIXidentity.key", subject = "openclaw_identity" } }`,
            plain: "",
        },
        files: {
            "keys.json": setOf(...keys),
            api_keys: [vip, other, limited, expired].map(({ line }) => line).join(""),
            "identity.key": randomBytes(32).toString("hex"),
        },
    });
});

afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
});

function expectHidden(answer: Answer): void {
    const seen = JSON.stringify(answer.seen);
    for (const secret of sent) expect(seen).not.toContain(secret);
    expect(answer.seen?.headers.authorization).toBeUndefined();
    expect(answer.seen?.headers["x-api-key"]).toBeUndefined();
}

describe("a token", () => {
    test.for(ALGORITHMS)("signed with %s is accepted, and nodes see no more than its claims", async (algorithm) => {
        const token = await newToken({ org: "pond", sub: `ada-${algorithm}` }, algorithm);
        const forged: Headers = ["X-User", "X_User", "x-user", "X-Org-Name", "X_Org_Name", "X-Org_Name"].map(
            (name) => [name, "root"] as const,
        );
        // The second time it is one that was seen before.
        for (let time = 0; time < 4; time += 1) {
            const answer = await gateway.ask("/token/a?b=c", [bearer(token), ...forged]);
            expect(answer.status).toBe(200);
            expectHidden(answer);
            const headers = answer.seen?.headers ?? {};
            expect(answer.seen?.url).toBe("/token/a?b=c");
            expect(headers["x-user"]).toEqual([`ada-${algorithm}`]);
            expect(headers["x-org-name"]).toEqual(["pond"]);
            expect(Object.entries(headers).filter(([, values]) => values.includes("root"))).toEqual([]);
        }
    });

    test("has the scheme in any spelling", async () => {
        const token = await newToken();
        for (const scheme of ["bearer", "BEARER", "Bearer"]) {
            expect((await gateway.ask("/token", [["Authorization", `${scheme} ${token}`]])).status).toBe(200);
        }
        for (const text of ["Bearer", "Bearer ", `Bearer ${token} ${token}`]) {
            const answer = await gateway.ask("/token", [["Authorization", text]]);
            expect(answer).toMatchObject({ status: 401, code: "invalid_credentials" });
        }
        for (const text of [token, `Basic ${token}`, `Bearer${token}`]) {
            expect(await gateway.ask("/token", [["Authorization", text]])).toMatchObject({
                status: 401,
                code: "credentials_required",
                headers: { "www-authenticate": 'Bearer realm="the pond"' },
            });
        }
    });

    interface Wrong {
        claims?: Changes;
        header?: Partial<JWTHeaderParameters>;
        key?: () => SigningKey;
        reason: string;
        status?: number;
        word?: string;
    }
    const wrong: Record<string, Wrong> = {
        "of another issuer": { claims: { iss: "https://other.example" }, reason: "issuer" },
        "of no issuer": { claims: { iss: undefined }, reason: "issuer" },
        "for another audience": { claims: { aud: "translate" }, reason: "audience" },
        "for others of a list": { claims: { aud: ["translate", "embed"] }, reason: "audience" },
        "for nobody": { claims: { aud: undefined }, reason: "audience" },
        "that has expired": { claims: { exp: inSeconds(-60) }, reason: "expired" },
        "without an end": { claims: { exp: undefined }, reason: "claims" },
        "of the future": { claims: { nbf: inSeconds(3600) }, reason: "not_yet_valid" },
        "made in the future": { claims: { iat: inSeconds(3600) }, reason: "not_yet_valid" },
        "of somebody whom no log could show": { claims: { sub: "ada\nroot" }, reason: "claims" },
        "without its scope": {
            claims: { scope: "read inference" },
            reason: "scope",
            status: 403,
            word: "insufficient_scope",
        },
        "of another key": { key: () => stranger, reason: "signature" },
        "of an unknown key": { header: { kid: "other" }, reason: "unknown_key" },
        "of a key for something else": { header: { kid: "key-RS256" }, reason: "algorithm" },
        "with an extension": { header: { crit: ["b64"], b64: true }, reason: "malformed" },
        "of another type": { header: { typ: "secevent+jwt" }, reason: "malformed" },
    };
    test.for(Object.entries(wrong))("%s is refused", async ([, { claims, header, key = signer, ...expected }]) => {
        const { reason, status = 401, word = "invalid_token" } = expected;
        const token = await key().sign(claims, header);
        sent.add(token);
        const before = await gateway.count("token", "jwt", reason);
        const answer = await gateway.ask("/token", [bearer(token)]);
        expect(answer).toMatchObject({
            status,
            code: status === 403 ? "insufficient_scope" : "invalid_credentials",
        });
        const scope = status === 403 ? ', scope="infer"' : "";
        expect(answer.headers["www-authenticate"]).toBe(`Bearer realm="the pond", error="${word}"${scope}`);
        expect(answer.seen).toBeUndefined();
        expect(await gateway.count("token", "jwt", reason)).toBe(before + 1);
    });

    test("without a signature, or with a public key as its secret, is refused", async () => {
        const [, payload] = (await newToken()).split(".");
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const kid = "key-RS256";
        for (const alg of ["none", "None", "nOnE", "HS256"]) {
            const text = `${part({ alg, kid })}.${payload}`;
            const digest = createHash("sha256").update(text).digest("base64url");
            for (const signature of ["", digest]) {
                const answer = await gateway.ask("/token", [bearer(`${text}.${signature}`)]);
                expect(answer.status).toBe(401);
            }
        }
    });

    test("may be a little too old or too young", async () => {
        for (const claims of [{ exp: inSeconds(-20) }, { nbf: inSeconds(20) }, { iat: inSeconds(20) }]) {
            expect((await gateway.ask("/token", [bearer(await newToken(claims))])).status).toBe(200);
        }
    });

    test("comes from a cookie, and other cookies go to the node", async () => {
        const token = await newToken();
        const answer = await gateway.ask("/token", [["Cookie", `a=1; session=${token}; b=2`]]);
        expect(answer.status).toBe(200);
        expectHidden(answer);
        expect(answer.seen?.headers.cookie).toEqual(["a=1; b=2"]);
        const alone = await gateway.ask("/token", [["Cookie", `session=${token}`]]);
        expect(alone.status).toBe(200);
        expect(alone.seen?.headers.cookie).toBeUndefined();
    });

    test("comes from the query, and other arguments go to the node", async () => {
        const token = await newToken();
        const answer = await gateway.ask(`/token/a?x=%20&token=${token}&y=2`);
        expect(answer.status).toBe(200);
        expectHidden(answer);
        expect(answer.seen?.url).toBe("/token/a?x=%20&y=2");
        const spelled = await gateway.ask(`/token/a?token=${token}&TOKEN=${token}&%74oken=${token}`);
        expect(spelled.status).toBe(200);
        expectHidden(spelled);
    });

    test("comes from one place only, or is the same in all", async () => {
        const [token, second] = [await newToken(), await newToken({ sub: "bob" })];
        const conflict = { status: 400, code: "conflicting_credentials" };
        const cases: [string, Headers][] = [
            [`/token?token=${second}`, [bearer(token)]],
            ["/token", [bearer(token), ["Cookie", `session=${second}`]]],
            [`/token?token=${token}&token=${second}`, []],
            ["/token", [["Cookie", `session=${token}; session=${second}`]]],
        ];
        for (const [target, headers] of cases) expect(await gateway.ask(target, headers)).toMatchObject(conflict);
        const same = await gateway.ask(`/token?token=${token}`, [bearer(token), ["Cookie", `session=${token}`]]);
        expect(same.status).toBe(200);
        expectHidden(same);
        expect(same.seen?.url).toBe("/token");
        // nginx itself refuses these.
        expect((await gateway.ask("/token", [bearer(token), bearer(second)])).status).toBe(400);
    });

    test("is checked over HTTP/2 as well", async () => {
        const token = await newToken({ org: "pond" });
        const answer = await gateway.ask2("/token/a", {
            authorization: `Bearer ${token}`,
            "x-user": "root",
            x_user: "root",
            cookie: ["a=1", "b=2"],
        });
        expect(answer.status).toBe(200);
        expectHidden(answer);
        expect(answer.seen?.headers["x-user"]).toEqual(["ada"]);
        expect(answer.seen?.headers.x_user).toBeUndefined();
        expect(answer.seen?.headers.cookie).toEqual(["a=1; b=2"]);
        // Clients of HTTP/2 send each cookie on its own.
        const crumbs = await gateway.ask2("/token/a", { cookie: ["a=1", `session=${token}`, "b=2"] });
        expect(crumbs.status).toBe(200);
        expectHidden(crumbs);
        expect(crumbs.seen?.headers.cookie).toEqual(["a=1; b=2"]);
        expect(await gateway.ask2("/token", { authorization: `Bearer ${token}x` })).toMatchObject({ status: 401 });
        expect(await gateway.ask2("/token")).toMatchObject({ status: 401, code: "credentials_required" });
    });
});

describe("an API key", () => {
    test("is accepted from its header, as a bearer, from a cookie and from the query", async () => {
        const cases: [string, Headers][] = [
            ["/key", [["X-API-Key", vip.key]]],
            ["/key", [["x_api_key", vip.key]]],
            ["/key", [bearer(vip.key)]],
            ["/key", [["Cookie", `key=${vip.key}`]]],
            [`/key?key=${vip.key}`, []],
            ["/key", [["X-API-Key", vip.key], bearer(vip.key)]],
        ];
        for (const [target, headers] of cases) {
            const answer = await gateway.ask(target, headers);
            expect(answer.status).toBe(200);
            expectHidden(answer);
            expect(answer.seen?.headers.x_api_key).toBeUndefined();
        }
        const answer = await gateway.ask2("/key", { "x-api-key": vip.key });
        expect(answer.status).toBe(200);
        expectHidden(answer);
    });

    test("leaves credentials of another kind to the node", async () => {
        const answer = await gateway.ask("/key", [
            ["X-API-Key", vip.key],
            ["Authorization", "Basic YTpi"],
        ]);
        expect(answer.status).toBe(200);
        expect(answer.seen?.headers["x-api-key"]).toBeUndefined();
        expect(answer.seen?.headers.authorization).toEqual(["Basic YTpi"]);
    });

    test("is refused when it is not known, has ended, or is for others", async () => {
        const refused = { status: 401, code: "invalid_credentials" };
        const cases: [string, string, object][] = [
            [notAKey(), "unknown_key", refused],
            [vip.key.toUpperCase(), "unknown_key", refused],
            [`${vip.key}x`, "unknown_key", refused],
            [createHash("sha256").update(vip.key).digest("hex"), "unknown_key", refused],
            ["short", "malformed", refused],
            [`${vip.key} ${vip.key}`, "malformed", refused],
            [expired.key, "expired", refused],
            [limited.key, "route", { status: 403, code: "route_not_allowed" }],
        ];
        for (const [key, reason, expected] of cases) {
            sent.add(key);
            const before = await gateway.count("key", "api_key", reason);
            expect(await gateway.ask("/key", [["X-API-Key", key]])).toMatchObject(expected);
            expect(await gateway.count("key", "api_key", reason)).toBe(before + 1);
        }
        sent.delete("short");
    });

    test("that comes twice is refused", async () => {
        const conflict = { status: 400, code: "conflicting_credentials" };
        const pairs: Headers[] = [
            [
                ["X-API-Key", vip.key],
                ["X-API-Key", other.key],
            ],
            [
                ["X-API-Key", vip.key],
                ["X_API_Key", other.key],
            ],
            [
                ["X_API-Key", other.key],
                ["X-API_Key", vip.key],
            ],
        ];
        for (const pair of pairs) expect(await gateway.ask("/key", pair)).toMatchObject(conflict);
        expect(await gateway.ask("/key", [["X-API-Key", vip.key], bearer(other.key)])).toMatchObject(conflict);
        expect(await gateway.ask(`/key?key=${vip.key}`, [bearer(other.key)])).toMatchObject(conflict);
    });
});

describe("both methods", () => {
    const wrongKey: [string, string] = ["X-API-Key", notAKey()];

    test("either of them suffices, but none may be wrong", async () => {
        const token = bearer(await newToken());
        const key: [string, string] = ["X-API-Key", vip.key];
        for (const headers of [[token], [key], [bearer(vip.key)], [token, key]]) {
            const answer = await gateway.ask("/either", headers);
            expect(answer.status).toBe(200);
            expectHidden(answer);
        }
        const wrongToken = bearer(await stranger.sign());
        for (const headers of [[token, wrongKey], [wrongToken, key], [wrongToken], [wrongKey]]) {
            expect((await gateway.ask("/either", headers)).status).toBe(401);
        }
        expect(await gateway.ask("/either")).toMatchObject({ status: 401, code: "credentials_required" });
    });

    test("with all, both are needed", async () => {
        const token = bearer(await newToken());
        const key: [string, string] = ["X-API-Key", limited.key];
        const answer = await gateway.ask("/both", [token, key]);
        expect(answer.status).toBe(200);
        expectHidden(answer);
        for (const headers of [[token], [key], []]) {
            expect(await gateway.ask("/both", headers)).toMatchObject({ status: 401, code: "credentials_required" });
        }
        expect(await gateway.ask("/both", [token, wrongKey])).toMatchObject({ status: 401 });
    });

    test("where they are optional, none is needed, and a wrong one is refused", async () => {
        const forged: Headers = [
            ["X-User", "root"],
            ["X_User", "root"],
        ];
        const anonymous = await gateway.ask("/open", forged);
        expect(anonymous.status).toBe(200);
        expect(anonymous.seen?.headers["x-user"]).toBeUndefined();
        expect(anonymous.seen?.headers.x_user).toBeUndefined();
        const token = await newToken();
        const known = await gateway.ask("/open", [bearer(token), ...forged]);
        expect(known.status).toBe(200);
        expect(known.seen?.headers["x-user"]).toEqual(["ada"]);
        for (const headers of [[wrongKey], [bearer(`${token}x`)], [bearer("a.b.c")]]) {
            expect((await gateway.ask("/open", headers)).status).toBe(401);
        }
    });

    test("where they are forwarded, the node gets them", async () => {
        const token = await newToken();
        const answer = await gateway.ask("/forward", [bearer(token), ["X-API-Key", vip.key]]);
        expect(answer.status).toBe(200);
        expect(answer.seen?.headers.authorization).toEqual([`Bearer ${token}`]);
        expect(answer.seen?.headers["x-api-key"]).toEqual([vip.key]);
    });
});

describe("what others learn", () => {
    async function lineOf(id: string): Promise<string> {
        return eventually(`the log has ${id}`, async () => {
            const log = await readFile(path.join(gateway.nginx.prefix, "access.log"), "utf8");
            return log.split("\n").find((line) => line.endsWith(`|${id}`));
        });
    }

    test("the access log has who asks, and why requests are refused", async () => {
        const cases: [string, Headers, string][] = [
            ["/token", [bearer(await newToken({ org: "pond", plan: "gold" }))], "ada|pond|vip|200|"],
            ["/token", [bearer(await newToken({ org: 7, plan: "silver" }))], "ada|7|standard|200|"],
            ["/free", [bearer(await newToken({ plan: "silver" }))], "ada||silver|200|"],
            ["/key", [["X-API-Key", vip.key]], "camera-7|pond|vip|200|"],
            ["/key", [["X-API-Key", other.key]], "camera-8||standard|200|"],
            ["/either", [bearer(await newToken()), ["X-API-Key", vip.key]], "ada||standard|200|"],
            ["/open", [], "||standard|200|"],
            ["/token", [bearer(await newToken({ scope: "" }))], "||standard|403|auth/scope"],
            ["/plain", [bearer(await newToken())], "||standard|200|"],
        ];
        for (const [target, headers, expected] of cases) {
            const id = randomBytes(16).toString("hex");
            await gateway.ask(target, [...headers, ["X-Request-Id", id]]);
            expect(await lineOf(id)).toBe(`${expected}|${id}`);
        }
    });

    test("the next gateway gets the identity, signed", async () => {
        const answer = await gateway.ask("/signed", [
            bearer(await newToken({ sub: "ada@pond.example" })),
            ["X-OpenClaw-Identity", "root"],
            ["X_OpenClaw_Identity", "root"],
        ]);
        expect(answer.status).toBe(200);
        expectHidden(answer);
        expect(answer.seen?.headers["x-openclaw-identity"]).toHaveLength(1);
        expect(answer.seen?.headers["x-openclaw-identity"]?.[0]).toMatch(/^ada@pond\.example;t=\d+;n=[^;]+;k=.*;s=/);
        expect(answer.seen?.headers.x_openclaw_identity).toBeUndefined();
    });

    test("no credential is in the error log, the status page or the metrics", async () => {
        const shown = [
            await gateway.nginx.errorLog(),
            await gateway.nginx.get("/openclaw/status"),
            await gateway.metrics(),
        ];
        const log = await readFile(path.join(gateway.nginx.prefix, "access.log"), "utf8");
        for (const secret of sent) {
            for (const part of secret.split(".")) {
                if (part.length < 16) continue;
                for (const text of [...shown, log]) expect(text).not.toContain(part);
            }
        }
        // Claims are nobody's business either.
        for (const text of shown) expect(text).not.toContain("ada");
        expect(shown[0]).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
    });
});

test("API keys are changed without a reload", async () => {
    const newcomer = await newApiKey("newcomer");
    sent.add(newcomer.key);
    const before = await gateway.nginx.workerPids();
    expect((await gateway.ask("/key", [["X-API-Key", newcomer.key]])).status).toBe(401);
    await replace(gateway, "api_keys", newcomer.line + other.line);
    await new Promise((resolve) => setTimeout(resolve, 2 * SECOND));
    for (let time = 0; time < 20; time += 1) {
        expect((await gateway.ask("/key", [["X-API-Key", newcomer.key]])).status).toBe(200);
        expect((await gateway.ask("/key", [["X-API-Key", other.key]])).status).toBe(200);
        expect((await gateway.ask("/key", [["X-API-Key", vip.key]])).status).toBe(401);
    }
    expect(await gateway.nginx.workerPids()).toEqual(before);
});
