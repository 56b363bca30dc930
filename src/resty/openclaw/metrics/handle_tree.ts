/**
 * The handles of one family, found by a table of label names and values without making anything: one look-up for each
 * label that is kept. Holds a bounded number of them, and begins anew when series were dropped meanwhile.
 */
import nkeys = require("table.nkeys");
import * as rows from "../core/memory/shared_memory/rows";
import type { Family } from "../core/metrics/metric_registry";
import { LABEL_BYTES } from "../core/metrics/metric_registry";
import type { Rule } from "../core/metrics/metric_registry/allow_list";
import { kept_value } from "../core/metrics/metric_registry/allow_list";

type Value = string | number | boolean;
type Node = LuaMap<Value, unknown>;

export interface HandleTree {
    readonly family: Family<unknown>;
    /** For each label what is kept of its values; false for nothing. */
    readonly rules: readonly (Rule | false)[];
    /** By the value of the first label, then of the second, …; where no label is kept the one handle there is. */
    root: unknown;
    /** The epoch of the rows in which this tree began. */
    epoch: number;
    readonly most: number;
    /** How many more handles may be kept. */
    room: number;
}

function is_value(value: unknown): value is Value {
    return type(value) === "string" || type(value) === "number" || type(value) === "boolean";
}

/** What a value is found by. */
function key_of(rule: Rule, value: Value): Value {
    return rule === true ? value : kept_value(rule, tostring(value));
}

/** Where no label is kept there is one handle, which `find` is to make. */
function empty_root(family: Family<unknown>): unknown {
    return family.kept_names.length === 0 ? undefined : new LuaMap();
}

/** Forgets all handles if series were dropped since. */
function begin_anew(tree: HandleTree): void {
    const epoch = rows.epoch(tree.family.registry.region);
    if (tree.epoch === epoch) return;
    tree.epoch = epoch;
    tree.root = empty_root(tree.family);
    tree.room = tree.most;
}

function keep(tree: HandleTree, keys: Value[], handle: unknown): void {
    if (keys.length === 0) {
        tree.root = handle;
        return;
    }
    if (tree.room === 0) return;
    tree.room -= 1;
    let node = tree.root as Node;
    const last = keys.length;
    for (const index of $range(1, last - 1)) {
        let next = node.get(keys[index - 1]!) as Node | undefined;
        if (next === undefined) {
            next = new LuaMap();
            node.set(keys[index - 1]!, next);
        }
        node = next;
    }
    node.set(keys[last - 1]!, handle);
}

function bind(tree: HandleTree, labels: LuaMap<string, unknown>): Result<unknown> {
    const keys: Value[] = [];
    const texts: string[] = [];
    let is_kept = true;
    const names = tree.family.label_names;
    for (const index of $range(1, names.length)) {
        const name = names[index - 1]!;
        const value = labels.get(name);
        if (!is_value(value)) return $multi(undefined, `label "${name}" must be a string, a number or a boolean`);
        texts.push(tostring(value));
        const rule = tree.rules[index - 1]!;
        if (rule !== false) {
            const key = key_of(rule, value);
            // NaN cannot be a key, and long keys would fill the worker's memory.
            if (key !== key || tostring(key).length > LABEL_BYTES) is_kept = false;
            keys.push(key);
        }
    }
    begin_anew(tree);
    const handle = tree.family.labels(...texts);
    if (is_kept) keep(tree, keys, handle);
    return $multi(handle);
}

/** The handle for these labels; on failure nil and what is wrong with them. Phases: any. */
export function find(tree: HandleTree, labels: unknown): Result<unknown> {
    const names = tree.family.label_names;
    if (labels === undefined && names.length === 0) return $multi(tree.root);
    if (type(labels) !== "table") return $multi(undefined, "labels must be a table of names and values");
    if (nkeys(labels as object) !== names.length) return $multi(undefined, "it has other labels");
    const rules = tree.rules;
    let node = tree.root;
    for (const index of $range(1, names.length)) {
        const value = (labels as LuaMap<string, Value>).get(names[index - 1]!) as Value | undefined;
        if (value === undefined) return $multi(undefined, "it has other labels");
        const rule = rules[index - 1]!;
        if (rule !== false && node !== undefined) node = (node as Node).get(key_of(rule, value));
    }
    if (node === undefined) return bind(tree, labels as LuaMap<string, unknown>);
    return $multi(node);
}

function rules_of(family: Family<unknown>): (Rule | false)[] {
    const rules: (Rule | false)[] = [];
    const allowed = family.allowed;
    for (const name of family.label_names) {
        if (allowed === undefined) rules.push(true);
        else rules.push(allowed.get(name) ?? false);
    }
    return rules;
}

/** A tree that keeps so many handles of a family at most. Phases: any. */
function create(family: Family<unknown>, most: number): HandleTree {
    const epoch = rows.epoch(family.registry.region);
    const tree = { family, rules: rules_of(family), root: empty_root(family), epoch, most, room: most };
    if (family.label_names.length === 0) tree.root = family.labels();
    return tree;
}
export { create as new };
