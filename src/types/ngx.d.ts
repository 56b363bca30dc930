/**
 * The `ngx` global, as far as this project uses it.
 * Namespaces are called with a dot; interfaces (dicts, sockets) with a colon.
 */
declare namespace ngx {
    type LogLevel = number & { readonly level: never };
    const ERR: LogLevel;
    const WARN: LogLevel;
    const NOTICE: LogLevel;
    const INFO: LogLevel;

    const HTTP_OK: number;
    const ERROR: number;

    function log(level: LogLevel, ...parts: unknown[]): void;
    function exit(status: number): never;
    function say(...parts: unknown[]): Result<1>;
    function print(...parts: unknown[]): Result<1>;
    function flush(wait?: boolean): Result<1>;
    function sleep(seconds: number): void;
    function now(): WallTime;
    function update_time(): void;
    function time(): WallTime;
    function parse_http_time(text: string): WallTime | undefined;
    function md5(text: string): string;
    function sha1_bin(text: string): string;
    function decode_base64(text: string): string | undefined;
    /**
     * Calls a function of a module in a thread of a pool, in a Lua VM of its own; false and why when it cannot be called.
     * Nothing where nginx has no threads.
     */
    const run_worker_thread:
        | (<T>(
              this: void,
              pool: string,
              module: string,
              name: string,
              ...args: (string | number | object)[]
          ) => LuaMultiReturn<[called: true, answer: T] | [called: false, err: string]>)
        | undefined;
    function crc32_short(text: string): number;
    function get_phase(): string;

    let status: number;
    const is_subrequest: boolean;
    const headers_sent: boolean;
    const header: Record<string, string | number | undefined>;
    const ctx: Record<string, unknown>;
    /** In body_filter: at 1 the chunk at hand, which can be set. */
    const arg: LuaTable<number, string | string[] | undefined>;
    const shared: Readonly<Record<string, SharedDict | undefined>>;

    interface SharedDict {
        get<T extends string | number | boolean>(key: string): LuaMultiReturn<[value: T | undefined, flags?: number]>;
        /** Also a value whose time is over, as long as nothing has taken its place. */
        get_stale<T extends string | number | boolean>(
            key: string,
        ): LuaMultiReturn<[value: T | undefined, flags: number | undefined, is_stale: boolean]>;
        /** `forcible`: as with `incr`. */
        set(
            key: string,
            value: string | number | boolean,
            ttl?: number,
            flags?: number,
        ): LuaMultiReturn<[ok: boolean, err?: string, forcible?: boolean]>;
        safe_set(
            key: string,
            value: string | number | boolean,
            ttl?: number,
        ): LuaMultiReturn<[ok: boolean | undefined, err?: string]>;
        add(
            key: string,
            value: string | number,
            ttl?: number,
            flags?: number,
        ): LuaMultiReturn<[ok: boolean, err?: string, forcible?: boolean]>;
        safe_add(
            key: string,
            value: string | number,
            ttl?: number,
        ): LuaMultiReturn<[ok: boolean | undefined, err?: string]>;
        delete(key: string): void;
        incr(
            key: string,
            by: number,
            init?: number,
        ): LuaMultiReturn<[value: number, err?: undefined] | [value: undefined, err: string]>;
        /** `forcible`: whether another entry was evicted to make room for this one. */
        incr(
            key: string,
            by: number,
            init: number,
            init_ttl: number,
        ): LuaMultiReturn<
            [value: number, err?: undefined, forcible?: boolean] | [value: undefined, err: string, forcible?: boolean]
        >;
        /** Sets the time to live of an entry, whatever it holds and even if its time is over already. */
        /** The seconds left; 0 without an end, nothing for a key that is not there. */
        ttl(key: string): LuaMultiReturn<[seconds: number | undefined, err?: string]>;
        expire(key: string, ttl: number): LuaMultiReturn<[ok: boolean | undefined, err?: string]>;
        /** Puts a value in front of a list; the length of the list. Never evicts. */
        lpush(key: string, value: string | number): Result<number>;
        /** Takes the first value of a list; nothing when there is none. */
        lpop<T extends string | number>(key: string): LuaMultiReturn<[value: T | undefined, err?: string]>;
        /** The same with the last value. */
        rpop<T extends string | number>(key: string): LuaMultiReturn<[value: T | undefined, err?: string]>;
        /** The length of a list; 0 when there is none. */
        llen(key: string): Result<number>;
        /** Bytes of the dict. */
        capacity(): number;
        /** Bytes in pages that are wholly free. */
        free_space(): number;
        flush_all(): void;
    }

