/**
 * A cache of answers by what requests ask: their body as bytes, as the parts of a form, or as what its JSON says. Who shares an answer is
 * configured, and requests that ask the same ask a node once. nginx's cache keeps what it can, shared memory the rest. What has no key is
 * neither stored nor answered from the cache. See docs/cache.md.
 */
import * as answers from "./cache/answers";
import * as askings from "./cache/asking";
import type { BodyForm } from "./cache/body_form";
import * as body_forms from "./cache/body_form";
import * as coalescing from "./cache/coalescing";
import type { Near } from "./cache/near_answers";
import * as near_answers from "./cache/near_answers";
import type { Purges } from "./cache/purges";
import * as purge_list from "./cache/purges";
import * as request_controls from "./cache/request_control";
import type { Options } from "./cache/settings";
import * as settings from "./cache/settings";
import * as status_of from "./cache/status";
import type { Store } from "./cache/store";
import * as stores from "./cache/store";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import * as metric_registry from "./core/metrics/metric_registry";
import type { CacheKey } from "./core/request/cache_key";
import * as cache_key from "./core/request/cache_key";
import * as cache_status from "./core/request/cache_status";
import * as preconditions from "./core/request/preconditions";
import * as request from "./core/request/request";
import type { Body } from "./core/request/request_body";
import * as request_body from "./core/request/request_body";
import * as request_headers from "./core/request/request_headers";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";

/** Why a request has no key. */
type Reason = "too_large" | "unreadable" | "not_keyable" | "personal" | "no_store";

export interface Cache {
    readonly form: BodyForm;
    readonly max_bytes: number;
    readonly key: CacheKey;
    readonly route: string;
    /** Whether callers of two tenants never share an answer. */
    readonly tells_tenants: boolean;
    /** What operators have purged; nothing where that is not kept. */
    purges: Purges | undefined;
    readonly is_controlled: boolean;
    readonly skipped: Record<Reason, Counter>;
    readonly faults: Faults;
    readonly store: Store;
    /** Sets the key; answers the request if it can. Phases: access; yields. Never raises. */
    access(): void;
    /** Whether a node may be asked. Phases: balancer. */
    before_balance(): boolean;
    /** Decides who may store the answer, and says what the cache did. Phases: header_filter. Never raises. */
    header_filter(): void;
    /** Takes the answer for those who wait for it. Phases: body_filter. Never raises. */
    body_filter(): void;
    /** Lets those go on who still wait. Phases: log. Never raises. */
    log(): void;
    /** What the status document shows. Phases: any. */
    status(): object;
}

const NAME = "cache";
const TENANT = "openclaw_tenant";
const REASONS: Reason[] = ["too_large", "unreadable", "not_keyable", "personal", "no_store"];

function skip(plugin: Cache, reason: Reason): undefined {
    plugin.skipped[reason].inc();
    cache_key.withhold(plugin.key);
    return undefined;
}

function skip_unreadable(plugin: Cache, err: string): undefined {
    plugin.faults.report("unreadable_body", err);
    return skip(plugin, "unreadable");
}

/** The key of a request whose answer was purged alone: another one. Nothing if the request has none now. */
function renewed(plugin: Cache, purges: Purges, given: string): string | undefined {
    let key: string | undefined = given;
    while (key !== undefined) {
        const generation = purge_list.generation_of_key(purges, key);
        if (generation === undefined) return key;
        key = cache_key.renew(plugin.key, key, generation);
    }
    return undefined;
}

type Made = LuaMultiReturn<[key: string | undefined, near?: Near | undefined]>;

/** Sets the key of a request with that body. Returns the key, nothing if the request has none; and its picture. */
function key_of_body(plugin: Cache, body: Body): Made {
    request_headers.look();
    const content_type = request_headers.value_of("content-type");
    const encoding = request_headers.value_of("content-encoding");
    const [outcome, detail, model] = body_forms.key_of(plugin.form, body, content_type, encoding);
    if (outcome === "failed") return $multi(skip_unreadable(plugin, detail));
    if (outcome !== "keyed") return $multi(skip(plugin, outcome === "too_large" ? "too_large" : "not_keyable"));
    const { purges } = plugin;
    const tenant = plugin.tells_tenants ? (request.variable(TENANT) ?? "") : undefined;
    const generations = purges === undefined ? "" : purge_list.part_of(purges, plugin.route, tenant, model);
    const its_type = body_forms.type_of(detail, content_type);
    const key = cache_key.fill(plugin.key, its_type, detail, generations);
    if (key === undefined) {
        plugin.skipped.personal.inc();
        return $multi(undefined);
    }
    const near = near_answers.of_request(plugin.key, its_type, model, generations, purges);
    if (purges?.has_keys === true) return $multi(renewed(plugin, purges, key), near);
    return $multi(key, near);
}

/** Reads the body, and sets the key. As `key_of_body`. */
function make_key(plugin: Cache): Made {
    const [body, err] = request_body.read();
    if (body === undefined) return $multi(skip_unreadable(plugin, err));
    if (body.bytes > plugin.max_bytes) return $multi(skip(plugin, "too_large"));
    return key_of_body(plugin, body);
}

function access(this: Cache): void {
    preconditions.drop();
    const wish = this.is_controlled ? request_controls.of_request() : request_controls.ANY;
    if (wish.is_none) {
        coalescing.refuse_cached();
        skip(this, "no_store");
        return;
    }
    const [key, near] = make_key(this);
    if (key !== undefined) coalescing.enter(this.store, key, wish, near);
    else if (wish.is_only_cached) coalescing.refuse_uncached();
}

function before_balance(this: Cache): boolean {
    return coalescing.before_balance();
}

function header_filter(this: Cache): void {
    answers.header_filter(this.store);
}

function body_filter(this: Cache): void {
    answers.body_filter();
}

function log(this: Cache): void {
    answers.log();
}

function status(this: Cache): object {
    const document = status_of.document(this.store);
    return document;
}

const metatable = { __index: { access, before_balance, header_filter, body_filter, log, status } };

function create(options: Options, { path, route }: Context): Cache {
    settings.check(options, path);
    const registry = metric_registry.open(options.dict);
    const family = metric_registry.counter(
        registry,
        "openclaw_cache_skipped_total",
        "Requests without a key for the cache, by reason.",
        ["route", "reason"],
    );
    const skipped = {} as Record<Reason, Counter>;
    for (const reason of REASONS) skipped[reason] = family.labels(route, reason);
    const { credentials, key_variables } = options;
    const faults = fault.new(NAME, registry);
    const key = cache_key.new({ credentials, key_variables, callers: settings.callers_of(options) });
    const fields = {
        form: body_forms.new(options.key, options.ignore ?? [], settings.most_json_bytes(options)),
        max_bytes: options.max_bytes,
        route,
        tells_tenants: cache_key.has_variable(key, TENANT),
        purges: undefined,
        key,
        is_controlled: options.request_control,
        skipped,
        faults,
        store: stores.new(options, path, route, registry, faults),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[the key of the cache](cache.md): which requests get the same answer, and who shares it",
    // After `body_digest`, whose key it replaces.
    order: { access: 510, before_balance: 40, header_filter: 50, body_filter: 50, log: 50 },
    schema: settings.SCHEMA,
    readings: settings.readings,
    variables: {
        // No two requests may share an answer before it is known what they ask.
        openclaw_cache_key: "none-$request_id",
        openclaw_cache_skip: "1",
        [coalescing.REFRESH]: "",
        [askings.NO_STORE]: "",
        [cache_status.VARIABLE]: "",
    },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/cache.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Cache {
    return contract.alone(declaration, options);
}
export { alone as new };
