/**
 * Keys for nginx's cache by what requests ask: their body as bytes, as the parts of a form, or as what its JSON says. Who shares an answer
 * is configured. What has no key is neither stored nor answered from the cache. See docs/cache.md.
 */
import type { BodyForm } from "./cache/body_form";
import * as body_forms from "./cache/body_form";
import type { Purges } from "./cache/purges";
import * as purge_list from "./cache/purges";
import * as request_controls from "./cache/request_control";
import * as response_fields from "./cache/response_fields";
import type { Options } from "./cache/settings";
import * as settings from "./cache/settings";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import * as metric_registry from "./core/metrics/metric_registry";
import type { CacheKey } from "./core/request/cache_key";
import * as cache_key from "./core/request/cache_key";
import * as preconditions from "./core/request/preconditions";
import * as request from "./core/request/request";
import * as request_body from "./core/request/request_body";
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
    /** Sets the key. Phases: access; yields. Never raises. */
    access(): void;
    /** Keeps answers out of the cache whose end nobody can tell, and says what the cache did. Phases: header_filter. Never raises. */
    header_filter(): void;
}

const NAME = "cache";
const TENANT = "openclaw_tenant";
const REFRESH = "openclaw_cache_refresh";
const NO_STORE = "openclaw_cache_no_store";
const REASONS: Reason[] = ["too_large", "unreadable", "not_keyable", "personal", "no_store"];

function skip(plugin: Cache, reason: Reason): void {
    plugin.skipped[reason].inc();
    cache_key.withhold(plugin.key);
}

function skip_unreadable(plugin: Cache, err: string): void {
    plugin.faults.report("unreadable_body", err);
    skip(plugin, "unreadable");
}

/** Gives the request another key if its answer was purged alone. */
function renew(plugin: Cache, purges: Purges): void {
    let key = cache_key.present();
    while (key !== undefined) {
        const generation = purge_list.generation_of_key(purges, key);
        if (generation === undefined) return;
        key = cache_key.renew(plugin.key, key, generation);
    }
}

/** Reads the body, and sets the key of the request. */
function make_key(plugin: Cache): void {
    const [body, err] = request_body.read();
    if (body === undefined) return skip_unreadable(plugin, err);
    if (body.bytes > plugin.max_bytes) return skip(plugin, "too_large");
    const content_type = request.variable("http_content_type");
    const encoding = request.variable("http_content_encoding");
    const [outcome, detail, model] = body_forms.key_of(plugin.form, body, content_type, encoding);
    if (outcome === "failed") return skip_unreadable(plugin, detail);
    if (outcome !== "keyed") return skip(plugin, outcome === "too_large" ? "too_large" : "not_keyable");
    const { purges } = plugin;
    const tenant = plugin.tells_tenants ? (request.variable(TENANT) ?? "") : undefined;
    const generations = purges === undefined ? "" : purge_list.part_of(purges, plugin.route, tenant, model);
    const is_shareable = cache_key.fill(plugin.key, body_forms.type_of(detail, content_type), detail, generations);
    if (!is_shareable) plugin.skipped.personal.inc();
    else if (purges?.has_keys === true) renew(plugin, purges);
}

function access(this: Cache): void {
    preconditions.drop();
    if (this.is_controlled) {
        const wish = request_controls.of_request();
        if (wish === "none") return skip(this, "no_store");
        if (wish === "fresh") request.set_variable(REFRESH, "1");
    }
    make_key(this);
}

/**
 * Whether the end of the response cannot be told from a node that broke off: it has no length, or it is a stream of events, whose last
 * one says that it is complete.
 */
function has_open_end(): boolean {
    const content_type = request.variable("upstream_http_content_type");
    if (content_type !== undefined) {
        const [stream] = string.find(string.lower(content_type), "text/event-stream", 1, true);
        if (stream !== undefined) return true;
    }
    const [length] = string.find(request.variable("upstream_http_content_length") ?? "", "^%d+$");
    if (length !== undefined) return false;
    // nginx reads other codings up to the end of the connection.
    const coding = string.lower(request.variable("upstream_http_transfer_encoding") ?? "");
    const [chunked] = string.find(coding, "chunked", 1, true);
    return chunked === undefined;
}

function header_filter(this: Cache): void {
    const status = request.variable("upstream_cache_status");
    if (status === undefined) return;
    if (!response_fields.is_from_cache(status) && has_open_end()) request.set_variable(NO_STORE, "1");
    response_fields.show(status);
}

const metatable = { __index: { access, header_filter } };

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
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[the key of the cache](cache.md): which requests get the same answer, and who shares it",
    // After `body_digest`, whose key it replaces.
    order: { access: 510, header_filter: 50 },
    schema: settings.SCHEMA,
    readings: settings.readings,
    variables: {
        // No two requests may share an answer before it is known what they ask.
        openclaw_cache_key: "none-$request_id",
        openclaw_cache_skip: "1",
        [REFRESH]: "",
        [NO_STORE]: "",
    },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/cache.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Cache {
    return contract.alone(declaration, options);
}
export { alone as new };
