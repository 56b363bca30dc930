/** What runs when a worker begins and ends. */
import * as purge_lists from "../cache/purges";
import * as names from "../config/names";
import * as guard from "../core/metrics/guard";
import type { Gateway } from "./builder";
import type { Plugin } from "./contract";

/** An instance, and how it is called in the log. */
interface Named {
    readonly plugin: Plugin;
    readonly subject: string;
}

/** The instances of all routes, each once, without the sinks of the log, which routes share. */
function own_instances(gateway: Gateway): Named[] {
    const known = new LuaSet<Plugin>();
    for (const log of gateway.logs) known.add(log);
    const all: Named[] = [];
    for (const route of names.sorted(gateway.routes)) {
        const { instances } = gateway.routes.get(route)!;
        for (const name of names.sorted(instances)) {
            const plugin = instances.get(name)!;
            if (!known.has(plugin)) all.push({ plugin, subject: `plugin "${name}" of the route "${route}"` });
            known.add(plugin);
        }
    }
    return all;
}

/** Starts the background work of a worker. What a plugin raises is a fault, and keeps no other from starting. Phases: init_worker. */
export function init_worker(gateway: Gateway): void {
    for (const [, balancer] of gateway.balancers) balancer.init_worker();
    for (const log of gateway.logs) log.init_worker();
    for (const { plugin, subject } of own_instances(gateway)) {
        if (plugin.init_worker !== undefined) {
            guard.call_for(gateway.faults, "init_worker", subject, () => {
                plugin.init_worker!();
            });
        }
    }
    if (gateway.purges !== undefined) purge_lists.init_worker(gateway.purges);
    gateway.status.init_worker();
}

/** Ends it: first what still writes records. Else as `init_worker`. Phases: exit_worker. */
export function exit_worker(gateway: Gateway): void {
    for (const { plugin, subject } of own_instances(gateway)) {
        if (plugin.exit_worker !== undefined) {
            guard.call_for(gateway.faults, "exit_worker", subject, () => {
                plugin.exit_worker!();
            });
        }
    }
    for (const log of gateway.logs) log.exit_worker();
    for (const [, balancer] of gateway.balancers) balancer.exit_worker();
}