    function escape_uri(text: string): string;
    function unescape_uri(text: string): string;

    namespace req {
        function read_body(): void;
        function get_body_data(): string | undefined;
        function get_body_file(): string | undefined;
        /** Raises where the body was not read. */
        function set_body_data(this: void, data: string): void;
        /** Begins a new body, which goes to a file when it is longer than `client_body_buffer_size`. */
        function init_body(buffer_bytes?: number): void;
        function append_body(data: string): void;
        function finish_body(): void;
        function get_method(): string;
        /** Whether an internal redirect has led to the present location. */
        function is_internal(this: void): boolean;
        function set_header(name: string, value: string): void;
        function clear_header(name: string): void;
        function set_uri_args(args: string): void;
        /** Decoded; true where an argument has no "=", and a list where it came more than once. */
        function get_uri_args(
            most?: number,
        ): LuaMultiReturn<[args: LuaTable<string, string | true | (string | true)[]>, err?: string]>;
        /** By names in lower case; a list where a header came more than once. */
        function get_headers(
            most?: number,
        ): LuaMultiReturn<[headers: LuaTable<string, string | true | string[]>, err?: string]>;
    }

    namespace resp {
        /** By names in lower case; a list where a header is there more than once. */
        function get_headers(
            this: void,
            most?: number,
        ): LuaMultiReturn<[headers: LuaTable<string, string | number | string[]>, err?: string]>;
    }

    namespace config {
        /** As in 1022001 for nginx 1.22.1, and 10023 for ngx_lua 0.10.23. */
        const nginx_version: number;
        const ngx_lua_version: number;
        /** The arguments that nginx was built with, in one text. */
        function nginx_configure(this: void): string;
    }

    namespace worker {
        function pid(): number;
        function id(): number | undefined;
        function count(): number;
        function exiting(): boolean;
    }

    namespace timer {
        type Callback<A extends unknown[]> = (this: void, premature: boolean, ...args: A) => void;
        function at<A extends unknown[]>(
            seconds: number,
            callback: Callback<A>,
            ...args: A
        ): LuaMultiReturn<[ok: boolean, err?: string]>;
        function every<A extends unknown[]>(
            seconds: number,
            callback: Callback<A>,
            ...args: A
        ): LuaMultiReturn<[ok: boolean, err?: string]>;
    }

    namespace thread {
        type Thread = object & { readonly __thread: never };
        function spawn<A extends unknown[]>(work: (this: void, ...args: A) => void, ...args: A): Thread;
        function kill(thread: Thread): LuaMultiReturn<[ok?: 1, err?: string]>;
    }

    namespace socket {
        function tcp(): Tcp;
        function udp(): Udp;
    }

    interface Udp {
        /** Without a port: a unix socket. */
        setpeername(host: string, port?: number): Result<1>;
        send(data: string): Result<1>;
        close(): Result<1>;
    }

    interface Tcp {
        connect(host: string, port: number, options?: { pool?: string }): Result<1>;
        connect(unix_socket: string, options?: { pool?: string }): Result<1>;
        sslhandshake(session: undefined | boolean, server_name: string | undefined, verify: boolean): Result<unknown>;
        send(data: string | string[]): Result<number>;
        receive(pattern: string | number): LuaMultiReturn<[data?: string, err?: string, partial?: string]>;
        receiveany(most: number): Result<string>;
        settimeout(ms: number): void;
        settimeouts(connect_ms: number, send_ms: number, read_ms: number): void;
        setkeepalive(idle_ms: number, pool_size: number): Result<1>;
        getreusedtimes(): Result<number>;
        close(): Result<1>;
    }
}

/** Members whose Lua names are reserved words in TypeScript. */
declare namespace ngx {
    const var_: Record<string, string | undefined>;
    const null_: unique symbol;
    export { var_ as var, null_ as null };
}
