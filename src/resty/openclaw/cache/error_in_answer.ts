/**
 * Tells whether an answer with 200 is an error all the same: by places in its JSON where errors are. A place is the names on the way to it,
 * with dots between them, as in `result.error`; a number counts the entries of a list from 0, as in `choices.0.error`. With `=` after it only
 * that value is an error, as in `status=failed`.
 */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import * as json from "../core/text/json";
import * as texts from "../core/text/text";

/** A place in JSON. */
export interface ErrorPath {
    readonly steps: readonly Step[];
    /** The value that is an error; nothing: any that says something. */
    readonly value: string | undefined;
    readonly number: number | undefined;
}

interface Step {
    readonly name: string;
    /** Of a list: its place in Lua's table. */
    readonly place: number | undefined;
}

/** Longer texts are not looked at: that would hold the worker. */
const MOST_BYTES = 1024 * 1024;
const MOST_PATH_BYTES = 256;

/** The place and the value that a path is made of. */
function parts_of(path: string): LuaMultiReturn<[place: string, value: string | undefined]> {
    const [equals] = string.find(path, "=", 1, true);
    if (equals === undefined) return $multi(path, undefined);
    return $multi(string.sub(path, 1, equals - 1), string.sub(path, equals + 1));
}

/** What other syntaxes write is refused, as it would be taken for a part of a name. */
function is_name(name: string): boolean {
    const [odd] = string.find(name, "[%s%c%[%]%$%*\"']");
    return name !== "" && odd === undefined;
}

function is_path(given: unknown): boolean {
    if (typeof given !== "string" || given.length > MOST_PATH_BYTES) return false;
    const [place, value] = parts_of(given);
    if (value === "") return false;
    for (const name of texts.split(place, ".")) if (!is_name(name)) return false;
    return true;
}

function step_of(name: string): Step {
    const [digits] = string.find(name, "^%d+$");
    if (digits === undefined) return { name, place: undefined };
    return { name, place: tonumber(name)! + 1 };
}

/** A path of the option, read. Phases: init. */
export function path_of(given: string): ErrorPath {
    const [place, value] = parts_of(given);
    const steps: Step[] = [];
    for (const name of texts.split(place, ".")) steps.push(step_of(name));
    return { steps, value, number: tonumber(value) };
}

const PATH = kinds.of<string>("JSON path", 'a path such as "error", "choices.0.error" or "status=failed"', is_path);

const LIST = kinds.list_of(PATH);

/** The option: a list of paths. */
export const PATHS: Kind<ErrorPath[]> = {
    name: LIST.name,
    read: (given, path, problems) => {
        const before = problems.length;
        const found: ErrorPath[] = [];
        if (type(given) !== "table") {
            problem.add(problems, path, 'a list of paths such as { "error" }', given);
            return found;
        }
        const all = LIST.read(given, path, problems);
        if (problems.length === before) for (const one of all) found.push(path_of(one));
        return found;
    },
};

/** What a value has at a step; nothing where it has nothing there. */
function below(value: unknown, step: Step): unknown {
    if (type(value) !== "table") return undefined;
    const its = value as Record<string | number, unknown>;
    const member = its[step.name];
    if (member !== undefined || step.place === undefined) return member;
    return (its as unknown as LuaTable<number, unknown>).get(step.place);
}

/** Whether a value says anything. */
function says_something(value: unknown): boolean {
    if (value === undefined || value === ngx.null || value === false || value === "") return false;
    return type(value) !== "table" || next(value as object)[0] !== undefined;
}

function is_value(value: unknown, path: ErrorPath): boolean {
    if (typeof value === "number") return value === path.number;
    if (typeof value === "string" || typeof value === "boolean") return tostring(value) === path.value;
    return value === ngx.null && path.value === "null";
}

function is_error_at(path: ErrorPath, answer: unknown): boolean {
    let value = answer;
    for (const step of path.steps) value = below(value, step);
    if (path.value !== undefined) return is_value(value, path);
    return says_something(value);
}

/**
 * Whether an answer of one JSON text is an error, by any of these paths. So are what is no JSON, is nested over 64 deep, or has over 1 MiB:
 * nobody knows what it says. Phases: any; never raises. Takes some milliseconds for a text of 1 MiB.
 */
export function is_error(paths: readonly ErrorPath[], body: string): boolean {
    if (body.length > MOST_BYTES) return true;
    const [answer] = json.decode(body);
    if (answer === undefined) return true;
    for (const path of paths) if (is_error_at(path, answer)) return true;
    return false;
}
