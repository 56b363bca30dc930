/** What nginx and the gateway's memory look like as a whole; worked out when somebody looks. */
import * as metric_registry from "../core/metrics/metric_registry";
import type { Emit, Registry } from "../core/metrics/metric_registry";
import * as room from "../core/metrics/metric_registry/room";
import * as request from "../core/request/request";
import * as shared_memory from "../core/memory/shared_memory";
import * as rows from "../core/memory/shared_memory/rows";
import { VERSION } from "../core/process/version";

const CONNECTIONS = "openclaw_connections";
/** Those of ngx_http_stub_status_module, which has `$connections_active` and its like; not every nginx has it. */
const STATES = ["active", "reading", "writing", "waiting"];

function show(registry: Registry, name: string, help: string, collect: (this: void, emit: Emit) => void): void {
    metric_registry.collect(registry, { name, kind: "gauge", help, collect });
}

/** The variables can only be read in a request. */
function connections(emit: Emit): void {
    for (const state of STATES) {
        const count = tonumber(request.variable(`connections_${state}`));
        if (count !== undefined) emit(metric_registry.label_text(["state"], [state]), count);
    }
}

function emit_slots(registry: Registry, area: string, space: rows.Space, emit: Emit): void {
    const [used, free] = shared_memory.usage(registry.region, space);
    emit(metric_registry.label_text(["area", "state"], [area, "used"]), used);
    emit(metric_registry.label_text(["area", "state"], [area, "free"]), free);
}

function show_slots(registry: Registry): void {
    const help =
        "Numbers that the shared memory has room for, those with a name and those free: area series for counts, nodes for " +
        "what lives as long as a node or a worker.";
    show(registry, "openclaw_shared_memory_slots", help, (emit) => {
        emit_slots(registry, "series", rows.LASTING, emit);
        emit_slots(registry, "nodes", rows.TRANSIENT, emit);
    });
}

function show_bytes(registry: Registry): void {
    const help =
        "Bytes of the lua_shared_dict that holds the names of series, nodes and more: in use, and in free pages.";
    show(registry, "openclaw_shared_memory_bytes", help, (emit) => {
        const [used, free] = room.usage(registry);
        if (used === undefined) return;
        emit(metric_registry.label_text(["state"], ["used"]), used);
        emit(metric_registry.label_text(["state"], ["free"]), free!);
    });
}

function is_shown(registry: Registry): boolean {
    for (const collector of registry.collectors) {
        if (collector.name === CONNECTIONS) return true;
    }
    return false;
}

/** Adds these figures to a registry, once. Phases: init. */
export function show_all(registry: Registry): void {
    if (is_shown(registry)) return;
    show(registry, CONNECTIONS, "Connections of clients, by what nginx does with them.", connections);
    show(registry, "openclaw_build_info", "1; the label says which version runs.", (emit) => {
        emit(metric_registry.label_text(["version"], [VERSION]), 1);
    });
    show(registry, "openclaw_workers", "Workers that the configuration asks for.", (emit) => {
        emit("", ngx.worker.count());
    });
    show_slots(registry);
    show_bytes(registry);
}
