/** Makes the balancer of each upstream. */
import type { Balancer } from "../balancer";
import * as balancer from "../balancer";
import * as problem from "../config/problems";
import type { Problems } from "../config/problems";
import * as read from "../options";

const OPTIONS = balancer.option_names();

function with_name(owner: string, options: unknown, known: string[], name: string): Record<string, unknown> {
    const given: Record<string, unknown> = { name };
    for (const [key, value] of pairs(read.check(owner, options, known))) given[key] = value;
    return given;
}

/** Makes one upstream, and its fallback before it. `above`: those that fall back to it. */
function read_balancer(
    this: void,
    balancers: LuaTable<string, Balancer>,
    groups: LuaTable<string, unknown>,
    name: string,
    above: string,
): Balancer {
    const known = balancers.get(name) as Balancer | undefined;
    if (known !== undefined) return known;
    const owner = `setup: upstreams.${name}`;
    const given = with_name(owner, groups.get(name), OPTIONS, name);
    if (given.fallback !== undefined) {
        const fallback = read.text(owner, given, "fallback");
        if (!groups.has(fallback)) read.refuse(owner, "fallback", "the name of one of upstreams", fallback);
        const path = `${above}${name} `;
        if (string.find(` ${path}`, ` ${fallback} `, 1, true)[0] !== undefined) {
            error(`${owner}: "fallback" forms a cycle through ${fallback}`, 0);
        }
        given.fallback = read_balancer(balancers, groups, fallback, path);
    }
    const made = balancer.new(given);
    balancers.set(name, made);
    return made;
}

/** The balancers by the names of their upstreams; adds to the problems what is wrong with their options. Phases: init. */
export function make_all(groups: LuaTable<string, unknown>, problems: Problems): LuaTable<string, Balancer> {
    const balancers = new LuaTable<string, Balancer>();
    const names: string[] = [];
    for (const [name] of groups) names.push(name);
    table.sort(names);
    for (const name of names) {
        const [ok, err] = pcall(read_balancer, balancers, groups, name, "");
        if (!ok) problem.add_once(problems, tostring(err));
    }
    return balancers;
}
