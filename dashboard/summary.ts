/** The heading of the page, and its largest figures. */
import type { StatusDocument } from "../src/resty/openclaw/status/document.d.ts";
import { element, setAttribute, setText, setValue } from "./dom.ts";
import * as format from "./format.ts";
import { errorLevel } from "./level.ts";
import { isUp } from "./nodes.ts";
import { dropped } from "./trouble.ts";

export interface Summary {
    requests_per_second: number | null;
    error_share: number | null;
    in_flight: number;
    nodes: number;
    nodes_up: number;
    nodes_down: number;
    queued: number;
    dropped: number;
}

/** The sum of all routes, nodes and queues. */
export function summarize(status: StatusDocument): Summary {
    let rate: number | null = null;
    let errors = 0;
    for (const { recent } of Object.values(status.routes)) {
        if (recent.requests_per_second === null) continue;
        rate = (rate ?? 0) + recent.requests_per_second;
        errors += recent.requests_per_second * (recent.error_share ?? 0);
    }
    // A node may serve several upstreams; its requests are those of all of them.
    const byAddress = new Map(
        Object.values(status.upstreams).flatMap(({ nodes }) => nodes.map((node) => [node.address, node] as const)),
    );
    const nodes = [...byAddress.values()];
    const queues = Object.values(status.queues);
    return {
        requests_per_second: rate,
        error_share: rate === null || rate === 0 ? null : errors / rate,
        in_flight: nodes.reduce((sum, node) => sum + node.in_flight, 0),
        nodes: nodes.length,
        nodes_up: nodes.filter(isUp).length,
        nodes_down: nodes.filter(({ state }) => state === "down").length,
        queued: queues.reduce((sum, { queued }) => sum + (queued ?? 0), 0),
        dropped: queues.reduce((sum, queue) => sum + dropped(queue), 0),
    };
}

class Tile {
    private readonly figure: HTMLElement;
    private readonly more = element("div", { class: "more" });
    readonly root: HTMLElement;

    constructor(field: string, title: string) {
        this.figure = element("div", { class: "figure", "data-field": field });
        this.root = element(
            "div",
            { class: "tile" },
            element("div", { class: "title" }, title),
            this.figure,
            this.more,
        );
    }

    show(text: string, value: number | null, more: string, level?: string): void {
        setText(this.figure, text);
        setValue(this.figure, value);
        setAttribute(this.figure, "data-level", level);
        setText(this.more, more);
    }
}

/** About a minute, in seconds. */
function span(seconds: number): string {
    return `${Math.round(seconds)}\u202fs`;
}

/** The share of the slots, or of the dict's bytes, that is in use: the larger one. */
function memory({ memory: { slots, bytes } }: StatusDocument): number {
    const shares = [slots, bytes].map((usage) => (usage === null ? 0 : usage.used / (usage.used + usage.free)));
    return Math.max(...shares);
}

function failures(status: StatusDocument): string {
    const failed = Object.values(status.routes).reduce(
        (sum, { requests }) => sum + (requests === null ? 0 : requests["5xx"] + requests.other),
        0,
    );
    return `${format.count(failed)} since nginx started`;
}

export class Tiles {
    private readonly rate = new Tile("requests_per_second", "Requests per second");
    private readonly errors = new Tile("error_share", "Errors");
    private readonly nodes = new Tile("nodes_up", "Nodes up");
    private readonly flight = new Tile("in_flight", "In flight at nodes");
    private readonly queue = new Tile("queued", "Log entries waiting");
    readonly root = element(
        "section",
        { class: "tiles", id: "summary", "aria-label": "Summary" },
        ...[this.rate, this.errors, this.nodes, this.flight, this.queue].map(({ root }) => root),
    );

    show(status: StatusDocument): void {
        const sums = summarize(status);
        const window =
            status.window_seconds === 0 ? "too early to tell" : `over the last ${span(status.window_seconds)}`;
        this.rate.show(format.rate(sums.requests_per_second), sums.requests_per_second, window);
        this.errors.show(
            format.share(sums.error_share),
            sums.error_share,
            failures(status),
            errorLevel(sums.error_share),
        );
        const level = sums.nodes_up === sums.nodes ? undefined : sums.nodes_up === 0 ? "bad" : "warn";
        this.nodes.show(`${sums.nodes_up} of ${sums.nodes}`, sums.nodes_up, this.upstreams(status), level);
        this.flight.show(format.count(sums.in_flight), sums.in_flight, this.connections(status));
        const lost = sums.dropped === 0 ? "none dropped" : `${format.count(sums.dropped)} dropped`;
        this.queue.show(format.count(sums.queued), sums.queued, lost, sums.dropped > 0 ? "warn" : undefined);
        this.queue.root.hidden = Object.keys(status.queues).length === 0;
    }

    private upstreams(status: StatusDocument): string {
        const count = Object.keys(status.upstreams).length;
        return count === 1 ? "in 1 upstream" : `in ${count} upstreams`;
    }

    private connections({ connections }: StatusDocument): string {
        return connections === null ? "" : `${format.count(connections.writing)} connections busy`;
    }
}

export class Facts {
    private readonly list = element("dl", { class: "facts" });
    readonly root = this.list;
    private readonly fields = new Map<string, HTMLElement>();

    private set(field: string, title: string, text: string, value: string | number | null): void {
        let place = this.fields.get(field);
        if (place === undefined) {
            place = element("dd", { "data-field": field });
            this.fields.set(field, place);
            this.list.append(element("div", {}, element("dt", {}, title), place));
        }
        setText(place, text);
        setValue(place, value);
    }

    show(status: StatusDocument): void {
        const uptime = status.started === null ? null : status.time - status.started;
        this.set("version", "Version", status.version, status.version);
        this.set("uptime", "Up", format.duration(uptime), uptime);
        this.set("workers", "Workers", format.count(status.workers), status.workers);
        const active = status.connections?.active ?? null;
        this.set("connections", "Connections", format.count(active), active);
        const used = memory(status);
        this.set("memory", "Memory for figures", format.share(used), used);
        this.set("window_seconds", "Window", span(status.window_seconds), status.window_seconds);
    }
}
