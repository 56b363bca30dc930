/** The links of routes at the edge, and the jobs that wait for them. */
import type { EdgeStatus } from "../src/resty/openclaw/status/document.d.ts";
import { element, setAttribute, setText } from "./dom.ts";
import * as format from "./format.ts";
import { Section } from "./section.ts";
import type { Column } from "./table.ts";

interface EdgeRow {
    route: string;
    edge: EdgeStatus;
}

function drawLink(cell: HTMLElement): (row: EdgeRow) => void {
    const pill = element("span", { class: "state" });
    cell.append(pill);
    return ({ edge }) => {
        setText(pill, edge.link ?? format.NONE);
        setAttribute(pill, "data-state", edge.link === "up" ? "healthy" : (edge.link ?? ""));
    };
}

function results({ results }: EdgeStatus): string | undefined {
    const parts = Object.entries(results).filter(([, count]) => count > 0);
    return parts.map(([result, count]) => `${format.word(result)}: ${format.count(count)}`).join(", ") || undefined;
}

const COLUMNS: Column<EdgeRow>[] = [
    { field: "route", title: "Route", isText: true, cell: ({ route }) => ({ text: route, value: route }) },
    {
        field: "link",
        title: "Link",
        isText: true,
        cell: ({ edge }) => ({ text: edge.link ?? format.NONE, value: edge.link }),
        decorate: drawLink,
    },
    {
        field: "pending",
        title: "Jobs waiting",
        cell: ({ edge }) => ({ text: format.count(edge.pending), value: edge.pending, title: results(edge) }),
    },
    {
        field: "oldest_seconds",
        title: "Oldest",
        cell: ({ edge }) => ({ text: format.duration(edge.oldest_seconds), value: edge.oldest_seconds }),
    },
    {
        field: "done",
        title: "Answers kept",
        cell: ({ edge }) => ({ text: format.count(edge.done), value: edge.done }),
    },
    {
        field: "failed",
        title: "Failed",
        cell: ({ edge }) => ({ text: format.count(edge.failed), value: edge.failed }),
    },
    {
        field: "stored_bytes",
        title: "Size",
        cell: ({ edge }) => ({ text: format.bytes(edge.stored_bytes), value: edge.stored_bytes }),
    },
];

export class Edges {
    private readonly section = new Section<EdgeRow>("edges", "Edge", COLUMNS);
    readonly root = this.section.root;

    show(edges: Record<string, EdgeStatus>): void {
        this.section.show(Object.entries(edges).map(([route, edge]) => ({ key: route, row: { route, edge } })));
    }
}
