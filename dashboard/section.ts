/** A card with a heading and one table. */
import { element } from "./dom.ts";
import type { Column } from "./table.ts";
import { Table } from "./table.ts";

export class Section<T> {
    readonly root: HTMLElement;
    private readonly table: Table<T>;
    private readonly empty: HTMLElement;

    /** `emptyText`: shown when there are no rows; without it the section is hidden then. */
    constructor(
        id: string,
        title: string,
        columns: readonly Column<T>[],
        private readonly emptyText?: string,
    ) {
        this.table = new Table(title, columns);
        this.empty = element("p", { class: "empty" }, emptyText ?? "");
        const head = element("h2", {}, title);
        this.root = element("section", { class: "card", id, "aria-label": title }, head, this.table.root, this.empty);
    }

    show(entries: Parameters<Table<T>["show"]>[0]): void {
        const isEmpty = entries.length === 0;
        this.root.hidden = isEmpty && this.emptyText === undefined;
        this.table.root.hidden = isEmpty;
        this.empty.hidden = !isEmpty;
        this.table.show(entries);
    }
}
