/**
 * The header by which this gateway knows its own deliveries: a secret that is made once, when nginx starts, and kept in
 * the shared dict over reloads. No message and no log line ever holds it.
 */
import * as digests from "../../digest";
import * as noise from "../../noise";
import * as request from "../../request";
import type { Names } from "../../shared_memory/names";

export interface Mark {
    readonly secret: string;
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
    return { secret };
}

/** Whether the request at hand is a delivery by this gateway. Phases: all with a request. */
export function matches(mark: Mark): boolean {
    const given = request.variable(VARIABLE);
    return given !== undefined && digests.same(given, mark.secret);
}
