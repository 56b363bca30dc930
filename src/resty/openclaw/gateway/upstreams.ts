/** Makes the balancer of each upstream. */
import type { Balancer } from "../balancer";
import * as balancer from "../balancer";
import * as names from "../config/names";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import { map_of } from "../config/schema";
import * as placement from "./placement";

const UPSTREAMS = map_of(balancer.UPSTREAM);
type Upstreams = ReturnType<typeof UPSTREAMS.read>;

const PATH = "setup: upstreams";
const DICT = "openclaw";

function fallback_of(upstreams: Upstreams, name: string): string | undefined {
    return upstreams.has(name) ? upstreams.get(name).fallback : undefined;
}

/** The chain of fallbacks of an upstream; in a cycle, the last one is the upstream itself. */
function fallbacks(upstreams: Upstreams, name: string): string[] {
    const found: string[] = [];
    const seen = new LuaSet<string>();
    let next = fallback_of(upstreams, name);
    while (next !== undefined && !seen.has(next)) {
        seen.add(next);
        found.push(next);
        next = fallback_of(upstreams, next);
    }
    return found;
}

/** Removes the upstreams with an invalid fallback, and adds these to the problems. */
function drop_impossible(upstreams: Upstreams, groups: LuaTable<string, unknown>, problems: Problems): void {
    for (const name of names.sorted(groups)) {
        const path = `${PATH}.${name}.fallback`;
        const fallback = fallback_of(upstreams, name);
        const chain = fallbacks(upstreams, name);
        if (fallback !== undefined && !groups.has(fallback)) {
            problem.add(problems, path, "the name of one of upstreams", fallback);
            upstreams.delete(name);
        } else if (chain[chain.length - 1] === name) {
            const through = chain.length === 1 ? name : table.concat(chain, ", ", 1, chain.length - 1);
            problems.push(`${path} forms a cycle through ${through}`);
            for (const member of chain) upstreams.delete(member);
        }
    }
}

/** Makes a balancer, after that of its fallback. Nothing if one of them cannot be made. */
function make(
    balancers: LuaTable<string, Balancer>,
    upstreams: Upstreams,
    name: string,
    problems: Problems,
): Balancer | undefined {
    const known = balancers.get(name) as Balancer | undefined;
    if (known !== undefined || !upstreams.has(name)) return known;
    const options = upstreams.get(name);
    const has_fallback = options.fallback !== undefined;
    const fallback = has_fallback ? make(balancers, upstreams, options.fallback, problems) : undefined;
    if (has_fallback && fallback === undefined) return undefined;
    const [ok, made] = pcall(balancer.create, options, { name, path: `${PATH}.${name}`, dict: DICT, fallback });
    if (!ok) {
        problems.push(tostring(made));
        upstreams.delete(name);
        return undefined;
    }
    balancers.set(name, made);
    return made;
}

/** The balancers by the names of their upstreams. Adds the problems of their options. Phases: init. */
export function make_all(groups: LuaTable<string, unknown>, problems: Problems): LuaTable<string, Balancer> {
    const found = new LuaTable<string, unknown>();
    for (const name of names.sorted(groups)) {
        found.set(name, placement.in_upstream(groups.get(name), problem.child(PATH, name), problems));
    }
    const upstreams = UPSTREAMS.read(found, PATH, problems);
    drop_impossible(upstreams, groups, problems);
    const balancers = new LuaTable<string, Balancer>();
    for (const name of names.sorted(groups)) make(balancers, upstreams, name, problems);
    return balancers;
}
