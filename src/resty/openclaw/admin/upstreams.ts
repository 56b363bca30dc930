/** The part of the API that shows and changes upstreams: their nodes and waiting rooms. */
import * as config_names from "../config/names";
import * as addresses from "../core/http/address";
import type { Call } from "./call";
import * as calls from "./call";
import * as paths from "./upstreams/path";
import type { Upstream } from "./upstreams/resources";
import { RESOURCES } from "./upstreams/resources";

export type { Upstream };

/** Answers a request; `parts`: the segments of its path. Phases: content; yields. */
export function answer(call: Call, upstreams: LuaMap<string, Upstream>, parts: readonly string[]): void {
    const target = paths.read(parts);
    if (target === undefined) return calls.refuse_address(call);
    const method = calls.method_of(call, RESOURCES[target.kind]);
    const name = target.upstream;
    const upstream = upstreams.get(name);
    if (upstream === undefined && target.kind !== "upstreams") {
        return calls.refuse(
            call,
            404,
            "unknown_upstream",
            `There is no such upstream.${calls.those_there(config_names.sorted(upstreams))}`,
        );
    }
    method(call, { upstreams, name, upstream: upstream!, address: addresses.parse(target.node)[0] });
}
