/**
 * The types of options. A kind has a name for the tables in the documentation, and reads a value: it returns the value, or adds an
 * error message to the problems. Phases: init. Pure Lua.
 */
import * as nearest from "./nearest";
import type { Problems } from "./problems";
import * as problem from "./problems";

export interface Kind<Value> {
    /** The name in the documentation. */
    readonly name: string;
    /** Returns the value. If it is wrong, adds to the problems, and the result must not be used. */
    readonly read: (this: void, given: unknown, path: string, problems: Problems) => Value;
    /** If the value is a table of options: these options, for the documentation. */
    readonly schema?: object | undefined;
}

/** A kind whose values pass a test. `expected`: the end of the error message for other values. */
export function of<Value>(
    name: string,
    expected: string,
    is_one: (this: void, given: unknown) => boolean,
): Kind<Value> {
    const read = (given: unknown, path: string, problems: Problems): Value => {
        // A test of a user may raise for values that it does not expect.
        const [ok, is_fine] = pcall(is_one, given);
        if (!ok || !is_fine) problem.add(problems, path, expected, given);
        return given as Value;
    };
    return { name, read };
}

function is_finite(given: unknown): given is number {
    return typeof given === "number" && given === given && math.abs(given) !== math.huge;
}

/** A non-empty string. */
export const text = of<string>("string", "a non-empty string", (given) => typeof given === "string" && given !== "");

/** The name of one of nginx's variables. */
export const variable_name = of<string>("variable name", "the name of a variable without $", (given) => {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^[%w_]+$");
    return legal !== undefined;
});

/** The path of a file. */
export const path = of<string>(
    "path",
    'an absolute path, beginning with "/"',
    (given) => typeof given === "string" && string.byte(given) === string.byte("/"),
);

/** The path of a file with a secret. Error messages do not contain a wrong value, which may be the secret itself. */
export const secret_file: Kind<string> = {
    name: "path",
    read: (given, path, problems) => {
        if (typeof given === "string" && string.byte(given) === string.byte("/")) return given;
        problems.push(`${path} must be an absolute path, beginning with "/"`);
        return "";
    },
};

/** True or false. */
export const flag = of<boolean>("boolean", "true or false", (given) => typeof given === "boolean");

/** A number above 0. */
export const positive = of<number>("number > 0", "a number above 0", (given) => is_finite(given) && given > 0);

/** A number of at least 0. */
export const not_negative = of<number>("number ≥ 0", "a number from 0 up", (given) => is_finite(given) && given >= 0);

/** A number from 0 to 1. */
export const share = of<number>(
    "number from 0 to 1",
    "a number from 0 to 1",
    (given) => is_finite(given) && given >= 0 && given <= 1,
);

const SECONDS_OF: Readonly<Record<string, number | undefined>> = { "": 1, s: 1, m: 60, h: 3600, d: 86400 };

function seconds_in(given: unknown): number | undefined {
    if (is_finite(given)) return given;
    if (typeof given !== "string") return undefined;
    const [count, unit] = string.match(given, "^(%d+)([smhd]?)$");
    return count === undefined ? undefined : tonumber(count)! * SECONDS_OF[unit!]!;
}

/** A time above 0 in seconds, or with a unit: `90`, `"90s"`, `"15m"`, `"1h"`, `"7d"`. Read as seconds. */
export const duration: Kind<number> = {
    name: "duration",
    read: (given, path, problems) => {
        const seconds = seconds_in(given);
        if (seconds !== undefined && seconds > 0) return seconds;
        problem.add(problems, path, 'a time such as 90, "90s", "15m", "1h" or "7d"', given);
        return 1;
    },
};

/** A function. */
export const callback = of<unknown>("function", "a function", (given) => type(given) === "function");

/** A whole number of at least `least`, and at most `most` if given. */
export function whole(least: number, most = math.huge): Kind<number> {
    const has_end = most !== math.huge;
    return of<number>(
        has_end ? `whole number from ${least} to ${most}` : `whole number ≥ ${least}`,
        has_end ? `a whole number from ${least} to ${most}` : `a whole number from ${least} up`,
        (given) => is_finite(given) && given % 1 === 0 && given >= least && given <= most,
    );
}

