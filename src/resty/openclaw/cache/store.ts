/** What a route does with answers: where they are kept, for how long, and what is counted. */
import type { Faults } from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { ErrorPath } from "./error_in_answer";
import type { NearAnswers } from "./near_answers";
import * as near_answers from "./near_answers";
import type { RedisTier } from "./redis_tier";
import * as redis_tiers from "./redis_tier";
import * as rooms from "./room";
import type { Options } from "./settings";

/** What became of a request that found a leader: it got its answer, read it while it came, or asked a node itself. */
export type Following = "answered" | "live" | "alone";
/** What became of an answer that the gateway recorded. */
export type Result = "kept" | "incomplete" | "error" | "too_large" | "no_room";

export interface Store {
    readonly route: string;
    readonly dict: ngx.SharedDict;
    /** Whether requests wait for one another. */
    readonly coalesces: boolean;
    /** For how long they wait, in seconds. */
    readonly wait_seconds: number;
    /** For how long answers may be used; nothing: what nginx says. */
    readonly seconds: number | undefined;
    /** For how long answers with other statuses than 200 may be used. */
    readonly negative: LuaTable<number, number>;
    readonly error_paths: readonly ErrorPath[];
    /** How many bytes of an answer are kept at most. */
    readonly limit: number;
    /** Answers that other gateways share. */
    readonly tier: RedisTier | undefined;
    readonly near: NearAnswers;
    readonly following: Record<Following, Counter>;
    readonly results: Record<Result, Counter>;
    readonly faults: Faults;
}

/** For how long an answer is kept that nginx's cache cannot keep, where the route does not say. */
const DEFAULT_SECONDS = 3600;
const OK = 200;

const FOLLOWING: Following[] = ["answered", "live", "alone"];
const RESULTS: Result[] = ["kept", "incomplete", "error", "too_large", "no_room"];

/** For how many seconds an answer with that status may be kept; nothing if it may not. Phases: any. */
export function seconds_of(store: Store, status: number): number | undefined {
    if (status === OK) return store.seconds ?? DEFAULT_SECONDS;
    return store.negative.get(status) as number | undefined;
}

/** The store of a route. Raises where there is no such dict. Phases: init. */
function create(options: Options, path: string, route: string, registry: Registry, faults: Faults): Store {
    const dict = ngx.shared[options.answers];
    if (dict === undefined) {
        const line = `lua_shared_dict ${options.answers} 64m;`;
        error(`${path}.answers: there is no lua_shared_dict "${options.answers}"; write into http: ${line}`, 0);
    }
    rooms.watch(dict!, options.answers, registry);
    const { redis } = options;
    const followers = metric_registry.counter(
        registry,
        "openclaw_cache_followers_total",
        "Requests that found another one asking the same, by what became of them.",
        ["route", "result"],
    );
    const answers = metric_registry.counter(
        registry,
        "openclaw_cache_recorded_total",
        "Answers that the gateway recorded to keep them in shared memory, by what became of them.",
        ["route", "result"],
    );
    const following = {} as Record<Following, Counter>;
    for (const result of FOLLOWING) following[result] = followers.labels(route, result);
    const results = {} as Record<Result, Counter>;
    for (const result of RESULTS) results[result] = answers.labels(route, result);
    return {
        route,
        dict: dict!,
        coalesces: options.coalesce,
        wait_seconds: options.coalesce_seconds,
        seconds: options.ttl,
        negative: options.negative ?? new LuaTable(),
        error_paths: options.errors ?? [],
        limit: options.stream_buffer_bytes,
        near: near_answers.new(registry, route),
        tier: redis && redis_tiers.new(redis, `${path}.redis`, faults, registry, route),
        following,
        results,
        faults,
    };
}
export { create as new };
