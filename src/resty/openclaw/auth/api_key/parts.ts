/**
 * Tables with very many texts as keys, in parts that are filled one after the other. The garbage collector goes through a table without a
 * pause, and at the end of its round once more through all tables that were written to meanwhile; Lua copies a table that grows. With
 * 100,000 keys in one table, each of these takes many milliseconds. Pure Lua.
 */

export interface Parts<Value> {
    readonly parts: LuaMap<string, Value>[];
    /** How many keys the last part may still take. */
    room: number;
    get(key: string): Value | undefined;
    /** For a key that is not there yet. */
    add(key: string, value: Value): void;
}

const MOST_KEYS = 4096;

function find_in_others<Value>(parts: LuaMap<string, Value>[], key: string): Value | undefined {
    for (const number of $range(2, parts.length)) {
        const value = parts[number - 1]!.get(key);
        if (value !== undefined) return value;
    }
    return undefined;
}

function get<Value>(this: Parts<Value>, key: string): Value | undefined {
    const { parts } = this;
    const value = parts[0]!.get(key);
    // Mostly there is one part, and LuaJIT is bad at loops without a turn.
    if (value !== undefined || parts.length === 1) return value;
    const other = find_in_others(parts, key);
    return other;
}

function add<Value>(this: Parts<Value>, key: string, value: Value): void {
    if (this.room === 0) {
        this.parts.push(new LuaMap());
        this.room = MOST_KEYS;
    }
    this.parts[this.parts.length - 1]!.set(key, value);
    this.room -= 1;
}

const metatable = { __index: { get, add } };

/** No entries yet. */
function create<Value>(): Parts<Value> {
    const parts: LuaMap<string, Value>[] = [new LuaMap()];
    return setmetatable({ parts, room: MOST_KEYS }, metatable) as Parts<Value>;
}
export { create as new };
