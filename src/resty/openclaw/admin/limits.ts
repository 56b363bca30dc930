/** The part of the API that shows and changes the limits of routes. */
import type { Call } from "./call";
import * as calls from "./call";
import * as paths from "./limits/path";
import type { Limited } from "./limits/resources";
import * as resources from "./limits/resources";

export type { Limited };

/** Answers a request; `parts`: the segments of its path. Phases: content; yields. */
export function answer(call: Call, limits: LuaMap<string, Limited>, parts: readonly string[]): void {
    const target = paths.read(parts);
    if (target === undefined) return calls.refuse_address(call);
    const method = calls.method_of(call, resources.RESOURCES[target.kind]);
    method(call, resources.subject(call, limits, target));
}
