// Tokens of an issuer, as measurements need them.
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const ISSUER = "https://login.example";
const TOKENS_AT_ONCE = 64;

/** An issuer with a key for each algorithm: `jwks`, and `tokens(algorithm, count)`, which resolves with different tokens. */
export function newIssuer() {
    const keys = [];
    async function newKey(algorithm) {
        const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
        const kid = `key-${algorithm}`;
        keys.push({ ...(await exportJWK(publicKey)), kid, use: "sig", alg: algorithm });
        return (id) =>
            new SignJWT({ jti: String(id), org: "acme", plan: "gold", scope: "infer read" })
                .setProtectedHeader({ alg: algorithm, kid, typ: "JWT" })
                .setSubject("user-4711")
                .setIssuer(ISSUER)
                .setAudience("analyze")
                .setIssuedAt()
                .setExpirationTime(`${8 * 3600 + (Number(id) % 3600)} s`)
                .sign(privateKey);
    }
    async function tokens(algorithm, count) {
        const sign = await newKey(algorithm);
        const all = [];
        while (all.length < count) {
            const next = Array.from({ length: Math.min(TOKENS_AT_ONCE, count - all.length) }, (_, place) =>
                sign(all.length + place),
            );
            all.push(...(await Promise.all(next)));
        }
        return all;
    }
    return { jwks: () => JSON.stringify({ keys }), tokens };
}

/** The options `jwt` of a route for these tokens. */
export const jwtOptions = (jwksFile) => `jwt = {
    jwks_file = "${jwksFile}", issuer = "${ISSUER}", audience = "analyze", algorithms = { "RS256", "ES256", "EdDSA" },
    class_claim = "plan", classes = { gold = "vip" }, tenant_claim = "org", required_scopes = { "infer" },
}`;
