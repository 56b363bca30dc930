/** The resource of the cache, and its methods. */
import type { Call, Resource } from "../call";
import * as calls from "../call";
import * as purge_query from "./purge_query";
import type { Cached, Filter, PurgeMade } from "./shown";
import * as shown from "./shown";

export type { Cached };

function show(this: void, call: Call, cached: Cached): void {
    calls.answer(call, 200, shown.all(cached));
}

function has(all: readonly string[], name: string): boolean {
    for (const one of all) if (one === name) return true;
    return false;
}

/** A name in a line of the log. */
function quoted(name: string): string {
    return `"${string.gsub(name, "%c", "?")[0]}"`;
}

/** In words, for the log. */
function description({ route, tenant, model, key }: Filter): string {
    const parts: string[] = [];
    if (route !== undefined) parts.push(`route ${quoted(route)}`);
    if (tenant !== undefined) parts.push(`tenant ${quoted(tenant)}`);
    if (model !== undefined) parts.push(`model ${quoted(model)}`);
    if (key !== undefined) parts.push(`key ${key}`);
    return parts.length === 0 ? "everything" : table.concat(parts, ", ");
}

function note(filter: Filter, { generation, is_all }: PurgeMade): void {
    const what = description(filter);
    const more = is_all && what !== "everything" ? ", and with it everything" : "";
    calls.note(string.format("purged the cache of %s%s: purge %d", what, more, generation));
}

function purge(this: void, call: Call, { routes, purges }: Cached): void {
    const [filter, code, message] = purge_query.read();
    if (filter === undefined) return calls.refuse(call, 400, code!, message!);
    if (purges === undefined) {
        return calls.refuse(
            call,
            409,
            "purges_not_kept",
            'Nothing was purged: setup needs the option cache = { purges = "/var/lib/openclaw/purges" }, a file in which purges are kept.',
        );
    }
    if (filter.route !== undefined && !has(routes, filter.route)) {
        const there = calls.those_there(routes);
        return calls.refuse(call, 404, "unknown_route", `There is no such route, or it has no cache.${there}`);
    }
    const [made, err] = purges.add(filter);
    if (made === undefined) return calls.refuse_unstored(call, err);
    note(filter, made);
    calls.answer(call, 200, shown.purged(filter, made));
}

export const RESOURCE: Resource<Cached> = {
    allow: "GET, HEAD, DELETE",
    methods: { GET: show, HEAD: show, DELETE: purge },
};
