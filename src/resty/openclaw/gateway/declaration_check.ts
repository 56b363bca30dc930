/** Whether what a user gives as a plugin is declared as it must be: mistakes show at start, not at a request. Phases: init. */
import type { Kind } from "../config/kinds";
import * as nearest from "../config/nearest";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Option } from "../config/schema";
import { PHASES } from "./contract";

/** The fields of a declaration, as `define` takes and returns them. */
const FIELDS = ["name", "meaning", "order", "schema", "option", "variables", "create", "without"];
const IS_FIELD = new LuaSet<string>();
for (const field of FIELDS) IS_FIELD.add(field);
const IS_PHASE = new LuaSet<string>();
for (const phase of PHASES) IS_PHASE.add(phase);
/** The methods that an instance may have. */
const METHODS: string[] = ["init_worker", "exit_worker", "status"];
for (const phase of PHASES) METHODS.push(phase);

type Fields = Record<string, unknown>;

function is_name(given: unknown): given is string {
    if (typeof given !== "string") return false;
    const [found] = string.find(given, "^[%a_][%w_]*$");
    return found !== undefined;
}

/** The names of a table, as texts and sorted, so that problems have an order. */
function keys_of(given: object): unknown[] {
    const keys: unknown[] = [];
    for (const [key] of pairs(given as Fields)) keys.push(key);
    table.sort(keys, (left, right) => tostring(left) < tostring(right));
    return keys;
}

function check_fields(fields: Fields, path: string, problems: Problems): void {
    for (const key of keys_of(fields)) {
        if (!IS_FIELD.has(key as string))
            problems.push(`${path}: unknown field ${problem.shown(key)}; ${nearest.or_known(key, FIELDS)}`);
    }
}

function check_order(order: unknown, path: string, problems: Problems): void {
    if (order === undefined) return;
    if (type(order) !== "table") {
        problem.add_no_table(problems, path, "a table of numbers by phases, such as { access = 350 }", order);
        return;
    }
    for (const key of keys_of(order as object)) {
        const value = (order as Fields)[key as string];
        if (!IS_PHASE.has(key as string)) {
            problems.push(`${path}: unknown phase ${problem.shown(key)}; ${nearest.or_known(key, PHASES)}`);
        } else if (typeof value !== "number" || value !== value) {
            problem.add(problems, `${path}.${tostring(key)}`, "a number", value);
        }
    }
}

function check_variables(variables: unknown, path: string, problems: Problems): void {
    if (variables === undefined) return;
    const expected = 'a table from names without $ to values, such as { my_region = "" }';
    if (type(variables) !== "table") {
        problem.add_no_table(problems, path, expected, variables);
        return;
    }
    for (const key of keys_of(variables as object)) {
        const value = (variables as Fields)[key as string];
        if (!is_name(key)) problem.add(problems, path, expected, key);
        else if (typeof value !== "string") problem.add(problems, `${path}.${key}`, "a string", value);
    }
}

/** An option that stands in a schema. A kind in its place is a usual mistake. */
function check_option(given: unknown, path: string, problems: Problems): void {
    const declared = given as Partial<Option<unknown>>;
    const kind = type(given) === "table" ? (declared.kind as Kind<unknown> | undefined) : undefined;
    if (type(kind) !== "table" || type(kind!.read) !== "function") {
        problem.add_no_table(
            problems,
            path,
            "made by plugin.option, plugin.required or plugin.optional, with a kind",
            given,
        );
        return;
    }
    if (typeof declared.meaning !== "string") {
        problem.add(problems, `${path}: its meaning`, "a string, the last argument", declared.meaning);
    }
    if (declared.fallback !== undefined) kind!.read(declared.fallback, `${path}: its default`, problems);
}

function check_schema(schema: unknown, path: string, problems: Problems): void {
    if (type(schema) !== "table") {
        problem.add_no_table(problems, path, "a table of options; {} for none", schema);
        return;
    }
    for (const key of keys_of(schema as object)) {
        if (is_name(key)) check_option((schema as Fields)[key], `${path}.${key}`, problems);
        else problem.add(problems, path, "a table whose keys are the names of options", key);
    }
}

/** Adds to the problems what is wrong with a declaration. `path`: its place, such as "setup: plugins[1]". */
export function check(fields: Fields, path: string, problems: Problems): void {
    if (!is_name(fields.name)) {
        problem.add(problems, `${path}.name`, "a name of letters, digits and _", fields.name);
    }
    const its_path = typeof fields.name === "string" ? `${path} (${fields.name})` : path;
    check_fields(fields, its_path, problems);
    if (type(fields.create) !== "function") problem.add(problems, `${its_path}.create`, "a function", fields.create);
    check_order(fields.order, `${its_path}.order`, problems);
    check_variables(fields.variables, `${its_path}.variables`, problems);
    const declared = fields.option as Partial<Option<unknown>> | undefined;
    const its_kind = type(declared) === "table" ? declared!.kind : undefined;
    const schema = type(its_kind) === "table" ? (its_kind as Kind<unknown>).schema : fields.schema;
    // An option of another kind than a table has been made by `plugin.option` itself.
    if (type(its_kind) !== "table" || schema !== undefined) check_schema(schema, `${its_path}.schema`, problems);
    const meaning = declared === undefined ? fields.meaning : declared.meaning;
    if (typeof meaning !== "string") problem.add(problems, `${its_path}.meaning`, "a string", meaning);
}

/** Adds to the problems what is wrong with an instance that `create` returned. `path`: that of its options. */
export function check_instance(made: unknown, path: string, problems: Problems): void {
    const methods = table.concat(METHODS, ", ");
    if (type(made) !== "table") {
        problem.add_no_table(problems, `${path}: what create returns`, `a table with a method of ${methods}`, made);
        return;
    }
    let count = 0;
    for (const name of METHODS) {
        const method = (made as Fields)[name];
        if (method !== undefined) count += 1;
        if (method !== undefined && type(method) !== "function") {
            problem.add(problems, `${path}: ${name} of what create returns`, "a function", method);
        }
    }
    if (count === 0) problems.push(`${path}: what create returns has no method of ${methods}`);
}
