/** Gauges of nginx and of the gateway's memory. */
import * as shared_memory from "../core/memory/shared_memory";
import * as rows from "../core/memory/shared_memory/rows";
import type { Sample } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Registry } from "../core/metrics/metric_registry";
import * as room from "../core/metrics/metric_registry/room";
import { VERSION } from "../core/process/version";
import * as request from "../core/request/request";

const CONNECTIONS = "openclaw_connections";
/** Those of ngx_http_stub_status_module, which has `$connections_active` and its like; not every nginx has it. */
const STATES = ["active", "reading", "writing", "waiting"];

/** The variables can only be read in a request. */
function connections(sample: Sample): void {
    for (const state of STATES) {
        const count = tonumber(request.variable(`connections_${state}`));
        if (count !== undefined) sample(count, state);
    }
}

function sample_slots(registry: Registry, area: string, space: rows.Space, sample: Sample): void {
    const [used, free] = shared_memory.usage(registry.region, space);
    sample(used, area, "used");
    sample(free, area, "free");
}

function show_slots(registry: Registry): void {
    const help =
        "Numbers that the shared memory has room for, those with a name and those free: area series for counts, nodes for " +
        "what lives as long as a node or a worker.";
    gauges.of(registry, "openclaw_shared_memory_slots", help, ["area", "state"], (sample) => {
        sample_slots(registry, "series", rows.LASTING, sample);
        sample_slots(registry, "nodes", rows.TRANSIENT, sample);
    });
}

function show_bytes(registry: Registry): void {
    const help =
        "Bytes of the lua_shared_dict that holds the names of series, nodes and more: in use, and in free pages.";
    gauges.of(registry, "openclaw_shared_memory_bytes", help, ["state"], (sample) => {
        const [used, free] = room.usage(registry);
        if (used === undefined) return;
        sample(used, "used");
        sample(free!, "free");
    });
}

function is_shown(registry: Registry): boolean {
    for (const collector of registry.collectors) {
        if (collector.name === CONNECTIONS) return true;
    }
    return false;
}

/** Adds these gauges to a registry, once. Phases: init. */
export function show_all(registry: Registry): void {
    if (is_shown(registry)) return;
    const connections_help = "Connections of clients, by what nginx does with them.";
    gauges.of(registry, CONNECTIONS, connections_help, ["state"], connections);
    gauges.of(registry, "openclaw_build_info", "1; the label says which version runs.", ["version"], (sample) => {
        sample(1, VERSION);
    });
    gauges.of(registry, "openclaw_workers", "Workers that the configuration asks for.", [], (sample) => {
        sample(ngx.worker.count());
    });
    show_slots(registry);
    show_bytes(registry);
}
