import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { CHECKOUT } from "./checkout";

export const TLS = path.join(CHECKOUT, "spec/support/tls");
/** The name in the certificate. */
export const ISSUER_NAME = "sink.test";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const point = createPublicKey(privateKey).export({ format: "jwk" });

/** A JWKS of keys with these ids. */
export function jwks(...kids: string[]): string {
    return JSON.stringify({ keys: kids.map((kid) => ({ ...point, kid, use: "sig", alg: "ES256" })) });
}

/** Serves a JWKS over TLS, as long as it is not disposed of. */
export class KeyIssuer {
    kids: string[] = [];
    /** The JWKS: that of `kids`, unless another one is given. */
    text = () => jwks(...this.kids);
    maxAge: number | undefined;
    /** How many requests there were. */
    fetches = 0;
    /** When true, requests wait until `release`. */
    isHeld = false;
    private held: ServerResponse[] = [];

    private constructor(private readonly server: https.Server) {}

    static async start(...kids: string[]): Promise<KeyIssuer> {
        const server = https.createServer({
            cert: readFileSync(path.join(TLS, "server.pem")),
            key: readFileSync(path.join(TLS, "server.key")),
        });
        const issuer = new KeyIssuer(server);
        issuer.kids = kids;
        server.on("request", (_, response) => {
            issuer.fetches += 1;
            if (issuer.isHeld) issuer.held.push(response);
            else issuer.answer(response);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return issuer;
    }

    private answer(response: ServerResponse): void {
        if (this.maxAge !== undefined) response.setHeader("Cache-Control", `max-age=${this.maxAge}`);
        response.end(this.text());
    }

    /** Answers what was held, and does not hold what comes. */
    release(): void {
        this.isHeld = false;
        for (const response of this.held.splice(0)) this.answer(response);
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    [Symbol.dispose](): void {
        this.server.closeAllConnections();
        this.server.close();
    }
}
