/**
 * The options of a table, as a plugin declares them: the kind, default and description of each. The values, the error messages and the
 * tables in the documentation are made from these. Phases: init. Pure Lua.
 */
import type { Kind } from "./kinds";
import * as nearest from "./nearest";
import type { Problems } from "./problems";
import * as problem from "./problems";

/** One option. */
export interface Option<Value> {
    readonly kind: Kind<Value>;
    /** The value if the option is not given. */
    readonly fallback: Value;
    readonly is_required: boolean;
    /** The default in the documentation, if `fallback` does not show it. */
    readonly default_text: string | undefined;
    /** The description in the documentation. */
    readonly meaning: string;
    /** Its place among the options of its table, because Lua's tables have no order. */
    readonly place: number;
}

export type Schema = Record<string, Option<unknown>>;

/** The values that a schema reads. */
export type Values<Declared> = {
    readonly [Name in keyof Declared]: Declared[Name] extends Option<infer Value> ? Value : never;
};

let places = 0;

function make<Value>(
    kind: Kind<unknown>,
    fallback: Value,
    is_required: boolean,
    meaning: string,
    default_text?: string,
): Option<Value> {
    places += 1;
    return { kind: kind as Kind<Value>, fallback, is_required, default_text, meaning, place: places };
}

/** An option with the default `fallback`. */
export function option<Value>(kind: Kind<Value>, fallback: Value, meaning: string): Option<Value> {
    return make(kind, fallback, false, meaning);
}

/** An option that must be given. */
export function required<Value>(kind: Kind<Value>, meaning: string): Option<Value> {
    return make(kind, undefined as Value, true, meaning);
}

/** An option without a default. */
export function optional<Value>(kind: Kind<Value>, meaning: string): Option<Value | undefined> {
    return make<Value | undefined>(kind, undefined, false, meaning);
}

/** As `optional`, for an option whose default its owner computes; `default_text`: the default in the documentation. */
export function computed<Value>(kind: Kind<Value>, default_text: string, meaning: string): Option<Value | undefined> {
    return make<Value | undefined>(kind, undefined, false, meaning, default_text);
}

/** A copy of an option, for another schema. */
export function again<Value>(known: Option<Value>): Option<Value> {
    return make(known.kind, known.fallback, known.is_required, known.meaning, known.default_text);
}

/** The names of a schema's options, in the order in which they were declared. */
export function names(schema: Schema): string[] {
    const all: string[] = [];
    for (const [name] of pairs(schema)) all.push(name);
    table.sort(all, (left, right) => schema[left]!.place < schema[right]!.place);
    return all;
}

function add_unknown(schema: Schema, given: Record<string, unknown>, path: string, problems: Problems): void {
    const sentences: string[] = [];
    for (const [name] of pairs(given)) {
        if (schema[name] === undefined) {
            const hint = nearest.or_known(name, names(schema));
            sentences.push(`${problem.beginning(path)} unknown option ${problem.shown(name)}; ${hint}`);
        }
    }
    // Lua gives the names in any order.
    table.sort(sentences);
    for (const one of sentences) problems.push(one);
}

/** The value of an option. If it is wrong, adds to the problems and returns the default. */
function value_of(declared: Option<unknown>, given: unknown, path: string, problems: Problems): unknown {
    if (given === undefined && !declared.is_required) return declared.fallback;
    const before = problems.length;
    const value = declared.kind.read(given, path, problems);
    return problems.length === before ? value : declared.fallback;
}

/** Whether a table without any option is fine. */
function may_be_empty(schema: Schema): boolean {
    for (const [, declared] of pairs(schema)) if (declared.is_required) return false;
    return true;
}

/**
 * The values of a table's options, for callers that make further checks before the problems are raised: wrong options have their
 * defaults. Adds to the problems if it is not a table, or has unknown options or wrong values.
 */
export function read_as_far<Declared extends Schema>(
    schema: Declared,
    given: unknown,
    path: string,
    problems: Problems,
): Values<Declared> {
    const is_table = type(given) === "table";
    if (given === true && may_be_empty(schema)) {
        problems.push(`${path} must be a table, got true; write {} for the defaults`);
    } else if (!is_table) problem.add_no_table(problems, path, "a table", given);
    const options = (is_table ? given : {}) as Record<string, unknown>;
    const values: Record<string, unknown> = {};
    add_unknown(schema, options, path, problems);
    for (const name of names(schema)) {
        const declared = schema[name]!;
        const is_read = is_table || !declared.is_required;
        if (is_read) values[name] = value_of(declared, options[name], problem.child(path, name), problems);
    }
    return values as Values<Declared>;
}

/**
 * The values of a table's options. If it is not a table, or has unknown options or wrong values, adds to the problems and returns
 * nothing.
 */
export function read<Declared extends Schema>(
    schema: Declared,
    given: unknown,
    path: string,
    problems: Problems,
): Values<Declared> | undefined {
    const before = problems.length;
    const values = read_as_far(schema, given, path, problems);
    return problems.length === before ? values : undefined;
}

/** As `read`, but raises all problems, one per line. */
export function read_or_raise<Declared extends Schema>(
    schema: Declared,
    given: unknown,
    path: string,
): Values<Declared> {
    const problems: Problems = [];
    const values = read(schema, given, path, problems);
    problem.raise(problems);
    return values!;
}

/** A kind: a table with these options. `example`: shown where something else is given, such as `{ weight = 8 }`. */
export function table_of<Declared extends Schema>(schema: Declared, example?: string): Kind<Values<Declared>> {
    return {
        name: "table",
        read: (given, path, problems) => {
            if (example === undefined || type(given) === "table" || given === true) {
                return read(schema, given, path, problems)!;
            }
            problem.add_no_table(problems, path, `a table such as ${example}`, given);
            return given as Values<Declared>;
        },
        schema,
    };
}

/** An option that is a table of options, all of which have their defaults if the table is not given. */
export function defaulted<Declared extends Schema>(schema: Declared, meaning: string): Option<Values<Declared>> {
    return option(table_of(schema), read_or_raise(schema, {}, ""), meaning);
}

/**
 * A kind: a table from names to values of a kind; an entry's path ends with its name. `example`: shown where something else is given, such
 * as `{ vip = "1m" }`.
 */
export function map_of<Value>(kind: Kind<Value>, example?: string): Kind<LuaTable<string, Value>> {
    const such = example === undefined ? "" : `, such as ${example}`;
    return {
        name: "table",
        read: (given, path, problems) => {
            const values = new LuaTable<string, Value>();
            if (type(given) !== "table") {
                problem.add_no_table(problems, path, `a table${such}`, given);
                return values;
            }
            const entries = given as Record<string, unknown>;
            const keys: string[] = [];
            const is_list = entries[1 as unknown as string] !== undefined;
            if (is_list) problems.push(`${path} must be a table whose keys are names${such}, got a list`);
            for (const [key] of pairs(entries)) {
                if (typeof key === "string" && key !== "") keys.push(key);
                else if (!is_list) problem.add(problems, path, `a table whose keys are names${such}`, key);
            }
            table.sort(keys);
            for (const key of keys) values.set(key, kind.read(entries[key], problem.child(path, key), problems));
            return values;
        },
    };
}

/** The options of two schemas, first those of the first one. */
export function joined<First extends Schema, Second extends Schema>(first: First, second: Second): First & Second {
    const all: Schema = {};
    for (const name of names(first)) all[name] = again(first[name]!);
    for (const name of names(second)) all[name] = again(second[name]!);
    return all as First & Second;
}
