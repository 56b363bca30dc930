/** Metrics of names, computed at each scrape. */
import type { Emit, Registry } from "../../core/metrics/metric_registry";
import * as metric_registry from "../../core/metrics/metric_registry";

interface Shown {
    readonly names: readonly { readonly text: string }[];
    addresses(name: string): readonly unknown[] | undefined;
}

const shown_by_registry = new LuaMap<Registry, Shown[]>();

/** Upstreams may share a name; it is shown once. */
function emit_names(shown: Shown, emitted: LuaSet<string>, emit: Emit): void {
    for (const { text } of shown.names) {
        if (!emitted.has(text)) {
            emitted.add(text);
            emit(metric_registry.label_text(["name"], [text]), shown.addresses(text)?.length ?? 0);
        }
    }
}

/** Shows the names of an upstream. Phases: init. */
export function show(registry: Registry, shown: Shown): void {
    const others = shown_by_registry.get(registry);
    if (others !== undefined) {
        others.push(shown);
        return;
    }
    const all = [shown];
    shown_by_registry.set(registry, all);
    metric_registry.collect(registry, {
        name: "openclaw_dns_addresses",
        kind: "gauge",
        help: "Addresses that a name of nodes stands for, as the last answer had them; 0 before the first one.",
        collect: (emit: Emit) => {
            const emitted = new LuaSet<string>();
            for (const one of all) emit_names(one, emitted, emit);
        },
    });
}
