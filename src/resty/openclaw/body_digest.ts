/**
 * Sets `$request_body_md5` or `$request_body_sha256` to the digest of the request body, before nginx evaluates `proxy_cache_key`. A body
 * that cannot be digested gets a unique value, and `$request_body_digest_skip` is set to 1 for `proxy_no_cache` and `proxy_cache_bypass`.
 * `$openclaw_cache_key` is the digest and all else that responses depend on: see cache_key.
 */
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { option } from "./config/schema";
import type { Digest } from "./core/bytes/digest";
import * as digest from "./core/bytes/digest";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import * as metric_registry from "./core/metrics/metric_registry";
import type { CacheKey } from "./core/request/cache_key";
import * as cache_key from "./core/request/cache_key";
import * as preconditions from "./core/request/preconditions";
import * as request from "./core/request/request";
import * as request_body from "./core/request/request_body";
import * as contract from "./gateway/contract";

export interface BodyDigest {
    readonly digest: Digest;
    readonly variable: string;
    readonly max_bytes: number;
    readonly key: CacheKey;
    readonly bodies: Counter;
    readonly bytes: Counter;
    readonly too_large: Counter;
    readonly unreadable: Counter;
    readonly faults: Faults;
    /** Sets the variable. Phases: access; yields. Never raises. */
    access(): void;
    /** The same before any `set` runs, for keys that `set` builds. Phases: server_rewrite; yields. Never raises. */
    server_rewrite(): void;
}

const NAME = "body_digest";
const MIB = 1024 * 1024;

const SCHEMA = {
    algorithm: option(
        kinds.one_of("md5", "sha256"),
        "md5",
        "the digest, and so the variable: `$request_body_md5` or `$request_body_sha256`",
    ),
    max_bytes: option(kinds.whole(1), 100 * MIB, "maximum length of a body that is digested"),
    credentials: option(
        kinds.one_of("bypass", "key"),
        "bypass",
        "whether requests with credentials bypass the cache, or have them in their key",
    ),
    key_variables: option(
        kinds.list_of(kinds.variable_name),
        [],
        "more variables for the key of the cache, without `$`",
    ),
    dict: option(
        kinds.text,
        "openclaw",
        "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself",
    ),
};

const SKIP_VARIABLE = "request_body_digest_skip";

/** Sets a variable; reports where nginx.conf does not declare it. */
function assign(faults: Faults, name: string, value: string): void {
    if (request.set_variable(name, value)) return;
    faults.report("undeclared_variable", "add `set $", name, ' "";` to the server or location in nginx.conf');
}

function skip(plugin: BodyDigest, reason: Counter): void {
    reason.inc();
    assign(plugin.faults, plugin.variable, `skip-${request.variable("request_id")}`);
    assign(plugin.faults, SKIP_VARIABLE, "1");
    cache_key.withhold(plugin.key);
}

function skip_unreadable(plugin: BodyDigest, err: string): void {
    plugin.faults.report("unreadable_body", err);
    skip(plugin, plugin.unreadable);
}

function access(this: BodyDigest): void {
    preconditions.drop();
    const [body, read_err] = request_body.read();
    if (body === undefined) return skip_unreadable(this, read_err);
    if (body.bytes > this.max_bytes) return skip(this, this.too_large);
    const context = this.digest.begin();
    const [count, visit_err] = request_body.each(body, digest.update, context);
    if (count === undefined) return skip_unreadable(this, visit_err);
    const [hex, finish_err] = this.digest.finish(context);
    if (hex === undefined) return skip_unreadable(this, finish_err);
    assign(this.faults, this.variable, hex);
    cache_key.fill(this.key, request.variable("http_content_type"), hex);
    this.bodies.inc();
    this.bytes.inc(count);
}

function server_rewrite(this: BodyDigest): void {
    // nginx checks Content-Length against client_max_body_size only after this phase, so the body is not read here if it is long.
    if (request.whole_number("content_length") > this.max_bytes) return skip(this, this.too_large);
    this.access();
}

const metatable = { __index: { access, server_rewrite } };

function create(options: Values<typeof SCHEMA>): BodyDigest {
    const { algorithm, max_bytes } = options;
    const registry = metric_registry.open(options.dict);
    const bodies = metric_registry.counter(
        registry,
        "openclaw_body_digest_bodies_total",
        "Request bodies that were digested.",
    );
    const bytes = metric_registry.counter(
        registry,
        "openclaw_body_digest_bytes_total",
        "Bytes of request bodies that were digested.",
    );
    const skipped = metric_registry.counter(
        registry,
        "openclaw_body_digest_skipped_total",
        "Request bodies that were not digested, by reason.",
        ["reason"],
    );
    const fields = {
        digest: digest.new(algorithm),
        variable: `request_body_${algorithm}`,
        max_bytes,
        key: cache_key.new({
            credentials: options.credentials,
            key_variables: options.key_variables,
            callers: cache_key.CALLER,
        }),
        bodies: bodies.labels(),
        bytes: bytes.labels(),
        too_large: skipped.labels("too_large"),
        unreadable: skipped.labels("unreadable"),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[digests of request bodies](body_digest.md), and the key of the cache",
    order: { access: 500 },
    schema: SCHEMA,
    variables: {
        request_body_md5: "",
        request_body_sha256: "",
        [SKIP_VARIABLE]: "",
        // No two requests may share an answer before it is known what they ask.
        openclaw_cache_key: "none-$request_id",
        openclaw_cache_skip: "1",
    },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/body_digest.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): BodyDigest {
    return contract.alone(declaration, options);
}
export { alone as new };
