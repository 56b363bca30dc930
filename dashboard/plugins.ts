/** What the plugins of each route say of themselves: a table for each, with a row for each field. */
import type { RouteStatus } from "../src/resty/openclaw/status/document.d.ts";
import { element, Keyed, setText } from "./dom.ts";
import * as format from "./format.ts";
import type { Column } from "./table.ts";
import { Table } from "./table.ts";

type Scalar = string | number | boolean | null;

export interface PluginField {
    /** The names of nested objects, joined by dots. */
    name: string;
    value: Scalar;
}

/** At most so many fields of one plugin are shown. */
const MOST_FIELDS = 100;

function isScalar(value: unknown): value is Scalar {
    return value === null || typeof value !== "object";
}

function textOf(value: Scalar): string {
    if (value === null || value === "") return format.NONE;
    return typeof value === "number" ? format.number(value) : String(value);
}

/** The fields of a status in one list. A list of plain values is one field. */
export function fieldsOf(status: unknown, name = ""): PluginField[] {
    if (isScalar(status)) return [{ name, value: status }];
    if (Array.isArray(status) && status.every(isScalar)) {
        return [{ name, value: status.length === 0 ? null : status.map(textOf).join(", ") }];
    }
    const entries = Object.entries(status as object);
    if (entries.length === 0) return name === "" ? [] : [{ name, value: null }];
    return entries.flatMap(([key, value]) => fieldsOf(value, name === "" ? key : `${name}.${key}`));
}

const COLUMNS: Column<PluginField>[] = [
    { field: "field", title: "Field", isText: true, cell: ({ name }) => ({ text: name, value: name }) },
    {
        field: "value",
        title: "Value",
        isText: true,
        isWide: true,
        cell: ({ value }) => ({ text: textOf(value), value }),
    },
];

class PluginTable {
    readonly root: HTMLElement;
    private readonly table: Table<PluginField>;
    private readonly more = element("p", { class: "empty" });

    constructor(route: string, plugin: string) {
        this.table = new Table(`Plugin ${plugin} of ${route}`, COLUMNS);
        const head = element("h3", {}, plugin, element("small", {}, route === "" ? "no route" : route));
        this.root = element(
            "div",
            { class: "plugin", "data-plugin": plugin, "data-route": route },
            head,
            this.table.root,
            this.more,
        );
    }

    show(fields: readonly PluginField[]): void {
        this.table.show(fields.slice(0, MOST_FIELDS).map((field) => ({ key: field.name, row: field })));
        const left = fields.length - MOST_FIELDS;
        setText(this.more, left > 0 ? `${format.count(left)} more fields are in the JSON.` : "");
        this.more.hidden = left <= 0;
    }
}

/** Separates the names in a key; no name contains it. */
const BETWEEN = "\0";

export class Plugins {
    readonly root = element("div", { class: "plugins", id: "plugins" });
    private readonly tables = new Keyed(this.root, (key) => {
        const [route = "", plugin = ""] = key.split(BETWEEN);
        return new PluginTable(route, plugin);
    });

    show(routes: Record<string, RouteStatus>): void {
        const shown = Object.entries(routes).flatMap(([route, { plugins }]) =>
            Object.entries(plugins)
                .map(([plugin, status]) => ({
                    key: `${route}${BETWEEN}${plugin}`,
                    // null says nothing.
                    fields: status === null ? [] : fieldsOf(status),
                }))
                .filter(({ fields }) => fields.length > 0),
        );
        const tables = this.tables.keep(shown.map(({ key }) => key));
        shown.forEach(({ fields }, place) => tables[place]?.show(fields));
    }
}