/** One of a few words. */
export function one_of<Word extends string>(...words: Word[]): Kind<Word> {
    const known = new LuaSet<AnyNotNil>();
    for (const word of words) known.add(word);
    const expected = `one of ${table.concat(words, ", ")}`;
    return {
        name: `\`"${table.concat(words, '"`, `"')}"\``,
        read: (given, path, problems) => {
            if (given === undefined || !known.has(given as AnyNotNil)) {
                problems.push(problem.sentence(path, expected, given) + nearest.hint(given, words));
            }
            return given as Word;
        },
    };
}

/** False, or a value of another kind. */
export function false_or<Value>(kind: Kind<Value>): Kind<Value | false> {
    return {
        name: `\`false\` or ${kind.name}`,
        schema: kind.schema,
        read: (given, path, problems) => {
            if (given === false) return false;
            if (type(given) === "table") return kind.read(given, path, problems);
            problem.add_no_table(problems, path, `false or a ${kind.name}`, given);
            return false;
        },
    };
}

/** Maximum number of holes in a list; more are not explained by variables that do not exist. */
const MOST_HOLES = 100;

/** The last index of a list, which may have holes from variables that do not exist. Nothing if it is not a list. */
function last_place(given: unknown): number | undefined {
    if (type(given) !== "table") return undefined;
    let entries = 0;
    let last = 0;
    for (const [key] of pairs(given as Record<number, unknown>)) {
        if (type(key) !== "number" || key < 1 || key % 1 !== 0) return undefined;
        entries += 1;
        last = math.max(last, key);
    }
    return last - entries <= MOST_HOLES ? last : undefined;
}

/** Whether this is one entry of a list of tables, in place of the list: a table whose keys are names. */
function is_entry(kind: Kind<unknown>, given: unknown): boolean {
    if (kind.name !== "table" || type(given) !== "table") return false;
    const [first] = next(given as LuaTable);
    if (first === undefined) return false;
    for (const [key] of pairs(given as Record<string, unknown>)) if (type(key) !== "string") return false;
    return true;
}

/**
 * A list with at least one entry, each of a kind; an entry's path ends with its index, as in `nodes[2]`. `what`: what a list of tables is a
 * list of, with an example, for the case that its outer braces are forgotten.
 */
export function list_of<Value>(kind: Kind<Value>, what = "tables, such as { { … } }"): Kind<Value[]> {
    return {
        name: `list of ${kind.name}`,
        read: (given, path, problems) => {
            const values: Value[] = [];
            if (is_entry(kind, given)) {
                problems.push(`${path} must be a list of ${what}, got one table without the outer braces`);
                return values;
            }
            const last = last_place(given) ?? 0;
            if (last === 0) problem.add_no_table(problems, path, "a list with at least one entry", given);
            for (const place of $range(1, last)) {
                values.push(kind.read((given as unknown[])[place - 1], `${path}[${place}]`, problems));
            }
            return values;
        },
    };
}

/** As `list_of`, but it may be empty. */
export function list_or_none_of<Value>(kind: Kind<Value>): Kind<Value[]> {
    const list = list_of(kind);
    return {
        name: list.name,
        read: (given, path, problems) => {
            if (type(given) !== "table") return list.read(given, path, problems);
            const [first] = next(given as LuaTable);
            return first === undefined ? [] : list.read(given, path, problems);
        },
    };
}

/** A table that has these methods. */
export function with_methods<Value>(expected: string, methods: readonly string[]): Kind<Value> {
    return {
        name: "table",
        read: (given, path, problems) => {
            if (type(given) !== "table") problem.add_no_table(problems, path, expected, given);
            else {
                for (const method of methods) {
                    const has_it = type((given as Record<string, unknown>)[method]) === "function";
                    if (!has_it) problems.push(`${path} must be ${expected}: it has no method ${method}`);
                }
            }
            return given as Value;
        },
    };
}

/** Any value; the receiver checks it. */
export function anything(name: string): Kind<unknown> {
    return { name, read: (given) => given };
}
