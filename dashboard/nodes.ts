/** The nodes of each upstream: a card for each upstream, a row for each node, and its waiting room. */
import type { NodeStatus, UpstreamStatus } from "../src/resty/openclaw/status/document.d.ts";
import { Sparkline } from "./chart.ts";
import { element, Keyed, setAttribute, setText, setValue } from "./dom.ts";
import * as format from "./format.ts";
import { errorLevel } from "./level.ts";
import { Room } from "./room.ts";
import type { Column } from "./table.ts";
import { Table } from "./table.ts";

interface NodeRow {
    node: NodeStatus;
    /** The largest weight of the upstream's nodes. */
    most: number;
}

/** The mean of the points that are known; null where none is. */
function mean(points: readonly (number | null)[]): number | null {
    const known = points.filter((point) => point !== null);
    return known.length === 0 ? null : known.reduce((sum, point) => sum + point, 0) / known.length;
}

/** Why a node gets no requests, and for how long; nothing where it gets them, or where its state tells enough. */
function whyLeftOut({ reason, state, seconds_left }: NodeStatus): string | undefined {
    if (reason === null) return undefined;
    const parts = reason === state ? [] : [format.word(reason)];
    if (seconds_left !== null && seconds_left > 0) parts.push(`tried again in ${format.seconds(seconds_left)}`);
    return parts.join(", ") || undefined;
}

function drawState(cell: HTMLElement): (row: NodeRow) => void {
    const pill = element("span", { class: "state" });
    cell.append(pill);
    return ({ node }) => {
        setText(pill, format.word(node.state));
        setAttribute(pill, "data-state", node.state);
        setAttribute(pill, "title", whyLeftOut(node));
    };
}

function drawWeight(cell: HTMLElement): (row: NodeRow) => void {
    const bar = element("i");
    const text = element("span");
    cell.append(element("span", { class: "weight" }, element("span", { class: "meter" }, bar), text));
    return ({ node, most }) => {
        setText(text, format.weight(node.effective_weight));
        bar.style.width = `${most > 0 ? Math.round((100 * (node.effective_weight ?? 0)) / most) : 0}%`;
    };
}

function drawSparkline(cell: HTMLElement): (row: NodeRow) => void {
    let sparkline: Sparkline | undefined;
    const place = element("span", { class: "spark", role: "img" });
    const dash = element("span", {}, format.NONE);
    cell.append(place, dash);
    return ({ node }) => {
        place.hidden = node.seconds === null;
        dash.hidden = node.seconds !== null;
        if (node.seconds === null) return;
        sparkline ??= new Sparkline(place);
        sparkline.show(node.seconds);
        setAttribute(place, "aria-label", `Mean of the last five minutes: ${format.seconds(mean(node.seconds))}`);
    };
}

const COLUMNS: Column<NodeRow>[] = [
    {
        field: "address",
        title: "Node",
        isText: true,
        cell: ({ node }) => ({ text: node.address, value: node.address }),
    },
    {
        field: "state",
        title: "State",
        isText: true,
        cell: ({ node }) => ({ text: node.state, value: node.state }),
        decorate: drawState,
    },
    {
        field: "effective_weight",
        title: "Weight",
        cell: ({ node }) => ({
            text: "",
            value: node.effective_weight,
            title: `Set to ${format.weight(node.weight)}${node.drain ? ", drains" : ""}`,
        }),
        decorate: drawWeight,
    },
    {
        field: "in_flight",
        title: "In flight",
        cell: ({ node }) => ({ text: format.count(node.in_flight), value: node.in_flight }),
    },
    {
        field: "requests_per_second",
        title: "Attempts/s",
        cell: ({ node: { recent, tries } }) => ({
            text: format.rate(recent.requests_per_second),
            value: recent.requests_per_second,
            title: tries === null ? undefined : `${format.count(tries)} in all`,
        }),
    },
    {
        field: "error_share",
        title: "Errors",
        cell: ({ node: { recent } }) => ({
            text: format.share(recent.error_share),
            value: recent.error_share,
            level: errorLevel(recent.error_share),
        }),
    },
    {
        field: "service_seconds",
        title: "Service",
        cell: ({ node }) => ({
            text: format.seconds(node.service_seconds),
            value: node.service_seconds,
            title: node.concurrency === null ? undefined : `${format.rate(node.concurrency)} side by side`,
        }),
    },
    {
        field: "mean_seconds",
        title: "Mean",
        cell: ({ node: { recent } }) => ({ text: format.seconds(recent.mean_seconds), value: recent.mean_seconds }),
    },
    {
        field: "seconds",
        title: "Mean, last 5 min",
        isWide: true,
        cell: ({ node }) => ({ text: "", value: node.seconds?.map((point) => point ?? "").join() ?? null }),
        decorate: drawSparkline,
    },
];

/** Whether a node takes requests. */
export function isUp(node: NodeStatus): boolean {
    return node.state !== "down" && node.state !== "draining";
}

class Card {
    readonly root: HTMLElement;
    private readonly up = element("small");
    private readonly degraded = element("span", { class: "state", "data-field": "degraded", "data-state": "degraded" });
    private readonly table: Table<NodeRow>;
    private readonly room: Room;

    constructor(name: string) {
        this.room = new Room(name);
        this.table = new Table<NodeRow>(`Nodes of ${name}`, COLUMNS);
        const head = element("h2", {}, name, this.up, this.degraded);
        this.root = element(
            "section",
            { class: "card", "data-upstream": name, "aria-label": `Upstream ${name}` },
            head,
        );
        this.root.append(this.table.root, this.room.root);
        this.degraded.hidden = true;
    }

    show(upstream: UpstreamStatus): void {
        const { nodes } = upstream;
        setText(this.up, `${nodes.filter(isUp).length} of ${nodes.length} nodes up`);
        setText(this.degraded, upstream.degraded === true ? "fallback answers" : "");
        setValue(this.degraded, upstream.degraded);
        this.degraded.hidden = upstream.degraded !== true;
        const most = Math.max(0, ...nodes.map((node) => node.effective_weight ?? 0));
        this.table.show(
            nodes.map((node) => ({
                key: node.address,
                row: { node, most },
                marks: { state: node.state },
            })),
        );
        this.room.show(upstream.queue);
    }
}

export class Upstreams {
    readonly root = element("div", { id: "upstreams" });
    private readonly cards = new Keyed(this.root, (name) => new Card(name));

    show(upstreams: Record<string, UpstreamStatus>): void {
        const entries = Object.entries(upstreams);
        const cards = this.cards.keep(entries.map(([name]) => name));
        entries.forEach(([, upstream], place) => cards[place]?.show(upstream));
    }
}
