/** Runs at the start and the end of a worker. */
import type { Gateway } from "./builder";
import type { Plugin } from "./contract";

/** The instances of all routes, except the sinks of the log, which routes share. */
function own_instances(gateway: Gateway): LuaSet<Plugin> {
    const all = new LuaSet<Plugin>();
    for (const [, route] of gateway.routes) {
        for (const [, plugin] of route.instances) all.add(plugin);
    }
    for (const log of gateway.logs) all.delete(log);
    return all;
}

/** Starts the background work of a worker. Phases: init_worker. */
export function init_worker(gateway: Gateway): void {
    for (const [, balancer] of gateway.balancers) balancer.init_worker();
    for (const log of gateway.logs) log.init_worker();
    for (const plugin of own_instances(gateway)) plugin.init_worker?.();
    gateway.status.init_worker();
}

/** Stops it: first the plugins that still write records. Phases: exit_worker. */
export function exit_worker(gateway: Gateway): void {
    for (const plugin of own_instances(gateway)) plugin.exit_worker?.();
    for (const log of gateway.logs) log.exit_worker();
    for (const [, balancer] of gateway.balancers) balancer.exit_worker();
}
