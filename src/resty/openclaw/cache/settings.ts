/** The options of `cache`. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option, optional } from "../config/schema";
import type { Reading } from "../gateway/contract";
import * as errors_in_answers from "./error_in_answer";
import * as redis_tiers from "./redis_tier";

/** What makes two bodies the same. */
export type Form = "raw" | "multipart" | "json";

const MIB = 1024 * 1024;
/** Canonical JSON is made in memory, in up to three times its size. */
const JSON_BYTES = 8 * MIB;

const CALLERS: Readonly<Record<string, readonly string[] | undefined>> = {
    // How it is known is a part, as names of tokens and of keys may be alike.
    identity: ["openclaw_identity", "openclaw_auth_method"],
    tenant: ["openclaw_tenant"],
    class: ["openclaw_class"],
};

const BY = kinds.of<string>(
    '`"identity"`, `"tenant"`, `"class"` or a variable',
    '"identity", "tenant", "class" or a variable such as "$http_x_camera"',
    (given) => {
        if (typeof given !== "string") return false;
        const [variable] = string.find(given, "^%$[%l%d_]+$");
        return variable !== undefined || CALLERS[given] !== undefined;
    },
);

const LEAST_NEGATIVE = 300;
/** Answers of 500 and above are failures of nodes. */
const MOST_NEGATIVE = 499;
const TOO_MANY_REQUESTS = 429;
/** Numbers below are places in a list. */
const FIRST_STATUS = 100;

const NEGATIVE_EXAMPLE = 'a table of statuses from 300 to 499 with a time each, such as { [404] = "10s" }';

/** Reads one status with its time. */
function read_negative(
    all: LuaTable<number, number>,
    status: unknown,
    value: unknown,
    path: string,
    problems: Problems,
): void {
    if (typeof status !== "number") {
        problem.add(problems, path, NEGATIVE_EXAMPLE, status);
    } else if (status === TOO_MANY_REQUESTS) {
        problems.push(`${path}[429] has no effect: the next answer may be another one`);
    } else if (status >= LEAST_NEGATIVE && status <= MOST_NEGATIVE && Math.floor(status) === status) {
        all.set(status, kinds.duration.read(value, `${path}[${status}]`, problems));
    } else if (status < FIRST_STATUS && typeof value === "number") {
        problems.push(`${path} must be ${NEGATIVE_EXAMPLE}, got ${value} without a time`);
    } else {
        problem.add(problems, path, NEGATIVE_EXAMPLE, status);
    }
}

/** Statuses, and for how many seconds their answers may be used. */
const NEGATIVE: Kind<LuaTable<number, number>> = {
    name: "table",
    read: (given, path, problems) => {
        const seconds = new LuaTable<number, number>();
        if (type(given) !== "table") {
            problem.add(problems, path, NEGATIVE_EXAMPLE, given);
            return seconds;
        }
        for (const [status, value] of pairs(given as Record<number, unknown>)) {
            read_negative(seconds, status, value, path, problems);
        }
        return seconds;
    },
};

