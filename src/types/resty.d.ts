/** @noSelfInFile */

/** @noResolution */
declare module "ngx.balancer" {
    /** `name`: for TLS; heeded from ngx_lua 0.10.27 on. */
    export function set_current_peer(
        host: string,
        port?: number,
        name?: string,
    ): LuaMultiReturn<[ok?: true, err?: string]>;
    export function set_more_tries(count: number): LuaMultiReturn<[ok?: true, err?: string]>;
    /** Seconds; nothing leaves one as it is. */
    export function set_timeouts(
        connect?: number,
        send?: number,
        read?: number,
    ): LuaMultiReturn<[ok: boolean, err?: string]>;
    /** Writes the request to the upstream anew, with the header as it is now. */
    export function recreate_request(): LuaMultiReturn<[ok?: true, err?: string]>;
    export function get_last_failure(): LuaMultiReturn<[state?: "next" | "failed", status?: number]>;
}

/** @noResolution */
declare module "ngx.process" {
    export function type(this: void): string | undefined;
}

/** @noResolution */
declare module "ngx.semaphore" {
    interface Semaphore {
        post(count?: number): void;
        wait(seconds: number): LuaMultiReturn<[ok?: true, err?: string]>;
        count(): number;
    }
    function new_(count?: number): Result<Semaphore>;
    export { new_ as new };
    export type { Semaphore };
}

/** @noResolution */
declare module "resty.core.base" {
    export function get_request(): CValue | undefined;
}

/** @noResolution */
declare module "cjson" {
    export function encode(value: unknown): string;
}

/** @noResolution */
declare module "cjson.safe" {
    interface Cjson {
        encode: (this: void, value: unknown) => Result<string>;
        decode: (this: void, text: string) => LuaMultiReturn<[value?: unknown, err?: string]>;
        /** Whether NaN, Infinity and hexadecimal numbers are taken. */
        decode_invalid_numbers: (this: void, allowed: boolean) => void;
        decode_max_depth: (this: void, depth: number) => void;
    }
    export function encode(value: unknown): Result<string>;
    export function decode(text: string): LuaMultiReturn<[value?: unknown, err?: string]>;
    /** An encoder and decoder with settings of its own. */
    function new_(): Cjson;
    export { new_ as new };
}

/** @noResolution */
declare module "resty.dns.resolver" {
    interface DnsRecord {
        readonly section: number;
        readonly name: string;
        readonly type: number;
        readonly class: number;
        readonly ttl: number;
        /** Of A and AAAA. */
        readonly address?: string;
        /** Of SRV. */
        readonly target?: string;
        readonly port?: number;
        readonly priority?: number;
        readonly weight?: number;
    }
    interface DnsAnswers extends ReadonlyArray<DnsRecord> {
        readonly errcode?: number;
        readonly errstr?: string;
    }
    interface DnsResolver {
        /** The id of the next question; the library's own choice when not set. */
        _id?: number;
        query(name: string, options: { qtype: number; additional_section: boolean }): Result<DnsAnswers>;
    }
    interface DnsLibrary {
        new: (options: {
            nameservers: readonly (readonly [address: string, port: number])[];
            timeout: number;
            retrans: number;
        }) => Result<DnsResolver>;
    }
    export type { DnsAnswers, DnsLibrary, DnsRecord, DnsResolver };
}

/** @noResolution */
declare module "resty.openclaw.status.page" {
    export const html: string;
    export const content_security_policy: string;
    export const etag: string;
}

/** @noResolution */
declare module "resty.redis" {
    type Reply = LuaMultiReturn<[reply: unknown, err?: string]>;
    interface RedisClient {
        readonly _sock: ngx.Tcp;
        connect(host: string, port: number, options: { pool: string }): Result<1>;
        connect(unix_socket: string, options: { pool: string }): Result<1>;
        get_reused_times(): Result<number>;
        set_keepalive(idle_ms: number, pool_size: number): Result<1>;
        close(): Result<1>;
        auth(...words: string[]): Reply;
        select(database: number): Reply;
        xadd(...words: (string | number)[]): void;
        asking(): void;
        init_pipeline(count: number): void;
        commit_pipeline(): Result<unknown[]>;
    }
    interface RedisLibrary {
        new: (this: void, library: RedisLibrary) => Result<RedisClient>;
    }
    export type { RedisClient, RedisLibrary };
}

/** @noResolution */
declare module "resty.lrucache" {
    /** Values that are never nil. */
    interface LruCache<Value> {
        get(key: string): Value | undefined;
        /** Without a time it is kept until its place is needed. */
        set(key: string, value: Value, seconds?: number): void;
        delete(key: string): void;
        flush_all(): void;
        count(): number;
    }
    function new_<Value>(most: number): LruCache<Value>;
    export { new_ as new };
    export type { LruCache };
}
