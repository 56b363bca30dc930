/**
 * Which labels of a metric are kept, and which of their values: what an operator wants to pay for. A label that is left
 * out is missing from the series, which add up; a value that is not kept becomes `_other`.
 */
import * as options from "../options";
import { is_label_name, is_metric_name } from "./label_text";

/** Stands for all label values that are not kept, or past the limit of series. */
export const OTHER = "_other";

/** The values of a label that are kept; true for any. */
export type Rule = true | LuaSet<string>;
/** By the names of labels; others are left out. */
export type AllowList = LuaTable<string, Rule>;

function read_values(owner: string, option: string, given: unknown): LuaSet<string> {
    const wanted = "a list of the values to keep";
    if (type(given) !== "table") options.refuse(owner, option, wanted, given);
    const values = new LuaSet<string>();
    for (const [place, value] of pairs(given as unknown[])) {
        if (type(place) !== "number") options.refuse(owner, option, wanted, place);
        if (type(value) !== "string" && type(value) !== "number" && type(value) !== "boolean") {
            options.refuse(owner, option, wanted, value);
        }
        values.add(tostring(value));
    }
    return values;
}

function read_one(owner: string, metric: string, given: unknown): AllowList {
    const option = `labels.${metric}`;
    if (type(given) !== "table") options.refuse(owner, option, "a table of the labels to keep", given);
    const list: AllowList = new LuaTable();
    for (const [key, value] of pairs(given as Record<string, unknown>)) {
        const label = type(key) === "number" ? value : key;
        if (typeof label !== "string" || !is_label_name(label)) {
            options.refuse(owner, option, "a table of the labels to keep", label);
        }
        if (list.has(label)) error(`${owner}: "${option}" names "${label}" twice`, 0);
        list.set(label, type(key) === "number" ? true : read_values(owner, `${option}.${label}`, value));
    }
    return list;
}

/** Reads the option `labels`. Raises one sentence when it is wrong. Phases: init. */
export function read(owner: string, given: options.Options): LuaTable<string, AllowList> {
    const lists = new LuaTable<string, AllowList>();
    for (const [metric, labels] of pairs((options.group(owner, given, "labels") ?? {}) as Record<string, unknown>)) {
        if (type(metric) !== "string" || !is_metric_name(metric)) {
            options.refuse(owner, "labels", "a table whose keys are names of metrics", metric);
        }
        lists.set(metric, read_one(owner, metric, labels));
    }
    return lists;
}

/** A label of the list that the metric does not have; nothing when it has all of them. */
export function unknown_label(list: AllowList, label_names: readonly string[]): string | undefined {
    const known = new LuaSet<string>();
    for (const name of label_names) known.add(name);
    for (const [name] of list) {
        if (!known.has(name)) return name;
    }
    return undefined;
}

/** Of these label names those that are kept. */
export function kept_names(list: AllowList, label_names: readonly string[]): string[] {
    const kept: string[] = [];
    for (const name of label_names) {
        if (list.has(name)) kept.push(name);
    }
    return kept;
}

/** What is kept of one value. Phases: any. */
export function kept_value(rule: Rule, value: string): string {
    return rule === true || rule.has(value) ? value : OTHER;
}

/** Of the values of these labels, in their order, what is kept. Phases: any. */
export function kept_values(list: AllowList, label_names: readonly string[], values: readonly string[]): string[] {
    const kept: string[] = [];
    for (const index of $range(1, label_names.length)) {
        const rule = list.get(label_names[index - 1]!) as Rule | undefined;
        if (rule !== undefined) kept.push(kept_value(rule, values[index - 1]!));
    }
    return kept;
}
