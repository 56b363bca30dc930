/** The queues of the request log, and what went wrong within the gateway. */
import type { FaultStatus, QueueStatus, StatusDocument } from "../src/resty/openclaw/status/document.d.ts";
import * as format from "./format.ts";
import { Section } from "./section.ts";
import type { Column } from "./table.ts";

interface QueueRow {
    sink: string;
    queue: QueueStatus;
}

type QueueFigure = "queued" | "sent" | "retries";

export function dropped({ dropped }: QueueStatus): number {
    return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function figure(field: QueueFigure, title: string): Column<QueueRow> {
    return { field, title, cell: ({ queue }) => ({ text: format.count(queue[field]), value: queue[field] }) };
}

function reasons({ dropped }: QueueStatus): string | undefined {
    const parts = Object.entries(dropped).filter(([, count]) => count > 0);
    return parts.map(([reason, count]) => `${format.word(reason)}: ${format.count(count)}`).join(", ") || undefined;
}

const QUEUE_COLUMNS: Column<QueueRow>[] = [
    { field: "sink", title: "Sink", isText: true, cell: ({ sink }) => ({ text: sink, value: sink }) },
    figure("queued", "Waiting"),
    {
        field: "queued_bytes",
        title: "Size",
        cell: ({ queue }) => ({ text: format.bytes(queue.queued_bytes), value: queue.queued_bytes }),
    },
    {
        field: "spool_bytes",
        title: "On disk",
        cell: ({ queue }) => ({ text: format.bytes(queue.spool_bytes), value: queue.spool_bytes }),
    },
    figure("sent", "Sent"),
    figure("retries", "Retries"),
    {
        field: "dropped",
        title: "Dropped",
        cell: ({ queue }) => ({
            text: format.count(dropped(queue)),
            value: dropped(queue),
            level: dropped(queue) > 0 ? "bad" : undefined,
            title: reasons(queue),
        }),
    },
];

export class Queues {
    private readonly section = new Section<QueueRow>("queues", "Log queues", QUEUE_COLUMNS);
    readonly root = this.section.root;

    show(queues: Record<string, QueueStatus>): void {
        this.section.show(Object.entries(queues).map(([sink, queue]) => ({ key: sink, row: { sink, queue } })));
    }
}

const FAULT_COLUMNS: Column<FaultStatus>[] = [
    {
        field: "plugin",
        title: "Plugin",
        isText: true,
        cell: ({ plugin }) => ({ text: plugin, value: plugin }),
    },
    { field: "kind", title: "What", isText: true, cell: ({ kind }) => ({ text: format.word(kind), value: kind }) },
    { field: "count", title: "Times", cell: ({ count }) => ({ text: format.count(count), value: count }) },
];

/** What the metrics lost is shown with the faults. */
function lost({ metrics }: StatusDocument): FaultStatus[] {
    return Object.entries(metrics)
        .filter(([kind, count]) => kind !== "expired_series" && count !== null && count > 0)
        .map(([kind, count]) => ({ plugin: "metrics", kind, count: count ?? 0 }));
}

export class Faults {
    private readonly section = new Section<FaultStatus>("faults", "Faults", FAULT_COLUMNS);
    readonly root = this.section.root;

    show(status: StatusDocument): void {
        const faults = [...status.faults.filter(({ count }) => count > 0), ...lost(status)];
        this.section.show(faults.map((fault) => ({ key: `${fault.plugin}\0${fault.kind}`, row: fault })));
    }
}
