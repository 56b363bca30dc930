/** Where names are kept: a `lua_shared_dict`, or, where nothing is to be shared, a table of the process. */

/** The part of a shared dict that names need. Nothing here ever evicts a name to make room for another. */
export type Names = Pick<
    ngx.SharedDict,
    "get" | "set" | "safe_set" | "safe_add" | "delete" | "incr" | "expire" | "lpush" | "lpop"
>;

type Value = string | number | boolean;

interface LocalNames {
    readonly values: LuaMap<string, Value>;
    readonly lists: LuaMap<string, Value[]>;
}

function get<T extends Value>(this: LocalNames, key: string): LuaMultiReturn<[value: T | undefined]> {
    return $multi(this.values.get(key) as T | undefined);
}

function set(this: LocalNames, key: string, value: Value): LuaMultiReturn<[ok: boolean]> {
    this.values.set(key, value);
    return $multi(true);
}

function safe_add(this: LocalNames, key: string, value: Value): LuaMultiReturn<[ok: boolean, err?: string]> {
    if (this.values.has(key)) return $multi(false, "exists");
    this.values.set(key, value);
    return $multi(true);
}

/** Nothing here ever ends by itself. */
function expire(this: LocalNames, key: string): LuaMultiReturn<[ok: boolean, err?: string]> {
    if (this.values.has(key)) return $multi(true);
    return $multi(false, "not found");
}

function delete_(this: LocalNames, key: string): void {
    this.values.delete(key);
}

function incr(this: LocalNames, key: string, by: number): Result<number> {
    const before = this.values.get(key) as number | undefined;
    if (before === undefined) return $multi(undefined, "not found");
    this.values.set(key, before + by);
    return $multi(before + by);
}

function lpush(this: LocalNames, key: string, value: Value): Result<number> {
    const list = this.lists.get(key) ?? [];
    this.lists.set(key, list);
    list.push(value);
    return $multi(list.length);
}

function lpop<T extends Value>(this: LocalNames, key: string): LuaMultiReturn<[value: T | undefined]> {
    const list = this.lists.get(key);
    return $multi(list === undefined ? undefined : (table.remove(list) as T | undefined));
}

const metatable = { __index: { get, set, safe_set: set, safe_add, delete: delete_, incr, expire, lpush, lpop } };

/** Adds to a number that begins at `first`. The dict's own `incr` with a beginning would evict other names for it. */
export function increment(names: Names, key: string, by: number, first: number): Result<number> {
    const [value] = names.incr(key, by);
    if (value !== undefined) return $multi(value);
    names.safe_add(key, first);
    return names.incr(key, by);
}

/** Takes `count` slots where a cursor stands, which begins at `first`, and moves it on; nothing past `limit`. */
export function advance(names: Names, cursor: string, count: number, first: number, limit: number): Result<number> {
    const [next, err] = increment(names, cursor, count, first);
    if (next === undefined) return $multi(undefined, err);
    if (next > limit) {
        names.incr(cursor, -count);
        return $multi(undefined, "no slot is left");
    }
    return $multi(next - count);
}

/** Names that only this process and the workers forked from it later know. */
export function local_names(): Names {
    const fields = { values: new LuaMap<string, Value>(), lists: new LuaMap<string, Value[]>() };
    // The compiler compares no generic methods.
    return setmetatable(fields, metatable) as unknown as Names;
}
