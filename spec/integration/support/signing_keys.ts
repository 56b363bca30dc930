import type { JWK, JWTHeaderParameters, JWTPayload } from "jose";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const ISSUER = "https://login.example";
export const AUDIENCE = "analyze";

/** Claims in place of the usual ones; `undefined` leaves one out. */
export type Changes = { [Name in keyof JWTPayload]: JWTPayload[Name] | undefined };

/** A key that an issuer signs with. */
export class SigningKey {
    private constructor(
        readonly kid: string,
        readonly algorithm: string,
        private readonly secret: CryptoKey,
        /** Its public part. */
        readonly jwk: JWK,
    ) {}

    static async make(kid: string, algorithm = "ES256"): Promise<SigningKey> {
        const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
        const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: algorithm };
        return new SigningKey(kid, algorithm, privateKey, jwk);
    }

    /** A token that is valid for five minutes. */
    sign(claims: Changes = {}, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
        const now = Math.floor(Date.now() / 1000);
        const usual = { iss: ISSUER, aud: AUDIENCE, sub: "ada", scope: "read infer", iat: now, exp: now + 300 };
        // JSON has no undefined members.
        return new SignJWT({ ...usual, ...claims } as JWTPayload)
            .setProtectedHeader({ alg: this.algorithm, kid: this.kid, ...header })
            .sign(this.secret);
    }
}

/** The JWKS of these keys. */
export function setOf(...keys: SigningKey[]): string {
    return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}
