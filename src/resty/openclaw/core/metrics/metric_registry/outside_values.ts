/**
 * Label values from outside: from clients or nodes, such as the name of a model. Each such label has a limited number of values over all
 * metrics and workers; others become `_other`. A value counts as long as series have it.
 */
import type { Names } from "../../memory/shared_memory/names";
import { increment } from "../../memory/shared_memory/names";
import { OTHER } from "./allow_list";
import { each, escaped } from "./label_text";
import type { Family, Registry } from "./model";

/** How many series have a value. */
function key_of(label: string, value: string): string {
    return `value:${label}:${value}`;
}

/** How many values a label has. */
function count_key(label: string): string {
    return `values:${label}`;
}

/** Values that need no place. */
function is_free(escaped_value: string): boolean {
    return escaped_value === "" || escaped_value === OTHER;
}

/** Whether a value has a place, or may take one. */
function is_admitted(registry: Registry, label: string, value: string): boolean {
    const text = escaped(value);
    if (is_free(text)) return true;
    const names = registry.region.names;
    if (names.get<number>(key_of(label, text))[0] !== undefined) return true;
    return (names.get<number>(count_key(label))[0] ?? 0) < registry.most_values;
}

/** The values of a family's kept labels with `_other` for those that have no place; the same list where all have. */
export function fit(family: Family<unknown>, values: readonly string[]): readonly string[] {
    const { outside, registry, kept_names } = family;
    let fitted: string[] | undefined;
    for (const index of $range(0, kept_names.length - 1)) {
        const name = kept_names[index]!;
        if (outside!.has(name) && !is_admitted(registry, name, values[index]!)) {
            if (fitted === undefined) {
                fitted = [];
                for (const value of values) fitted.push(value);
            }
            fitted[index] = OTHER;
        }
    }
    if (fitted === undefined) return values;
    if (registry.dropped !== family) registry.dropped?.labels(family.name).inc();
    return fitted;
}

function hold(names: Names, label: string, text: string): void {
    const key = key_of(label, text);
    if (names.incr(key, 1)[0] !== undefined) return;
    const [is_new] = names.safe_add(key, 1);
    if (is_new === true) increment(names, count_key(label), 1, 0);
    else names.incr(key, 1);
}

function let_go(names: Names, label: string, text: string): void {
    const key = key_of(label, text);
    const [left] = names.incr(key, -1);
    if (left === undefined || left > 0) return;
    names.delete(key);
    names.incr(count_key(label), -1);
}

/** Visits the values from outside in the name of a series, as they are written there. */
function visit(
    family: Family<unknown>,
    row_name: string,
    change: (this: void, names: Names, label: string, text: string) => void,
): void {
    const { outside } = family;
    const [begin] = string.find(row_name, "{", 1, true);
    if (outside === undefined || begin === undefined) return;
    each(string.sub(row_name, begin), (label, text) => {
        if (outside.has(label) && !is_free(text)) change(family.registry.region.names, label, text);
    });
}

/** Notes that a series was made. Phases: any. */
export function made(family: Family<unknown>, row_name: string): void {
    visit(family, row_name, hold);
}

/** Notes that a series was dropped. Phases: any. */
export function dropped(family: Family<unknown>, row_name: string): void {
    visit(family, row_name, let_go);
}
