/** The options of jobs, as docs/jobs.md lists them. */
import * as addresses from "../../address";
import * as http_client from "../../http_client";
import * as options from "../../options";
import type { Options } from "../../options";

export interface Settings {
    readonly store: string;
    /** The host and port of `through`, as the HTTP client wants them. */
    readonly host: string;
    readonly port: number;
    readonly methods: LuaSet<string>;
    readonly headers: readonly KeptHeader[];
    readonly max_body_bytes: number;
    readonly max_bytes: number;
    readonly max_jobs: number;
    /** What one client may have of `max_bytes` and `max_jobs`. */
    readonly client_share: number;
    readonly max_age_seconds: number;
    readonly keep_seconds: number;
    readonly max_answer_bytes: number;
    /** Room on the disk that is kept free for answers. */
    readonly reserve_bytes: number;
    readonly rate: number;
    readonly concurrency: number;
    readonly max_tries: number;
    /** Deliveries of a job that reach the other end and get no answer, after which it ends. */
    readonly attempts: number;
    readonly timeout_seconds: number;
    readonly callback_hosts: LuaSet<string>;
    readonly callback_plain: boolean;
    readonly thread_pool: string;
}

/** A header that is kept with a job, and nginx's variable of it. */
export interface KeptHeader {
    readonly name: string;
    readonly variable: string;
}

/** All that `read` knows. */
export const OPTIONS = [
    "store",
    "through",
    "methods",
    "headers",
    "max_body_bytes",
    "max_bytes",
    "max_jobs",
    "client_share",
    "max_age_seconds",
    "keep_seconds",
    "max_answer_bytes",
    "reserve_bytes",
    "rate",
    "concurrency",
    "max_tries",
    "attempts",
    "timeout_seconds",
    "callback_hosts",
    "callback_plain",
    "thread_pool",
];

/** What an answer takes on the disk beside its body, at most as a rule. */
export const ANSWER_HEAD_BYTES = 4096;

const KIB = 1024;
const MIB = 1024 * KIB;

/** What says how to read the request and its answer. Who asks is said by headers that must be named. */
const HEADERS = [
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Accept",
    "Accept-Language",
    "Idempotency-Key",
];

/** A path from the root, without a slash at its end. */
function read_store(owner: string, given: Options): string {
    const folder = options.text(owner, given, "store");
    const [legal] = string.find(folder, "^/[^%c]*[^%c/]$");
    if (legal === undefined) options.refuse(owner, "store", "the path of a folder from the root", folder);
    return folder;
}

/** Only what is on this machine gets the mark of deliveries. */
function is_here(host: string): boolean {
    const [unix] = string.find(host, "^unix:/[^%c]+$");
    const [loopback] = string.find(addresses.canonical(host) ?? "", "^127%.");
    return unix !== undefined || loopback !== undefined || host === "[::1]" || host === "localhost";
}

function read_through(owner: string, given: Options): LuaMultiReturn<[host: string, port: number]> {
    const url = options.text(owner, given, "through");
    const [socket] = string.match(url, "^http://(unix:/[^:]+):?$");
    if (socket !== undefined) return $multi(socket, 0);
    const [target] = http_client.parse_url(url);
    if (target?.scheme !== "http" || target.path !== "/" || !is_here(target.host)) {
        const expected = '"http://127.0.0.1:PORT" or "http://unix:/PATH", where this gateway listens';
        options.refuse(owner, "through", expected, url);
    }
    return $multi(target.host, target.port);
}

function texts(owner: string, given: Options, name: string, fallback: string[]): string[] {
    const read: string[] = [];
    if (given[name] === undefined) return fallback;
    if (type(given[name]) !== "table") options.refuse(owner, name, "a list of texts", given[name]);
    for (const text of given[name] as unknown[]) {
        if (typeof text !== "string" || text === "") options.refuse(owner, name, "a list of texts", text);
        read.push(text);
    }
    return read;
}

