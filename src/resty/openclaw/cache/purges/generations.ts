/** Finds the newest purge that a request is subject to: a tree of routes, tenants and models. */
import type { Filter } from "./filter";

/** Of filters that are alike in route and tenant. */
interface Leaf {
    /** The purge of all models. 0 if there was none, as for all numbers here. */
    any: number;
    /** The newest purge, whichever model it was of. */
    most: number;
    readonly models: LuaMap<string, number>;
}

interface Branch {
    any: Leaf | undefined;
    readonly tenants: LuaMap<string, Leaf>;
    /** The newest purges, whichever tenant they were of. */
    readonly pooled: Leaf;
}

export interface Generations {
    any: Branch | undefined;
    readonly routes: LuaMap<string, Branch>;
    /** Of answers that were purged alone. */
    readonly keys: LuaMap<string, number>;
    key_count: number;
    /** How many other filters there are, but for the one that all pass. */
    filter_count: number;
    /** The purge of everything. */
    all: number;
}

/** As if nothing had been purged yet. Phases: any. */
function create(): Generations {
    return {
        any: undefined,
        routes: new LuaMap<string, Branch>(),
        keys: new LuaMap<string, number>(),
        key_count: 0,
        filter_count: 0,
        all: 0,
    };
}
export { create as new };

function new_leaf(): Leaf {
    return { any: 0, most: 0, models: new LuaMap<string, number>() };
}

function branch_of(all: Generations, route: string | undefined): Branch {
    const known = route === undefined ? all.any : all.routes.get(route);
    if (known !== undefined) return known;
    const made: Branch = { any: undefined, tenants: new LuaMap<string, Leaf>(), pooled: new_leaf() };
    if (route === undefined) all.any = made;
    else all.routes.set(route, made);
    return made;
}

function leaf_of(branch: Branch, tenant: string | undefined): Leaf {
    const known = tenant === undefined ? branch.any : branch.tenants.get(tenant);
    if (known !== undefined) return known;
    const made = new_leaf();
    if (tenant === undefined) branch.any = made;
    else branch.tenants.set(tenant, made);
    return made;
}

function note_key(all: Generations, key: string, generation: number): void {
    if (!all.keys.has(key)) all.key_count += 1;
    all.keys.set(key, math.max(generation, all.keys.get(key) ?? 0));
}

/** Adds a purge of a model, or of all models. Returns whether it is the first one of that. */
function note_model(leaf: Leaf, model: string | undefined, generation: number): boolean {
    const before = model === undefined ? leaf.any : (leaf.models.get(model) ?? 0);
    if (model === undefined) leaf.any = math.max(generation, before);
    else leaf.models.set(model, math.max(generation, before));
    leaf.most = math.max(generation, leaf.most);
    return before === 0;
}

/** Adds a purge, unless it is one of everything. Phases: any. */
export function note(all: Generations, filter: Filter, generation: number): void {
    const { route, tenant, model, key } = filter;
    if (key !== undefined) return note_key(all, key, generation);
    const branch = branch_of(all, route);
    if (note_model(leaf_of(branch, tenant), model, generation)) all.filter_count += 1;
    note_model(branch.pooled, model, generation);
}

function newest_of_leaf(leaf: Leaf | undefined, model: string | undefined): number {
    if (leaf === undefined) return 0;
    // It may be any of the models that were purged.
    if (model === undefined) return leaf.most;
    return math.max(leaf.any, leaf.models.get(model) ?? 0);
}

function newest_of_branch(branch: Branch | undefined, tenant: string | undefined, model: string | undefined): number {
    if (branch === undefined) return 0;
    if (tenant === undefined) return newest_of_leaf(branch.pooled, model);
    return math.max(newest_of_leaf(branch.any, model), newest_of_leaf(branch.tenants.get(tenant), model));
}

/**
 * The number of the newest purge that such a request is subject to; 0 if there is none. A request whose model or tenant is not known is
 * subject to the purges of all of them. Phases: any.
 */
export function newest(all: Generations, route: string, tenant: string | undefined, model: string | undefined): number {
    if (all.filter_count === 0) return all.all;
    const of_any = newest_of_branch(all.any, tenant, model);
    const of_route = newest_of_branch(all.routes.get(route), tenant, model);
    return math.max(all.all, of_any, of_route);
}
