/**
 * The header by which this gateway knows its own deliveries: a secret that is made once, when nginx starts, and kept in
 * the shared dict over reloads. No message and no log line ever holds it.
 */
import * as digests from "../../digest";
import type { Digest } from "../../digest";
import * as noise from "../../noise";
import * as request from "../../request";
import type { Names } from "../../shared_memory/names";

export interface Mark {
    readonly secret: string;
    readonly digest: Digest;
    readonly expected: string;
}

/** Carries the secret. */
export const HEADER = "X-OpenClaw-Delivery";
const VARIABLE = "http_x_openclaw_delivery";
const KEY = "edge:mark";
const RANDOM_NUMBERS = 8;

/** The mark of this gateway; the same one for all its routes. Raises when the dict has no room for it. Phases: init. */
export function open(names: Names): Mark {
    names.safe_add(KEY, noise.hex(RANDOM_NUMBERS));
    const [secret] = names.get<string>(KEY);
    if (secret === undefined) error("edge: no room in the shared dict", 0);
    const digest = digests.new("sha256");
    const [expected, err] = digest.of(secret);
    if (expected === undefined) error(`edge: ${err}`, 0);
    return { secret, digest, expected };
}

/** Whether the request at hand is a delivery by this gateway. Phases: all with a request. */
export function matches(mark: Mark): boolean {
    const given = request.variable(VARIABLE);
    if (given === undefined) return false;
    // How long it takes tells nothing: digests are compared, and of these a client can foresee its own only.
    const [digest] = mark.digest.of(given);
    return digest === mark.expected;
}
