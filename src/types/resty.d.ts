/** @noSelfInFile */

/** @noResolution */
declare module "ngx.balancer" {
    export function set_current_peer(host: string, port?: number): LuaMultiReturn<[ok?: true, err?: string]>;
    export function set_more_tries(count: number): LuaMultiReturn<[ok?: true, err?: string]>;
    export function get_last_failure(): LuaMultiReturn<[state?: "next" | "failed", status?: number]>;
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
