/** The options of `edge` on jobs, and what they mean; docs/edge.md lists them. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option, required } from "../config/schema";
import * as addresses from "../core/http/address";
import * as http_client from "../http_client";

export interface Settings {
    readonly store: string;
    /** The host and port of `through`, for the HTTP client. */
    readonly host: string;
    readonly port: number;
    readonly methods: LuaSet<string>;
    readonly headers: readonly StoredHeader[];
    readonly max_body_bytes: number;
    readonly max_bytes: number;
    readonly max_jobs: number;
    /** What one client may have of `max_bytes` and `max_jobs`. */
    readonly client_share: number;
    readonly max_age_seconds: number;
    readonly keep_seconds: number;
    readonly max_answer_bytes: number;
    /** Room on the disk that is reserved for responses. */
    readonly reserve_bytes: number;
    readonly rate: number;
    readonly concurrency: number;
    /** Deliveries of a job that end with 408, 429, 5xx or without a response of this gateway, after which it ends. */
    readonly max_tries: number;
    /** Deliveries of a job that reach the other end and get no response from it, after which it fails. */
    readonly attempts: number;
    readonly timeout_seconds: number;
    readonly callback_hosts: LuaSet<string>;
    readonly callback_plain: boolean;
    readonly thread_pool: string;
}

/** A request header that is stored with a job, and nginx's variable for it. */
export interface StoredHeader {
    readonly name: string;
    readonly variable: string;
}

/** What a response takes on the disk beside its body, with few exceptions at most. */
export const RESPONSE_HEAD_BYTES = 4096;

const KIB = 1024;
const MIB = 1024 * KIB;

/** Those needed to read the request and its response. Headers that identify the client must be listed in the options. */
const HEADERS = [
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Accept",
    "Accept-Language",
    "Idempotency-Key",
];

/** Only listeners on this machine may get the delivery token. */
function is_here(host: string): boolean {
    const [unix] = string.find(host, "^unix:/[^%c]+$");
    const [loopback] = string.find(addresses.canonical(host) ?? "", "^127%.");
    return unix !== undefined || loopback !== undefined || host === "[::1]" || host === "localhost";
}

/** The host and port of a URL of this machine; nothing of any other. */
function listener_of(url: unknown): LuaMultiReturn<[host?: string, port?: number]> {
    if (typeof url !== "string") return $multi();
    const [socket] = string.match(url, "^http://(unix:/[^:]+):?$");
    if (socket !== undefined) return $multi(socket, 0);
    const [target] = http_client.parse_url(url);
    if (target?.scheme !== "http" || target.path !== "/" || !is_here(target.host)) return $multi();
    return $multi(target.host, target.port);
}

/** An absolute path, without a slash at its end. */
function is_folder(given: unknown): boolean {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^/[^%c]*[^%c/]$");
    return legal !== undefined;
}

function is_method(given: unknown): boolean {
    if (typeof given !== "string" || given === "CONNECT") return false;
    const [legal] = string.find(given, "^%u+$");
    return legal !== undefined;
}

/** Whether a header may be stored: those of the gateway itself may not. */
function is_stored_header(given: unknown): boolean {
    if (typeof given !== "string" || given === "") return false;
    const lower = string.lower(given);
    const [own] = string.find(lower, "^x%-openclaw%-");
    if (own !== undefined || lower === "host") return false;
    return http_client.header_fault(given, "") === undefined;
}

function is_callback_host(given: unknown): boolean {
    if (typeof given !== "string" || given === "" || string.find(given, "/", 1, true)[0] !== undefined) return false;
    const [target] = http_client.parse_url(`http://${given}`);
    return target?.path === "/";
}

const FOLDER = kinds.of<string>("path", "the path of a folder from the root", is_folder);
const LISTENER = kinds.of<string>(
    "URL",
    '"http://127.0.0.1:PORT" or "http://unix:/PATH", where this gateway listens',
    (given) => listener_of(given)[0] !== undefined,
);
const METHOD = kinds.of<string>("method", 'a method like "POST"', is_method);
const HEADER = kinds.of<string>("header name", "the name of a header to store", is_stored_header);
const CALLBACK_HOST = kinds.of<string>("host", 'a host like "app.example" or "app.example:8443"', is_callback_host);
const SHARE = kinds.of<number>(
    "number above 0, up to 1",
    "a number above 0, up to 1",
    (given) => typeof given === "number" && given > 0 && given <= 1,
);

