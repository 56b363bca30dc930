/** The options of `auth`. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { again, computed, map_of, option, optional, required, table_of } from "../config/schema";
import * as secret_file from "../core/files/secret_file";
import * as fault from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import * as texts from "../core/text/text";
import type { Challenge } from "./answers";
import * as key_file from "./api_key/key_file";
import * as redis_keys from "./api_key/redis_keys";
import * as combinations from "./combinations";
import * as header_names from "./header_names";
import type { Algorithm } from "./jwt/algorithms";
import * as algorithms from "./jwt/algorithms";
import * as jwks_file from "./jwt/key_file";
import * as jwks_url from "./jwt/key_url";
import type { KeySource } from "./jwt/model";
import * as secrets from "./jwt/secret";
import * as verifier from "./jwt/verifier";
import type { Method } from "./model";
import type { Place } from "./places";
import * as places from "./places";

/** One way to authenticate, with the place of its credentials. */
export interface Way {
    readonly method: Method;
    readonly place: Place;
    readonly challenge: Challenge;
}

export const NAME = "auth";
const LEAST_SECRET_BYTES = 32;
const MOST_SECRET_BYTES = 4096;

const REALM = kinds.of<string>("string", "printable ASCII without quotes and backslashes", (given) => {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^[ !#-Z%[%]^-~]+$");
    return legal !== undefined;
});

/** A name, a list of names, or false for any. */
function names_or_false(what: string): Kind<string | string[] | false> {
    const list = kinds.list_of(kinds.text);
    return {
        name: "`false`, string or list of string",
        read: (given, path, problems) => {
            if (given === false || (typeof given === "string" && given !== "")) return given;
            if (type(given) === "table") return list.read(given, path, problems);
            problem.add(problems, path, `${what}, a list of them, or false for any`, given);
            return false;
        },
    };
}

const ISSUER: Kind<string | false> = {
    name: "`false` or string",
    read: (given, path, problems) => {
        if (given === false || (typeof given === "string" && given !== "")) return given;
        problem.add(problems, path, "the issuer that tokens must name, or false for any", given);
        return false;
    },
};

/** A class of callers, as it stands in a variable and in labels. */
const CLASS = kinds.of<string>("string", "1 to 64 of the characters A-Z a-z 0-9 _ . -", (given) => {
    return typeof given === "string" && texts.is_name(given);
});

const REALM_OPTION = option(REALM, "OpenClaw", "the realm in `WWW-Authenticate`");
const FROM = option(
    kinds.list_of(places.KIND),
    ["header"],
    'where the credential may be: `"header"`, `"cookie:NAME"`, `"query:NAME"`. Arguments of a query are in logs',
);

const JWT_SCHEMA = {
    realm: again(REALM_OPTION),
    jwks_file: optional(kinds.path, "the absolute path of a file with a JWKS; it is read again when it changes"),
    jwks_url: optional(kinds.text, "the `https` address of a JWKS"),
    secret_file: optional(kinds.secret_file, "the absolute path of a file with a secret, for HS256, HS384 and HS512"),
    issuer: required(ISSUER, "the `iss` of all tokens; `false`: any"),
    audience: required(
        names_or_false("the audience that tokens must be for"),
        "one of these must be in `aud`; `false`: any",
    ),
    algorithms: computed(
        kinds.list_of(kinds.one_of(...algorithms.NAMES)),
        '`{ "RS256", "ES256" }`; with `secret_file` `{ "HS256" }`',
        "the accepted algorithms",
    ),
    leeway_seconds: option(kinds.not_negative, 30, "how far the clocks of issuer and gateway may differ"),
    class_claim: optional(kinds.text, "the claim with the caller's class"),
    classes: optional(
        map_of(CLASS),
        "classes by values of that claim; values without an entry are `standard`. Without this option the value itself is the class",
    ),
    tenant_claim: optional(kinds.text, "the claim with the caller's tenant"),
    required_scopes: optional(kinds.list_of(kinds.text), "scopes that tokens must have, in `scope` or `scp`"),
    headers: optional(map_of(header_names.KIND), 'headers for nodes by claims, such as `{ sub = "X-User" }`'),
    from: again(FROM),
};

const REDIS_TABLE = table_of(redis_keys.SCHEMA);

/** The options of Redis, with what contradicts each other. */
const REDIS: typeof REDIS_TABLE = {
    name: REDIS_TABLE.name,
    schema: redis_keys.SCHEMA,
    read: (given, path, problems) => {
        if (type(given) === "table") redis_keys.check_options(given as Record<string, unknown>, path, problems);
        return REDIS_TABLE.read(given, path, problems);
    },
};

const API_KEY_SCHEMA = {
    realm: again(REALM_OPTION),
    file: optional(kinds.secret_file, "the absolute path of a file with keys; it is read again when it changes"),
    redis: optional(REDIS, "keys in Redis or Valkey"),
    header: option(
        header_names.KIND,
        "X-API-Key",
        "the header with the key; `Authorization: Bearer KEY` works as well",
    ),
    from: again(FROM),
};

export const SCHEMA = {
    jwt: optional(table_of(JWT_SCHEMA), "accepts JSON Web Tokens"),
    api_key: optional(table_of(API_KEY_SCHEMA), "accepts API keys"),
    all: option(kinds.flag, false, "whether a request needs both; otherwise either suffices"),
    optional: option(kinds.flag, false, "whether requests without credentials pass. Those with wrong ones never do"),
    forward: option(kinds.flag, false, "whether nodes get the credentials"),
    counted_tenants: optional(kinds.list_of(kinds.text), "tenants that have a metric of their own"),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of fetched keys"),
};

export type Options = Values<typeof SCHEMA>;
type JwtOptions = Values<typeof JWT_SCHEMA>;
type ApiKeyOptions = Values<typeof API_KEY_SCHEMA>;

/** Raises unless exactly one of the options is given. */
function check_one_of(path: string, names: string[], given: Record<string, unknown>): void {
    const found: string[] = [];
    for (const name of names) if (given[name] !== undefined) found.push(name);
    if (found.length === 1) return;
    const got = found.length === 0 ? "none" : table.concat(found, " and ");
    error(`${path}: exactly one of "${table.concat(names, '", "')}" is needed, got ${got}`, 0);
}

function key_source(
    options: JwtOptions,
    path: string,
    route: string,
    registry: Registry,
    names: Algorithm[],
): KeySource {
    const { jwks_file: file, jwks_url: url, secret_file: secret } = options;
    if (file !== undefined) {
        return jwks_file.new({ registry, route, option: problem.child(path, "jwks_file"), path: file });
    }
    if (url !== undefined) return jwks_url.new({ registry, route, option: problem.child(path, "jwks_url"), url });
    const its_path = problem.child(path, "secret_file");
    const text = secret_file.read(its_path, secret!, MOST_SECRET_BYTES);
    secret_file.check(its_path, text, LEAST_SECRET_BYTES, MOST_SECRET_BYTES);
    return secrets.new(its_path, text, names);
}

function as_record(map: LuaTable<string, string> | undefined): Record<string, string> | undefined {
    return map as unknown as Record<string, string> | undefined;
}

function jwt_way(options: JwtOptions, path: string, route: string, registry: Registry, is_only: boolean): Way {
    check_one_of(path, ["jwks_file", "jwks_url", "secret_file"], options);
    const defaults: Algorithm[] = options.secret_file === undefined ? ["RS256", "ES256"] : ["HS256"];
    const names = options.algorithms ?? defaults;
    if (options.classes !== undefined && options.class_claim === undefined) {
        error(`${path}.classes needs "class_claim"`, 0);
    }
    const settings = {
        algorithms: names,
        issuer: options.issuer,
        audience: options.audience,
        leeway_seconds: options.leeway_seconds,
        required_scopes: options.required_scopes,
        class_claim: options.class_claim,
        classes: as_record(options.classes),
        tenant_claim: options.tenant_claim,
        headers: as_record(options.headers),
    };
    const keys = key_source(options, path, route, registry, names);
    if (options.jwks_file !== undefined) verifier.check_fit(path, names, keys.current()!);
    const its_places: Place[] = [];
    for (const entry of options.from) {
        its_places.push(entry === "header" ? places.bearer(is_only ? undefined : true) : places.of(entry));
    }
    return {
        method: verifier.new(path, settings, keys),
        place: places.all_of(its_places),
        challenge: { realm: options.realm, scope: table.concat(options.required_scopes ?? [], " ") },
    };
}

function api_key_method(options: ApiKeyOptions, path: string, route: string, registry: Registry): Method {
    const { file, redis } = options;
    if (file !== undefined)
        return key_file.new({ registry, route, plugin: NAME, option: problem.child(path, "file"), path: file });
    return redis_keys.new(redis!, problem.child(path, "redis"), fault.new(NAME, registry));
}

function api_key_way(options: ApiKeyOptions, path: string, route: string, registry: Registry, is_only: boolean): Way {
    check_one_of(path, ["file", "redis"], options);
    const its_places: Place[] = [];
    for (const entry of options.from) {
        if (entry === "header") {
            its_places.push(places.header(options.header));
            its_places.push(places.bearer(is_only ? undefined : false));
        } else its_places.push(places.of(entry));
    }
    return {
        method: api_key_method(options, path, route, registry),
        place: places.all_of(its_places),
        challenge: { realm: options.realm, scope: "" },
    };
}

/** The ways of authentication that options ask for. Raises where they do not fit together. Phases: init. */
export function ways(options: Options, path: string, route: string, registry: Registry): Way[] {
    const { jwt, api_key } = options;
    if (jwt === undefined && api_key === undefined) error(`${problem.beginning(path)} "jwt" or "api_key" is needed`, 0);
    if (options.all && (jwt === undefined || api_key === undefined)) {
        error(`${problem.child(path, "all")} needs both "jwt" and "api_key"`, 0);
    }
    combinations.check(path, jwt, api_key);
    const found: Way[] = [];
    if (jwt !== undefined) {
        found.push(jwt_way(jwt, problem.child(path, "jwt"), route, registry, api_key === undefined));
    }
    if (api_key !== undefined) {
        found.push(api_key_way(api_key, problem.child(path, "api_key"), route, registry, jwt === undefined));
    }
    return found;
}
