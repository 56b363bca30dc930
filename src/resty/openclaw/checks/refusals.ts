/** The reasons to refuse a request: what each answers, and how often that happened. */
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as json_error from "../core/request/json_error";
import * as rejections from "../core/request/rejection";

/** The code of the response and the label of the metric; `unreadable` answers `internal_error`. */
export type Reason =
    | "method_not_allowed"
    | "body_too_large"
    | "empty_body"
    | "unsupported_media_type"
    | "invalid_json"
    | "json_too_large"
    | "json_too_deep"
    | "json_too_many_members"
    | "json_duplicate_name"
    | "image_too_large"
    | "broken_image"
    | "unreadable";

const STATUSES: Record<Reason, number> = {
    method_not_allowed: 405,
    body_too_large: 413,
    empty_body: 400,
    unsupported_media_type: 415,
    invalid_json: 400,
    json_too_large: 413,
    json_too_deep: 422,
    json_too_many_members: 422,
    json_duplicate_name: 422,
    image_too_large: 422,
    broken_image: 422,
    unreadable: 500,
};

/** Why a request is refused, and what its client is told. Nothing where it is fine. */
export type Verdict = LuaMultiReturn<[reason: Reason, message: string] | [reason: undefined]>;

export type Counters = Readonly<Record<Reason, Counter>>;

/** The counters of a route; all reasons are shown from the start. Phases: init. */
export function counters(registry: Registry, route: string): Counters {
    const family = metric_registry.counter(
        registry,
        "openclaw_checks_refused_total",
        "Requests that a check refused, by route and reason.",
        ["route", "reason"],
    );
    const all: Partial<Record<Reason, Counter>> = {};
    for (const [reason] of pairs(STATUSES)) all[reason] = family.labels(route, reason);
    return all as Counters;
}

/** Counts the request and ends it. Phases: access; never returns. */
export function refuse(its_counters: Counters, reason: Reason, message: string): never {
    its_counters[reason].inc();
    rejections.note("checks", reason);
    return json_error.respond(STATUSES[reason], reason === "unreadable" ? "internal_error" : reason, message);
}