export const SCHEMA = {
    store: required(FOLDER, "absolute path of the folder for this route's jobs; each route has its own"),
    through: required(
        LISTENER,
        'URL of a listener of this gateway, to which deliveries are sent: `"http://127.0.0.1:PORT"`, `"http://[::1]:PORT"`, `"http://localhost:PORT"` or `"http://unix:/PATH"`',
    ),
    methods: option(kinds.list_of(METHOD), ["POST"], "methods of the requests that are stored"),
    headers: option(
        kinds.list_or_none_of(HEADER),
        HEADERS,
        "request headers that are stored, instead of these; `Authorization` and `Cookie` only if they are listed; `Host`, the request id and the trace always",
    ),
    max_body_bytes: option(kinds.whole(0), 10 * MIB, "maximum length of a request body"),
    max_bytes: option(
        kinds.whole(1),
        1024 * MIB,
        "maximum size of the waiting jobs on disk; their responses may take as much again",
    ),
    max_jobs: option(kinds.whole(1), 10000, "maximum number of waiting jobs"),
    client_share: option(
        SHARE,
        0.5,
        "maximum share of `max_jobs` and `max_bytes` for one client; 1 if all requests come from one address, such as that of a single camera or of a proxy",
    ),
    max_age_seconds: option(kinds.positive, 86400, "seconds after which an undelivered job expires"),
    keep_seconds: option(kinds.positive, 3600, "seconds for which a response is kept"),
    max_answer_bytes: option(kinds.whole(1), MIB, "maximum length of a response; 4096 or more below `max_bytes`"),
    reserve_bytes: computed(
        kinds.whole(0),
        `\`concurrency\` × (\`max_answer_bytes\` + ${RESPONSE_HEAD_BYTES}), at most \`max_bytes\``,
        "room on the disk that is reserved for responses; 0 for none",
    ),
    rate: option(kinds.positive, 5, "maximum number of deliveries started per second"),
    concurrency: option(
        kinds.whole(1),
        4,
        "maximum number of concurrent deliveries; each may hold a response in memory",
    ),
    max_tries: option(
        kinds.whole(1),
        5,
        "number of deliveries that end with 408, 429 or 5xx, or that the gateway itself did not answer within `timeout_seconds`; then the job ends with the last response, or with `no_answer` if the last delivery had none",
    ),
    attempts: option(
        kinds.whole(1),
        5,
        "number of deliveries that reached the other end and got no response from it while the link was up; then the job ends with `job_failed`",
    ),
    timeout_seconds: option(
        kinds.positive,
        330,
        "timeout of one delivery, including the time to send a large body over the link; longer than the location's `proxy_read_timeout`",
    ),
    callback_hosts: option(
        kinds.list_or_none_of(CALLBACK_HOST),
        [],
        'hosts to which clients may have responses sent, by callbacks: `"app.example"` or `"app.example:8443"`',
    ),
    callback_plain: option(kinds.flag, false, "whether callbacks may be sent without TLS"),
    thread_pool: option(kinds.text, "default", "the `thread_pool` of nginx that syncs files to disk"),
};

function set_of(texts: readonly string[]): LuaSet<string> {
    const known = new LuaSet<string>();
    for (const text of texts) known.add(text);
    return known;
}

function stored_headers(headers: readonly string[]): StoredHeader[] {
    const all: StoredHeader[] = [];
    for (const name of headers) all.push({ name, variable: `http_${string.gsub(string.lower(name), "-", "_")[0]}` });
    return all;
}

function in_lower_case(texts: readonly string[]): string[] {
    const all: string[] = [];
    for (const text of texts) all.push(string.lower(text));
    return all;
}

/** The settings. Raises when the options do not fit together; `path`: of the table that has them. Phases: init. */
export function of(given: Values<typeof SCHEMA>, path: string): Settings {
    const [host, port] = listener_of(given.through);
    const { max_bytes, max_answer_bytes, concurrency } = given;
    if (max_answer_bytes + RESPONSE_HEAD_BYTES > max_bytes) {
        problem.refuse(
            `${path}.max_bytes`,
            `${RESPONSE_HEAD_BYTES} or more above max_answer_bytes (${max_answer_bytes})`,
            max_bytes,
        );
    }
    const under_way_bytes = math.min(max_bytes, concurrency * (max_answer_bytes + RESPONSE_HEAD_BYTES));
    return {
        store: given.store,
        host: host!,
        port: port!,
        methods: set_of(given.methods),
        headers: stored_headers(given.headers),
        max_body_bytes: given.max_body_bytes,
        max_bytes,
        max_jobs: given.max_jobs,
        client_share: given.client_share,
        max_age_seconds: given.max_age_seconds,
        keep_seconds: given.keep_seconds,
        max_answer_bytes,
        rate: given.rate,
        reserve_bytes: given.reserve_bytes ?? under_way_bytes,
        concurrency,
        max_tries: given.max_tries,
        attempts: given.attempts,
        timeout_seconds: given.timeout_seconds,
        callback_hosts: set_of(in_lower_case(given.callback_hosts)),
        callback_plain: given.callback_plain,
        thread_pool: given.thread_pool,
    };
}