function read_methods(owner: string, given: Options): LuaSet<string> {
    const methods = new LuaSet<string>();
    for (const method of texts(owner, given, "methods", ["POST"])) {
        const [legal] = string.find(method, "^%u+$");
        if (legal === undefined || method === "CONNECT")
            options.refuse(owner, "methods", 'methods like "POST"', method);
        methods.add(method);
    }
    return methods;
}

/** Why a header cannot be kept, or nothing. */
function header_fault(name: string): string | undefined {
    const lower = string.lower(name);
    const [own] = string.find(lower, "^x%-openclaw%-");
    if (own !== undefined || lower === "host") return "is the gateway's own";
    return http_client.header_fault(name, "");
}

function read_headers(owner: string, given: Options): KeptHeader[] {
    const headers: KeptHeader[] = [];
    for (const name of texts(owner, given, "headers", HEADERS)) {
        if (header_fault(name) !== undefined) options.refuse(owner, "headers", "names of headers to keep", name);
        headers.push({ name, variable: `http_${string.gsub(string.lower(name), "-", "_")[0]}` });
    }
    return headers;
}

function read_callback_hosts(owner: string, given: Options): LuaSet<string> {
    const hosts = new LuaSet<string>();
    for (const host of texts(owner, given, "callback_hosts", [])) {
        const [target] = http_client.parse_url(`http://${host}`);
        if (target?.path !== "/" || string.find(host, "/", 1, true)[0] !== undefined) {
            options.refuse(owner, "callback_hosts", 'hosts like "app.example" or "app.example:8443"', host);
        }
        hosts.add(string.lower(host));
    }
    return hosts;
}

function read_share(owner: string, given: Options): number {
    const share = options.positive(owner, given, "client_share", 0.5);
    if (share > 1) options.refuse(owner, "client_share", "a number above 0, up to 1", share);
    return share;
}

/** Reads the options; raises one sentence when one is wrong. Phases: init. */
export function read(owner: string, given: Options): Settings {
    const [host, port] = read_through(owner, given);
    const max_bytes = options.whole(owner, given, "max_bytes", 1, 1024 * MIB);
    const max_answer_bytes = options.whole(owner, given, "max_answer_bytes", 1, MIB);
    if (max_answer_bytes + ANSWER_HEAD_BYTES > max_bytes) {
        options.refuse(owner, "max_answer_bytes", `${ANSWER_HEAD_BYTES} or more below max_bytes`, max_answer_bytes);
    }
    const concurrency = options.whole(owner, given, "concurrency", 1, 4);
    const under_way_bytes = math.min(max_bytes, concurrency * (max_answer_bytes + ANSWER_HEAD_BYTES));
    return {
        store: read_store(owner, given),
        host,
        port,
        methods: read_methods(owner, given),
        headers: read_headers(owner, given),
        max_body_bytes: options.whole(owner, given, "max_body_bytes", 0, 10 * MIB),
        max_bytes,
        max_jobs: options.whole(owner, given, "max_jobs", 1, 10000),
        client_share: read_share(owner, given),
        max_age_seconds: options.positive(owner, given, "max_age_seconds", 86400),
        keep_seconds: options.positive(owner, given, "keep_seconds", 3600),
        max_answer_bytes,
        rate: options.positive(owner, given, "rate", 5),
        reserve_bytes: options.whole(owner, given, "reserve_bytes", 0, under_way_bytes),
        concurrency,
        max_tries: options.whole(owner, given, "max_tries", 1, 5),
        attempts: options.whole(owner, given, "attempts", 1, 5),
        timeout_seconds: options.positive(owner, given, "timeout_seconds", 330),
        callback_hosts: read_callback_hosts(owner, given),
        callback_plain: options.flag(owner, given, "callback_plain", false),
        thread_pool: options.text(owner, given, "thread_pool", "default"),
    };
}
