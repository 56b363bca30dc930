/**
 * Which labels of a metric are kept, and which of their values: what an operator wants to pay for. A label that is left
 * out is missing from the series, which add up; a value that is not kept becomes `_other`.
 */
import type { Kind } from "../../../config/kinds";
import type { Problems } from "../../../config/problems";
import * as problem from "../../../config/problems";
import { is_label_name, is_metric_name } from "./label_text";

/** Stands for all label values that are not kept, or past the limit of series. */
export const OTHER = "_other";

/** The values of a label that are kept; true for any. */
export type Rule = true | LuaSet<string>;
/** By the names of labels; others are left out. */
export type AllowList = LuaMap<string, Rule>;

function read_values(given: unknown, path: string, problems: Problems): LuaSet<string> {
    const wanted = "a list of the values to keep";
    const values = new LuaSet<string>();
    if (type(given) !== "table") {
        problem.add(problems, path, wanted, given);
        return values;
    }
    for (const [place, value] of pairs(given as unknown[])) {
        if (type(place) !== "number") problem.add(problems, path, wanted, place);
        else if (type(value) !== "string" && type(value) !== "number" && type(value) !== "boolean") {
            problem.add(problems, path, wanted, value);
        } else values.add(tostring(value));
    }
    return values;
}

function read_one(given: unknown, path: string, problems: Problems): AllowList {
    const wanted = "a table of the labels to keep";
    const list: AllowList = new LuaMap();
    if (type(given) !== "table") {
        problem.add(problems, path, wanted, given);
        return list;
    }
    for (const [key, value] of pairs(given as Record<string, unknown>)) {
        const label = type(key) === "number" ? value : key;
        if (typeof label !== "string" || !is_label_name(label)) problem.add(problems, path, wanted, label);
        else if (list.has(label)) problems.push(`${path} names "${label}" twice`);
        else list.set(label, type(key) === "number" ? true : read_values(value, `${path}.${label}`, problems));
    }
    return list;
}

/** The option `labels`: by the names of metrics. */
export const LABELS: Kind<LuaMap<string, AllowList>> = {
    name: "table",
    read: (given, path, problems) => {
        const lists = new LuaMap<string, AllowList>();
        if (type(given) !== "table") {
            problem.add(problems, path, "a table", given);
            return lists;
        }
        for (const [metric, labels] of pairs(given as Record<string, unknown>)) {
            if (type(metric) !== "string" || !is_metric_name(metric)) {
                problem.add(problems, path, "a table whose keys are names of metrics", metric);
            } else lists.set(metric, read_one(labels, `${path}.${metric}`, problems));
        }
        return lists;
    },
};

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
        const rule = list.get(label_names[index - 1]!);
        if (rule !== undefined) kept.push(kept_value(rule, values[index - 1]!));
    }
    return kept;
}
