/** @noSelfInFile */

/** A C array of numbers: indexed from 0, never bounds-checked. `get` and `set` compile to plain indexing. */
interface Doubles {
    get: LuaTableGetMethod<number, number>;
    set: LuaTableSetMethod<number, number>;
}

/** A C array of bytes. */
type Bytes = Doubles;

/** Any other C value: opaque to TypeScript. */
type CValue = object & { readonly __c_value: never };

/** @noResolution */
declare module "ffi" {
    export function cdef(declarations: string): void;
    export function cast(
        type: "double *" | "uint8_t *" | "const uint8_t *" | "int32_t *" | "const int32_t *",
        value: unknown,
    ): Doubles;
    export function cast(type: string, value: unknown): CValue;
    function new_(type: string, ...init: unknown[]): CValue;
    export { new_ as new };
    export function string(pointer: CValue | Bytes, length?: number): string;
    export function copy(target: CValue | Bytes, source: unknown, length: number): void;
    export function sizeof(type: string): number;
    export function fill(target: CValue | Doubles, length: number, byte?: number): void;
    /** Whether the process has that property: "32bit", "64bit", "le", … */
    export function abi(parameter: string): boolean;
    export function errno(): number;
    export const arch: string;
    export function typeof_(type: string): CValue;
    export function gc(value: CValue, finalizer: unknown): CValue;
    export const C: Record<string, (this: void, ...args: unknown[]) => unknown>;
    export function load(name: string): Record<string, (this: void, ...args: unknown[]) => unknown>;
}

/** 32 bits each; results are numbers with a sign. @noResolution */
declare module "bit" {
    export function tobit(number: number): number;
    export function band(left: number, right: number): number;
    export function bor(left: number, right: number): number;
    export function bxor(left: number, right: number): number;
    export function lshift(bits: number, by: number): number;
    export function rshift(bits: number, by: number): number;
    export function rol(bits: number, by: number): number;
}

/** @noResolution */
declare module "table.new" {
    function table_new(array: number, hash: number): object;
    export = table_new;
}

/** @noResolution */
declare module "table.clear" {
    function table_clear(table: object): void;
    export = table_clear;
}

/** @noResolution */
declare module "string.buffer" {
    export interface Buffer {
        put(...parts: (string | number | Buffer)[]): Buffer;
        putf(format: string, ...parts: (string | number)[]): Buffer;
        putcdata(memory: CValue | Bytes, bytes: number): Buffer;
        get(bytes?: number): string;
        skip(bytes: number): Buffer;
        /** Where the contents are, until the next change. */
        ref(): LuaMultiReturn<[memory: CValue, bytes: number]>;
        tostring(): string;
        reset(): Buffer;
        /** Gives the memory back at once. */
        free(): void;
    }
    function new_(size?: number): Buffer;
    export { new_ as new };
}

/** How many bytes there are in a text or a buffer. */
declare const length_of: LuaLength<string | object, number>;

/** `pointer + count`, in elements. */
declare const pointer_add: LuaAddition<Doubles, number, Doubles>;

/** How many elements `left` comes after `right`. */
declare const pointer_difference: LuaSubtraction<Doubles, Doubles, number>;

/** @noResolution */
declare module "table.nkeys" {
    function table_nkeys(table: object): number;
    export = table_nkeys;
}

/** @noResolution */
declare module "jit.opt" {
    export function start(...options: string[]): void;
}
