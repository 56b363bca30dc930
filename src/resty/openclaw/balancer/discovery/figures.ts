/** Metrics of names, computed at each scrape. */
import type { Entries, Sample } from "../../core/metrics/gauges";
import * as gauges from "../../core/metrics/gauges";
import type { Registry } from "../../core/metrics/metric_registry";

interface Shown {
    readonly names: readonly { readonly text: string }[];
    addresses(name: string): readonly unknown[] | undefined;
}

const shown_by_registry: Entries<Shown> = new LuaMap();

/** Upstreams may share a name; it is shown once. */
function sample_names(shown: Shown, sampled: LuaSet<string>, sample: Sample): void {
    for (const { text } of shown.names) {
        if (!sampled.has(text)) {
            sampled.add(text);
            sample(shown.addresses(text)?.length ?? 0, text);
        }
    }
}

function show_names(registry: Registry, all: readonly Shown[]): void {
    const help = "Addresses that a name of nodes stands for, as the last answer had them; 0 before the first one.";
    gauges.of(registry, "openclaw_dns_addresses", help, ["name"], (sample) => {
        const sampled = new LuaSet<string>();
        for (const one of all) sample_names(one, sampled, sample);
    });
}

/** Shows the names of an upstream. Phases: init. */
export function show(registry: Registry, shown: Shown): void {
    gauges.add(shown_by_registry, registry, shown, show_names);
}
