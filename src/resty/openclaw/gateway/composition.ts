/**
 * Makes one function for each phase of a route: a straight chain of calls, one for each plugin. The chain is Lua code that is
 * generated here, because LuaJIT does not compile short loops well, and treats all closures of one prototype as one function. So
 * there is one chain for each number of plugins, which all routes with that number share.
 */
import type { Order, Phase, Plugin } from "./contract";

/** A plugin of a route, and its place in each phase. */
export interface Placed {
    readonly plugin: Plugin;
    readonly order: Order;
    /** Called in place of its method `log`. */
    readonly log?: unknown;
}

/** One call of a chain. */
interface Step {
    readonly method: unknown;
    readonly plugin: Plugin;
}

export type Chain = (this: void) => boolean;
type Maker = (this: void, ...methods_and_plugins: unknown[]) => Chain;

/** LuaJIT's limit is 60 upvalues; each plugin takes two, the route one. */
const MOST_STEPS = 29;

const makers = new LuaTable<string, Maker>();

/** Lua code that makes a chain of so many steps from the route, the methods and the plugins. */
function write(count: number, may_decline: boolean): string {
    const names: string[] = ["route"];
    const calls: string[] = [];
    for (const place of $range(1, count)) {
        const call = `method_${place}(plugin_${place}, route)`;
        names.push(`method_${place}, plugin_${place}`);
        calls.push(may_decline ? `if ${call} == false then return false end` : call);
    }
    calls.push("return true");
    return `local ${table.concat(names, ", ")} = ...\nreturn function()\n${table.concat(calls, "\n")}\nend`;
}

function maker(count: number, may_decline: boolean): Maker {
    const key = `${count} ${may_decline}`;
    const known = makers.get(key) as Maker | undefined;
    if (known !== undefined) return known;
    const [made, err] = loadstring(write(count, may_decline), `=chain of ${count}`);
    if (made === undefined) error(`gateway: ${err}`, 0);
    makers.set(key, made as Maker);
    return made as Maker;
}

/** The place of a plugin in a phase: plugins without a number come last. */
function place_in(placed: Placed, phase: Phase): number {
    return placed.order[phase] ?? math.huge;
}

/** The steps of a phase, sorted by the numbers of its plugins; plugins with equal numbers keep their order. */
export function steps(plugins: readonly Placed[], phase: Phase): Step[] {
    const taking_part: Placed[] = [];
    for (const placed of plugins) {
        if (placed.plugin[phase] !== undefined) {
            let at = taking_part.length;
            while (at > 0 && place_in(taking_part[at - 1]!, phase) > place_in(placed, phase)) at -= 1;
            table.insert(taking_part, at + 1, placed);
        }
    }
    const all: Step[] = [];
    for (const { plugin, log } of taking_part) {
        all.push({ method: phase === "log" ? (log ?? plugin.log) : plugin[phase], plugin });
    }
    return all;
}

/** Adds the steps of one list to those of another. */
export function append(to: Step[], more: readonly Step[]): void {
    for (const step of more) to.push(step);
}

function chain_of(all: readonly Step[], route: string, may_decline: boolean): Chain {
    if (all.length > MOST_STEPS) {
        error(`setup: routes.${route} has ${all.length} plugins in one phase; ${MOST_STEPS} are the most`, 0);
    }
    const values: unknown[] = [route];
    for (const { method, plugin } of all) {
        values.push(method);
        values.push(plugin);
    }
    return maker(all.length, may_decline)(...values);
}

/** A function that calls these steps in order, and returns true. Raises if there are too many. Phases: init. */
export function chain(all: readonly Step[], route: string): Chain {
    return chain_of(all, route, false);
}

/** As `chain`, but the function stops and returns false when a step returns false. */
export function declining_chain(all: readonly Step[], route: string): Chain {
    return chain_of(all, route, true);
}
