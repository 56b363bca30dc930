/**
 * The handles of one family, found by a table of label names and values without making anything: one look-up for each
 * label. Holds a bounded number of them.
 */
import nkeys = require("table.nkeys");
import { LABEL_BYTES } from "../metric_registry";
import type { Family } from "../metric_registry";

type Value = string | number | boolean;
type Node = LuaTable<Value, unknown>;

export interface HandleTree {
    readonly family: Family<unknown>;
    /** By the value of the first label, then of the second, …; without labels the one handle there is. */
    readonly root: unknown;
    /** How many more handles may be kept. */
    room: number;
}

function is_value(value: unknown): value is Value {
    return type(value) === "string" || type(value) === "number" || type(value) === "boolean";
}

function keep(tree: HandleTree, values: Value[], handle: unknown): void {
    if (tree.room === 0) return;
    tree.room -= 1;
    let node = tree.root as Node;
    const last = values.length;
    for (const index of $range(1, last - 1)) {
        let next = node.get(values[index - 1]!) as Node | undefined;
        if (next === undefined) {
            next = new LuaTable();
            node.set(values[index - 1]!, next);
        }
        node = next;
    }
    node.set(values[last - 1]!, handle);
}

function bind(tree: HandleTree, labels: LuaTable<string, unknown>): Result<unknown> {
    const values: Value[] = [];
    const texts: string[] = [];
    let is_kept = true;
    for (const name of tree.family.label_names) {
        const value = labels.get(name);
        if (!is_value(value)) return $multi(undefined, `label "${name}" must be a text, a number or a boolean`);
        const text = tostring(value);
        // NaN cannot be a key, and long keys would fill the worker's memory.
        if (value !== value || text.length > LABEL_BYTES) is_kept = false;
        values.push(value);
        texts.push(text);
    }
    const handle = tree.family.labels(...texts);
    if (is_kept) keep(tree, values, handle);
    return $multi(handle);
}

/** The handle for these labels; on failure nil and what is wrong with them. Phases: any. */
export function find(tree: HandleTree, labels: unknown): Result<unknown> {
    const names = tree.family.label_names;
    if (labels === undefined && names.length === 0) return $multi(tree.root);
    if (type(labels) !== "table") return $multi(undefined, "labels must be a table of names and values");
    if (nkeys(labels as object) !== names.length) return $multi(undefined, "it has other labels");
    let node = tree.root;
    for (const name of names) {
        const value = (labels as LuaTable<string, Value>).get(name) as Value | undefined;
        if (value === undefined) return $multi(undefined, "it has other labels");
        node = (node as Node).get(value);
        if (node === undefined) return bind(tree, labels as LuaTable<string, unknown>);
    }
    return $multi(node);
}

/** A tree that keeps so many handles of a family at most. Phases: any. */
function create(family: Family<unknown>, most: number): HandleTree {
    const root = family.label_names.length === 0 ? family.labels() : new LuaTable();
    return { family, root, room: most };
}
export { create as new };
