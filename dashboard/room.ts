/** The waiting room of an upstream: a line about its places, a row for each class. */
import type { RoomClassStatus, RoomStatus } from "../src/resty/openclaw/status/document.d.ts";
import { element, setText, setValue } from "./dom.ts";
import * as format from "./format.ts";
import { errorLevel } from "./level.ts";
import type { Column } from "./table.ts";
import { Table } from "./table.ts";

/** How many of those who asked for a place were refused; null where nobody asked. */
function refusedShare({ requests_per_second, refused_per_second }: RoomClassStatus): number | null {
    const all = (requests_per_second ?? 0) + (refused_per_second ?? 0);
    return all === 0 ? null : (refused_per_second ?? 0) / all;
}

const COLUMNS: Column<RoomClassStatus>[] = [
    {
        field: "name",
        title: "Class",
        isText: true,
        cell: ({ name, weight }) => ({ text: name, value: name, title: `Weight ${format.number(weight)}` }),
    },
    {
        field: "waiting",
        title: "Waiting",
        cell: ({ waiting, size }) => ({
            text: `${format.count(waiting)} of ${format.count(size)}`,
            value: waiting,
            level: waiting > 0 && waiting >= size ? "warn" : undefined,
        }),
    },
    {
        field: "p95_wait_seconds",
        title: "Wait p95",
        cell: ({ p95_wait_seconds }) => ({ text: format.seconds(p95_wait_seconds), value: p95_wait_seconds }),
    },
    {
        field: "requests_per_second",
        title: "Admitted/s",
        cell: ({ requests_per_second }) => ({ text: format.rate(requests_per_second), value: requests_per_second }),
    },
    {
        field: "refused_per_second",
        title: "Refused/s",
        cell: (row) => ({
            text: format.rate(row.refused_per_second),
            value: row.refused_per_second,
            level: errorLevel(refusedShare(row)),
        }),
    },
];

/** Where the number of places comes from. */
function origin({ learned, changed }: RoomStatus): string {
    if (changed) return "number set by an operator";
    return learned ? "number learned" : "number as configured";
}

export class Room {
    private readonly taken = element("small", { "data-field": "taken" });
    private readonly concurrency = element("small", { "data-field": "concurrency" });
    private readonly table: Table<RoomClassStatus>;
    readonly root: HTMLElement;

    constructor(upstream: string) {
        this.table = new Table(`Waiting room of ${upstream}`, COLUMNS);
        const head = element("h3", {}, "Waiting room", this.taken, this.concurrency);
        this.root = element("div", { class: "room" }, head, this.table.root);
    }

    /** null: there is none. */
    show(room: RoomStatus | null): void {
        this.root.hidden = room === null;
        this.table.show((room?.classes ?? []).map((row) => ({ key: row.name, row })));
        if (room === null) return;
        setText(this.taken, `${format.count(room.taken)} of ${format.count(room.concurrency)} places taken`);
        setValue(this.taken, room.taken);
        setText(this.concurrency, origin(room));
        setValue(this.concurrency, room.concurrency);
    }
}
