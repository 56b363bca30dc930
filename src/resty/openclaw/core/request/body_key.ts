/**
 * Keys of request bodies: the same for bodies that mean the same. A body is read as bytes (`raw`), as JSON, or as multipart/form-data. The
 * key says which, so that bodies of two kinds never have the same one.
 *
 * Usage: `begin`, `update` with each piece, `finish`; or `of` for a request's body. A body that is no JSON may be read again as bytes.
 * One that is `not_keyable` has no key at all: two readers may understand it differently.
 */
import type { Context, Digest } from "../bytes/digest";
import * as digest from "../bytes/digest";
import type { Multipart, Problem } from "../http/multipart";
import * as multipart from "../http/multipart";
import type { Breathe, Canonical, Reason, Settings } from "../text/json/canonical";
import * as canonical from "../text/json/canonical";
import * as time_slice from "../time/time_slice";
import type { Body } from "./request_body";
import * as request_body from "./request_body";

/** What a body is read as. */
export type Kind = "raw" | "json" | "multipart";

/** What is wrong with a body that has no key: `no_boundary` is a Content-Type without one. */
export type KeyProblem = Reason | Problem | "no_boundary";

/**
 * The key, and of JSON the value of the member that the settings want, if it is known; or why there is no key, where that may be said of the
 * body; or why reading it failed.
 */
export type Outcome =
    | [outcome: "keyed", key: string, wanted?: string | undefined]
    | [outcome: "not_json" | "too_large"]
    | [outcome: "not_keyable", problem: KeyProblem]
    | [outcome: "failed", err: string];

/** A body whose key is being worked out. */
export interface BodyKey {
    readonly kind: Kind;
    readonly digest: Digest;
    readonly context: Context;
    readonly json: Canonical | undefined;
    /** Nothing, too, if the boundary is not known. */
    readonly multipart: Multipart<Context> | undefined;
}

/** The whole of a piece, but JSON, which takes longer. */
const PIECE_BYTES = 64 * 1024;
/** What is digested at once: under a millisecond at 300 MB/s. */
const SHORT_BYTES = 256 * 1024;

/** That of the request whose JSON is finished now: no other is in between, but after a yield. */
const slice = time_slice.begin();

function give_way(this: void): void {
    if (!time_slice.is_over(slice)) return;
    time_slice.yield_now();
    time_slice.renew(slice);
}

/**
 * A body of that kind is to be read. `settings` are those of JSON, from `canonical.settings`; `content_type` has the boundary;
 * `expected_bytes` is how long the body is, if that is known. Phases: any.
 */
export function begin(
    kind: Kind,
    its_digest: Digest,
    settings: Settings,
    content_type: string | undefined,
    expected_bytes = 0,
): BodyKey {
    const context = its_digest.begin();
    const boundary = kind === "multipart" ? multipart.boundary_of(content_type ?? "") : undefined;
    return {
        kind,
        digest: its_digest,
        context,
        json: kind === "json" ? canonical.new(settings, expected_bytes) : undefined,
        multipart: boundary === undefined ? undefined : multipart.new(boundary, digest.update, context),
    };
}

/** How many bytes `update` should be given at a time, at most. Phases: any. */
export function piece_bytes(key: BodyKey): number {
    return key.kind === "json" ? canonical.PIECE_BYTES : PIECE_BYTES;
}

/** Reads the next bytes. Phases: any. Never raises. */
export function update(this: void, key: BodyKey, bytes: Bytes, count: number): void {
    if (key.json !== undefined) canonical.feed(key.json, bytes, count);
    else if (key.multipart !== undefined) multipart.feed(key.multipart, bytes, count);
    else if (key.kind === "raw") digest.update(key.context, bytes, count);
}

function finish_digest(key: BodyKey, wanted?: string): LuaMultiReturn<Outcome> {
    const [hex, err] = key.digest.finish(key.context);
    if (hex === undefined) return $multi("failed", err);
    return $multi("keyed", `${key.kind}-${hex}`, wanted);
}

function finish_json(key: BodyKey, json: Canonical, between: Breathe | undefined): LuaMultiReturn<Outcome> {
    const [outcome, reason, wanted] = canonical.finish(json, digest.update, key.context, between);
    if (outcome === "canonical") return finish_digest(key, wanted);
    if (outcome === "not_keyable") return $multi("not_keyable", reason!);
    return $multi(outcome);
}

/**
 * The body has ended: its key, `json-` or another kind and the digest in lower-case hex, or why there is none. The object must not be used
 * again. Calls `between`, if there is one, after less than a millisecond each: it may yield. Phases: any. Never raises.
 */
export function finish(key: BodyKey, between?: Breathe): LuaMultiReturn<Outcome> {
    if (key.json !== undefined) return finish_json(key, key.json, between);
    if (key.kind === "multipart") {
        const problem: KeyProblem | undefined =
            key.multipart === undefined ? "no_boundary" : multipart.finish(key.multipart);
        if (problem !== undefined) return $multi("not_keyable", problem);
    }
    return finish_digest(key);
}

/** The key of a short body in memory, as bytes. */
function of_bytes(memory: Bytes, count: number, its_digest: Digest): LuaMultiReturn<Outcome> {
    const context = its_digest.begin();
    digest.update(context, memory, count);
    const [hex, err] = its_digest.finish(context);
    if (hex === undefined) return $multi("failed", err);
    return $multi("keyed", `raw-${hex}`);
}

/** Reads a request's body, and returns as `finish`. Phases: rewrite, access, content; yields. */
export function of(
    body: Body,
    kind: Kind,
    its_digest: Digest,
    settings: Settings,
    content_type: string | undefined,
): LuaMultiReturn<Outcome> {
    if (kind === "raw" && body.memory !== undefined && body.bytes <= SHORT_BYTES) {
        return of_bytes(body.memory, body.bytes, its_digest);
    }
    const key = begin(kind, its_digest, settings, content_type, body.bytes);
    const [count, err] = request_body.each(body, update, key, piece_bytes(key));
    if (count === undefined) {
        // Gives its memory back.
        finish(key);
        return $multi("failed", err);
    }
    if (kind !== "json") return finish(key);
    // LuaJIT compiles no code that makes functions, so there is one for all requests. Each has its time from here on, and after each yield.
    time_slice.renew(slice);
    return finish(key, give_way);
}
