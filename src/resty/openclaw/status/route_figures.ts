/** The figures of the requests to each route and to each of its variants. */
import type { Tally } from "./tally";
import * as tallies from "./tally";
import type { Window } from "./window";
import * as windows from "./window";

/** How many values came into each bucket of a histogram within the window. */
export interface Spread {
    readonly counts: number[];
    bounds: readonly number[];
}

/** Responses of one model. */
export interface Model {
    prompt_tokens: number;
    completion_tokens: number;
    recent_prompt_tokens: number;
    recent_completion_tokens: number;
    readonly first_token: Spread;
    readonly speed: Spread;
}

export interface Figures {
    /** Nothing where nobody counts it, as all figures that may be missing. */
    readonly requests: Tally | undefined;
    readonly duration: Spread;
    readonly first_byte: Spread;
    /** Within the window: requests to a cache, and those that it answered. */
    cached: number;
    hits: number;
    saved_seconds: number | undefined;
    request_bytes: number | undefined;
    response_bytes: number | undefined;
    readonly models: LuaMap<string, Model>;
}

export interface Route {
    readonly all: Figures;
    /** By name; that of requests without one is "". */
    readonly variants: LuaMap<string, Figures>;
}

export type Routes = LuaMap<string, Route>;

const REQUESTS = "openclaw_requests_total";
const DURATION = "openclaw_request_duration_seconds";
const FIRST_BYTE = "openclaw_request_first_byte_seconds";
const CACHE = "openclaw_cache_requests_total";
const SAVED = "openclaw_cache_saved_seconds_total";
const REQUEST_BYTES = "openclaw_request_bytes_total";
const RESPONSE_BYTES = "openclaw_response_bytes_total";
const PROMPT = "openclaw_inference_prompt_tokens_total";
const COMPLETION = "openclaw_inference_completion_tokens_total";
const FIRST_TOKEN = "openclaw_inference_first_token_seconds";
const SPEED = "openclaw_inference_tokens_per_second";

/** Of `$upstream_cache_status`: those whose response waited for no node. */
const HITS: Readonly<Record<string, true | undefined>> = { hit: true, stale: true, updating: true };

function new_spread(): Spread {
    return { counts: [], bounds: [] };
}

function new_figures(window: Window): Figures {
    const zero = (name: string): number | undefined => (windows.exists(window, name) ? 0 : undefined);
    return {
        requests: windows.exists(window, REQUESTS) ? tallies.new() : undefined,
        duration: new_spread(),
        first_byte: new_spread(),
        cached: 0,
        hits: 0,
        saved_seconds: zero(SAVED),
        request_bytes: zero(REQUEST_BYTES),
        response_bytes: zero(RESPONSE_BYTES),
        models: new LuaMap<string, Model>(),
    };
}

function route_of(window: Window, routes: Routes, name: string): Route {
    const known = routes.get(name);
    if (known !== undefined) return known;
    const made: Route = { all: new_figures(window), variants: new LuaMap<string, Figures>() };
    routes.set(name, made);
    return made;
}

function variant_of(window: Window, route: Route, name: string): Figures {
    const known = route.variants.get(name);
    if (known !== undefined) return known;
    const made = new_figures(window);
    route.variants.set(name, made);
    return made;
}

function model_of(figures: Figures, name: string): Model {
    const known = figures.models.get(name);
    if (known !== undefined) return known;
    const made: Model = {
        prompt_tokens: 0,
        completion_tokens: 0,
        recent_prompt_tokens: 0,
        recent_completion_tokens: 0,
        first_token: new_spread(),
        speed: new_spread(),
    };
    figures.models.set(name, made);
    return made;
}

function widen(spread: Spread, counts: readonly number[], bounds: readonly number[]): void {
    for (const place of $range(0, counts.length - 1)) {
        spread.counts[place] = (spread.counts[place] ?? 0) + counts[place]!;
    }
    spread.bounds = bounds;
}

type Add = (this: void, figures: Figures, label: string, total: number, recent: number) => void;

/** Adds each series of a family to its route and to its variant. `label`: the label whose value `add` gets. */
function count(window: Window, routes: Routes, name: string, label: string, add: Add): void {
    windows.each(window, name, (labels, total, recent) => {
        const route = route_of(window, routes, labels.route ?? "");
        const value = labels[label] ?? "";
        add(route.all, value, total, recent);
        add(variant_of(window, route, labels.variant ?? ""), value, total, recent);
    });
}

type Pick = (this: void, figures: Figures, model: string) => Spread;

function spread(window: Window, routes: Routes, name: string, pick: Pick): void {
    windows.each_histogram(window, name, (labels, counts, bounds) => {
        const route = route_of(window, routes, labels.route ?? "");
        const model = labels.model ?? "";
        widen(pick(route.all, model), counts, bounds);
        widen(pick(variant_of(window, route, labels.variant ?? ""), model), counts, bounds);
    });
}

/** All routes that somebody counts, and those whose names are given. Phases: those in which the window may yield. */
export function gather(window: Window, names: readonly string[]): Routes {
    const routes: Routes = new LuaMap<string, Route>();
    for (const name of names) {
        route_of(window, routes, name);
        window.yield_if_due();
    }
    count(window, routes, REQUESTS, "status", (figures, status, total, recent) => {
        tallies.add(figures.requests!, status, total, recent);
    });
    spread(window, routes, DURATION, (figures) => figures.duration);
    spread(window, routes, FIRST_BYTE, (figures) => figures.first_byte);
    count(window, routes, CACHE, "status", (figures, status, _, recent) => {
        figures.cached += recent;
        if (HITS[status] !== undefined) figures.hits += recent;
    });
    count(window, routes, SAVED, "", (figures, _, total) => {
        figures.saved_seconds = (figures.saved_seconds ?? 0) + total;
    });
    count(window, routes, REQUEST_BYTES, "", (figures, _, total) => {
        figures.request_bytes = (figures.request_bytes ?? 0) + total;
    });
    count(window, routes, RESPONSE_BYTES, "", (figures, _, total) => {
        figures.response_bytes = (figures.response_bytes ?? 0) + total;
    });
    count(window, routes, PROMPT, "model", (figures, name, total, recent) => {
        const model = model_of(figures, name);
        model.prompt_tokens += total;
        model.recent_prompt_tokens += recent;
    });
    count(window, routes, COMPLETION, "model", (figures, name, total, recent) => {
        const model = model_of(figures, name);
        model.completion_tokens += total;
        model.recent_completion_tokens += recent;
    });
    spread(window, routes, FIRST_TOKEN, (figures, name) => model_of(figures, name).first_token);
    spread(window, routes, SPEED, (figures, name) => model_of(figures, name).speed);
    return routes;
}
