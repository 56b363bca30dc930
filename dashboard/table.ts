/** Tables that keep a row for each key: a new figure goes into the existing cell. */
import { element, Keyed, setAttribute, setText, setValue } from "./dom.ts";

/** The content of a cell. */
export interface Cell {
    text: string;
    value: string | number | boolean | null;
    level?: "warn" | "bad" | undefined;
    title?: string | undefined;
}

export interface Column<T> {
    /** The field of the status that it shows. */
    readonly field: string;
    readonly title: string;
    readonly isText?: boolean;
    /** Takes a whole line on a small screen. */
    readonly isWide?: boolean;
    readonly cell: (row: T) => Cell;
    /** Puts something else into the cell than the text; called when the row is new. */
    readonly decorate?: (cell: HTMLElement) => (row: T, cell: Cell) => void;
}

interface Row<T> {
    readonly root: HTMLTableRowElement;
    update(row: T): void;
}

function makeRow<T>(columns: readonly Column<T>[]): Row<T> {
    const root = element("tr", { role: "row" });
    const updates = columns.map((column, place) => {
        const cell =
            place === 0
                ? element("th", { scope: "row", role: "rowheader" })
                : element("td", { role: "cell", "data-title": column.title });
        cell.dataset.field = column.field;
        if (column.isText !== true) cell.classList.add("number");
        if (column.isWide === true) cell.classList.add("wide");
        root.append(cell);
        const draw = column.decorate?.(cell) ?? ((_: T, { text }: Cell) => setText(cell, text));
        return (row: T) => {
            const content = column.cell(row);
            setValue(cell, content.value);
            setAttribute(cell, "data-level", content.level);
            setAttribute(cell, "title", content.title);
            draw(row, content);
        };
    });
    return { root, update: (row) => updates.forEach((update) => update(row)) };
}

export class Table<T> {
    readonly root: HTMLElement;
    private readonly rows: Keyed<Row<T>>;

    constructor(label: string, columns: readonly Column<T>[]) {
        const heads = columns.map((column) => {
            const head = element("th", { scope: "col", role: "columnheader" }, column.title);
            if (column.isText !== true) head.classList.add("number");
            return head;
        });
        const body = element("tbody", { role: "rowgroup" });
        const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
        // The roles stay where the style sheet turns rows into blocks.
        this.root = element(
            "div",
            { class: "scroll" },
            element("table", { role: "table", "aria-label": label }, head, body),
        );
        this.rows = new Keyed(body, () => makeRow(columns));
    }

    /** Shows these rows, each under its key; `marks` become data attributes of the row. */
    show(entries: readonly { key: string; row: T; marks?: Record<string, string> }[]): void {
        const rows = this.rows.keep(entries.map(({ key }) => key));
        entries.forEach(({ key, row, marks }, place) => {
            const shown = rows[place];
            if (shown === undefined) return;
            setAttribute(shown.root, "data-key", key);
            for (const [name, value] of Object.entries(marks ?? {})) setAttribute(shown.root, `data-${name}`, value);
            shown.update(row);
        });
    }
}
