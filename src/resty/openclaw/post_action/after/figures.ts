/** The counters and gauges of actions. */
import * as shared_memory from "../../core/memory/shared_memory";
import * as gauges from "../../core/metrics/gauges";
import type { Counter } from "../../core/metrics/metric_handles";
import type { Family } from "../../core/metrics/metric_registry";
import type { Registry } from "../../core/metrics/metric_registry";
import * as metric_registry from "../../core/metrics/metric_registry";
import { transient_slot } from "../figures";

/** How an action ended. */
export type Outcome = "done" | "failed" | "dropped";

export interface Figures {
    readonly registry: Registry;
    readonly outcomes: Family<Counter>;
    readonly waiting_slot: number;
    readonly running_slot: number;
    /** Whether each outcome has its series. */
    shows_outcomes: boolean;
}

const OUTCOMES: Outcome[] = ["done", "failed", "dropped"];

const figures_by_registry = new LuaMap<Registry, Figures>();

/** Adds a gauge that is a sum over workers; returns the slot for the part of each. */
function gauge(registry: Registry, name: string, help: string): number {
    const slot = transient_slot(registry, name);
    gauges.of(registry, name, help, [], (sample) => sample(shared_memory.total(registry.region, slot)));
    return slot;
}

/** The counters and gauges of a registry; always the same. Phases: init. */
export function open(registry: Registry): Figures {
    const known = figures_by_registry.get(registry);
    if (known !== undefined) return known;
    const outcomes = metric_registry.counter(
        registry,
        "openclaw_post_action_actions_total",
        "Actions after the response, by outcome.",
        ["outcome"],
    );
    const figures = {
        registry,
        outcomes,
        waiting_slot: gauge(registry, "openclaw_post_action_actions_waiting", "Actions that are queued."),
        running_slot: gauge(registry, "openclaw_post_action_actions_running", "Actions that are running."),
        shows_outcomes: false,
    };
    figures_by_registry.set(registry, figures);
    return figures;
}

/** Counts actions. Phases: any. */
export function count(figures: Figures, outcome: Outcome, actions = 1): void {
    // Not in init: the option `labels` may be read after this module was loaded.
    if (!figures.shows_outcomes) {
        figures.shows_outcomes = true;
        for (const each of OUTCOMES) figures.outcomes.labels(each);
    }
    figures.outcomes.labels(outcome).inc(actions);
}

/** Sets how many actions this worker has. Phases: any. */
export function show(figures: Figures, waiting: number, running: number): void {
    const mine = figures.registry.region.mine;
    mine.set(figures.waiting_slot, waiting);
    mine.set(figures.running_slot, running);
}
