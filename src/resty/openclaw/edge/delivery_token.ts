/**
 * The delivery token: a secret in the header X-OpenClaw-Delivery, by which the gateway recognizes its own deliveries. It is in the
 * store's file `secret`, so that all who deliver from the store, and all who receive deliveries, have the same one: workers
 * of any generation, and both masters during a binary upgrade. The worker that delivers creates it. No message and no log line
 * contains it.
 *
 * In return the gateway says in the header X-OpenClaw-Link of its response where that response comes from.
 */
import * as digests from "../core/bytes/digest";
import * as random from "../core/bytes/random";
import * as files from "../core/files/files";
import { rights_of_others } from "../core/files/secret_file";
import * as delivery_header from "../core/request/delivery_header";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as clock from "../core/time/clock";
import type { Store } from "./store";
import * as stores from "./store";
import * as ids from "./store/id";
import * as records from "./store/record";

export interface DeliveryToken {
    readonly store: Store;
    readonly path: string;
    /** The token as it was last read; nothing before. */
    value: string | undefined;
    /** When it was last read. */
    read_at: MonotonicTime | undefined;
}

/** The header with the token. */
export const HEADER = delivery_header.NAME;
/**
 * The header by which the gateway tells a delivery where its response comes from: "answered", from the other end; "stale",
 * from the cache; "down", the other end was not reached; "unanswered", it was reached and sent no response. Without the
 * header the gateway itself has responded.
 */
export const LINK_HEADER = "X-OpenClaw-Link";

const RANDOM_NUMBERS = 8;
const BYTES = 64;
/** Wrong tokens have the file read no more often. */
const SECONDS_BETWEEN_READS = 1;

/** The token of a store's deliveries. Phases: any. */
function create(store: Store): DeliveryToken {
    return { store, path: `${store.folder}/secret`, value: undefined, read_at: undefined };
}
export { create as new };

/** The token in the file; nothing when there is none, or when others may read the file. */
function read(token: DeliveryToken): string | undefined {
    const [file] = files.open(token.path, "read");
    if (file === undefined) return undefined;
    const [text] = records.piece(file, 0, BYTES + 1);
    files.close(file);
    if (text === undefined || text.length !== BYTES) return undefined;
    const [legal] = string.find(text, "^%x+$");
    if (legal === undefined || rights_of_others(token.path) !== 0) return undefined;
    return text;
}

/** Writes a new token. Returns why it failed, or nothing. */
function write(token: DeliveryToken): string | undefined {
    const { store } = token;
    const written = ids.new();
    const err = stores.append(store, written, random.hex(RANDOM_NUMBERS), BYTES);
    if (err === undefined) return files.rename(stores.path(store, "incoming", written), token.path);
    stores.remove(store, "incoming", written);
    return err;
}

/**
 * The token; creates it if there is none. Only for the worker that holds the store's lock, so that no two create one. On
 * failure nil and why. Phases: timers.
 */
export function read_or_create(token: DeliveryToken): Result<string> {
    const found = read(token);
    if (found !== undefined) return $multi(found);
    const err = write(token);
    if (err !== undefined) return $multi(undefined, err);
    const made = read(token);
    if (made === undefined) return $multi(undefined, `cannot read ${token.path}`);
    return $multi(made);
}

/** Whether the present request has the token of that store. Phases: all with a request. */
export function matches(token: DeliveryToken): boolean {
    const given = delivery_header.given();
    if (given === undefined || given.length !== BYTES) return false;
    if (token.value !== undefined) {
        if (digests.same(given, token.value)) return true;
        if (token.read_at !== undefined && clock.now() - token.read_at < SECONDS_BETWEEN_READS) return false;
    }
    token.read_at = clock.now();
    token.value = read(token);
    return token.value !== undefined && digests.same(given, token.value);
}

/** Finds out whether the present request is a delivery from that store, and removes the token from it. Phases: access. */
export function take_off(token: DeliveryToken): void {
    if (!delivery_header.is_there()) return;
    request_state.open().is_delivery = matches(token);
    // Neither other plugins nor the upstream may see it.
    delivery_header.strip();
}

/** Whether the present request is a delivery from the route's store. Phases: all with a request. */
export function is_delivery(): boolean {
    return request_state.present()?.is_delivery === true;
}

/**
 * Whether the present request came with a token, right or wrong. Such a request is never stored: with a wrong token it may be a
 * delivery of another gateway or of another route, which has the job itself. Phases: all with a request.
 */
export function was_given(): boolean {
    return request_state.present()?.is_delivery !== undefined;
}

/** Clears what is known of the present request, for a plugin that stands alone. Phases: log. */
export function forget(): void {
    const state = request_state.present();
    if (state === undefined) return;
    state.is_delivery = undefined;
    state.delivery_of = undefined;
}

/**
 * Tells a delivery that it got no response. `was_reached`: whether the other end was reached. Phases: content; never returns.
 */
export function decline(was_reached: boolean): never {
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    ngx.header[LINK_HEADER] = was_reached ? "unanswered" : "down";
    if (was_reached) return json_error.respond(503, "link_down", "There was no response; the job waits.");
    // An attempt while the link is down is not an error: the client already had 202. RFC 4918, section 11.4.
    return json_error.respond(424, "link_down", "The link is down; the job waits.");
}
