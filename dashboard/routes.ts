/** The routes with their variants and plugins, and the models that answer on them. */
import type { ModelStatus, RouteFigures, RouteStatus } from "../src/resty/openclaw/status/document.d.ts";
import * as format from "./format.ts";
import { errorLevel } from "./level.ts";
import { Plugins } from "./plugins.ts";
import { Section } from "./section.ts";
import type { Cell, Column } from "./table.ts";

interface RouteRow {
    name: string;
    field: "route" | "variant";
    figures: RouteFigures;
}

interface ModelRow {
    route: string;
    variant: string;
    name: string;
    model: ModelStatus;
}

type RecentSeconds = "p50_seconds" | "p95_seconds" | "p99_seconds" | "first_byte_p95_seconds";

function secondsColumn(field: RecentSeconds, title: string): Column<RouteRow> {
    return {
        field,
        title,
        cell: ({ figures: { recent } }) => ({ text: format.seconds(recent[field]), value: recent[field] }),
    };
}

function total(figures: RouteFigures): string | undefined {
    if (figures.requests === null) return undefined;
    const parts = Object.entries(figures.requests).filter(([, count]) => count > 0);
    return parts.map(([name, count]) => `${name}: ${format.count(count)}`).join(", ") || undefined;
}

function hitShare({ recent, cache_saved_seconds }: RouteFigures): Cell {
    return {
        text: format.share(recent.cache_hit_share),
        value: recent.cache_hit_share,
        title: cache_saved_seconds === null ? undefined : `${format.duration(cache_saved_seconds)} saved in all`,
    };
}

const ROUTE_COLUMNS: Column<RouteRow>[] = [
    {
        field: "name",
        title: "Route",
        isText: true,
        cell: ({ name, field }) => ({
            text: name === "" ? (field === "variant" ? "no variant" : "no route") : name,
            value: name,
        }),
    },
    {
        field: "requests_per_second",
        title: "Requests/s",
        cell: ({ figures }) => ({
            text: format.rate(figures.recent.requests_per_second),
            value: figures.recent.requests_per_second,
            title: total(figures),
        }),
    },
    {
        field: "error_share",
        title: "Errors",
        cell: ({ figures: { recent } }) => ({
            text: format.share(recent.error_share),
            value: recent.error_share,
            level: errorLevel(recent.error_share),
        }),
    },
    secondsColumn("p50_seconds", "p50"),
    secondsColumn("p95_seconds", "p95"),
    secondsColumn("p99_seconds", "p99"),
    secondsColumn("first_byte_p95_seconds", "First byte p95"),
    { field: "cache_hit_share", title: "Cache hits", cell: ({ figures }) => hitShare(figures) },
    {
        field: "response_bytes",
        title: "Sent",
        cell: ({ figures }) => ({
            text: format.bytes(figures.response_bytes),
            value: figures.response_bytes,
            title: figures.request_bytes === null ? undefined : `${format.bytes(figures.request_bytes)} received`,
        }),
    },
];

const MODEL_COLUMNS: Column<ModelRow>[] = [
    {
        field: "model",
        title: "Model",
        isText: true,
        cell: ({ name }) => ({ text: name === "" ? "no name" : name, value: name }),
    },
    {
        field: "route",
        title: "Route",
        isText: true,
        cell: ({ route, variant }) => ({ text: variant === "" ? route : `${route} / ${variant}`, value: route }),
    },
    {
        field: "prompt_tokens_per_second",
        title: "Prompt tokens/s",
        cell: ({ model: { recent, prompt_tokens } }) => ({
            text: format.rate(recent.prompt_tokens_per_second),
            value: recent.prompt_tokens_per_second,
            title: `${format.count(prompt_tokens)} in all`,
        }),
    },
    {
        field: "completion_tokens_per_second",
        title: "Completion tokens/s",
        cell: ({ model: { recent, completion_tokens } }) => ({
            text: format.rate(recent.completion_tokens_per_second),
            value: recent.completion_tokens_per_second,
            title: `${format.count(completion_tokens)} in all`,
        }),
    },
    {
        field: "answer_tokens_per_second_p50",
        title: "Tokens/s of an answer",
        cell: ({ model: { recent } }) => ({
            text: format.rate(recent.answer_tokens_per_second_p50),
            value: recent.answer_tokens_per_second_p50,
        }),
    },
    {
        field: "first_token_p95_seconds",
        title: "First token p95",
        cell: ({ model: { recent } }) => ({
            text: format.seconds(recent.first_token_p95_seconds),
            value: recent.first_token_p95_seconds,
        }),
    },
];

/** Separates the names in a key; no name contains it. */
const BETWEEN = "\0";

export class Routes {
    private readonly section = new Section<RouteRow>("routes", "Routes", ROUTE_COLUMNS, "No route has been used yet.");
    private readonly plugins = new Plugins();
    readonly root = this.section.root;

    constructor() {
        this.root.append(this.plugins.root);
    }

    show(routes: Record<string, RouteStatus>): void {
        const entries = Object.entries(routes).flatMap(([name, route]) => [
            { key: name, row: { name, field: "route" as const, figures: route }, marks: { kind: "route" } },
            ...Object.entries(route.variants ?? {}).map(([variant, figures]) => ({
                key: `${name}${BETWEEN}${variant}`,
                row: { name: variant, field: "variant" as const, figures },
                marks: { kind: "variant" },
            })),
        ]);
        this.section.show(entries);
        this.plugins.show(routes);
    }
}

function modelsOf(route: string, variant: string, figures: RouteFigures): { key: string; row: ModelRow }[] {
    return Object.entries(figures.models ?? {}).map(([name, model]) => ({
        key: [route, variant, name].join(BETWEEN),
        row: { route, variant, name, model },
    }));
}

export class Models {
    private readonly section = new Section<ModelRow>("models", "Models", MODEL_COLUMNS);
    readonly root = this.section.root;

    show(routes: Record<string, RouteStatus>): void {
        const entries = Object.entries(routes).flatMap(([name, route]) => {
            if (route.variants === null) return modelsOf(name, "", route);
            return Object.entries(route.variants).flatMap(([variant, figures]) => modelsOf(name, variant, figures));
        });
        this.section.show(entries);
    }
}