export const SCHEMA = {
    key: option(
        kinds.one_of<Form>("raw", "multipart", "json"),
        "raw",
        "what makes two bodies the same: their bytes, the [parts of a form](#forms), or what the [JSON](#json) says",
    ),
    ignore: optional(
        kinds.list_of(kinds.text),
        'with `key = "json"`: members of the outermost object that change no answer, such as `{ "user", "stream_options" }`',
    ),
    by: computed(
        kinds.list_of(BY),
        '`{ "identity", "tenant", "class" }`',
        "who shares answers: callers that are alike in all of these",
    ),
    shared: option(kinds.flag, false, "whether all callers of the route share answers; in place of `by`"),
    credentials: option(
        kinds.one_of("bypass", "key"),
        "bypass",
        "whether requests with credentials that `auth` has not taken away bypass the cache, or have them in their key",
    ),
    key_variables: option(kinds.list_of(kinds.variable_name), [], "more variables for the key, without `$`"),
    request_control: option(
        kinds.flag,
        false,
        "whether clients may ask for [fresh answers](#fresh-answers) with `Cache-Control`",
    ),
    max_bytes: option(kinds.whole(1), 100 * MIB, "maximum length of a body that gets a key"),
    max_json_bytes: computed(
        kinds.whole(1, 256 * MIB),
        `${JSON_BYTES}`,
        'with `key = "json"`: maximum length of such a body',
    ),
    coalesce: option(kinds.flag, true, "whether requests that ask the same [wait for one answer](#asking-once)"),
    coalesce_seconds: option(kinds.positive, 300, "for how long such a request waits before it asks a node itself"),
    ttl: optional(
        kinds.duration,
        "for how long an answer may be used; without it as long as `proxy_cache_valid` says, and an hour in shared memory",
    ),
    negative: optional(
        NEGATIVE,
        'for how long answers with other statuses than 200 may be used, such as `{ [404] = "10s" }`',
    ),
    errors: optional(
        errors_in_answers.PATHS,
        'what of a JSON answer with 200 says that [it is an error](#errors-with-200), such as `{ "error" }`; such answers are not stored',
    ),
    stream_buffer_bytes: option(
        kinds.whole(1024, 16 * MIB),
        MIB,
        "how much of an answer shared memory keeps: longer ones are not kept there, and readers of a stream may be so far behind",
    ),
    store: option(
        kinds.one_of<"local" | "redis">("local", "redis"),
        "local",
        '`"redis"`: gateways share answers, see [More than one machine](#more-than-one-machine)',
    ),
    redis: optional(
        redis_tiers.KIND,
        'with `store = "redis"`: where Redis or Valkey is, see [Options of Redis](#options-of-redis); `{}` is a Redis on this machine',
    ),
    answers: option(kinds.text, "openclaw_answers", "the `lua_shared_dict` of answers"),
    dict: option(
        kinds.text,
        "openclaw",
        "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself",
    ),
};

export type Options = Values<typeof SCHEMA>;

/** Raises where options do not go together. Phases: init. */
export function check(options: Options, path: string): void {
    if (options.shared && options.by !== undefined) {
        error(`${path} must have by or shared = true, not both`, 0);
    }
    if (options.store === "redis" && options.redis === undefined) {
        error(`${path}.redis must be where Redis is, such as { host = "10.0.2.5" }, with store = "redis"`, 0);
    }
    if (options.store !== "redis" && options.redis !== undefined) error(`${path}.redis needs store = "redis"`, 0);
    if (options.key === "json") return;
    for (const name of ["ignore", "max_json_bytes"] as const) {
        if (options[name] !== undefined) error(`${problem.child(path, name)} needs key = "json"`, 0);
    }
}

/** The variables that say whose answers they are. Phases: init. */
export function callers_of({ by, shared }: Options): string[] {
    const found: string[] = [];
    if (shared) return found;
    for (const name of by ?? ["identity", "tenant", "class"]) {
        const [variable] = string.match(name, "^%$(.+)$");
        for (const one of variable === undefined ? CALLERS[name]! : [variable]) found.push(one);
    }
    return found;
}

/** The variables that the options name: callers would share what a misspelled one is to keep apart. Phases: init. */
export function readings({ by, key_variables }: Options): Reading[] {
    const found: Reading[] = [];
    for (const name of by ?? []) {
        const [variable] = string.match(name, "^%$(.+)$");
        if (variable !== undefined) found.push({ option: "cache.by", variable });
    }
    for (const variable of key_variables) found.push({ option: "cache.key_variables", variable });
    return found;
}

/** The longest JSON that is made canonical. Phases: init. */
export function most_json_bytes({ max_bytes, max_json_bytes }: Options): number {
    return math.min(max_bytes, max_json_bytes ?? JSON_BYTES);
}
