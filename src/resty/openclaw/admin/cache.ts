/** The part of the API that shows what the cache does, and purges answers. */
import type { Cached } from "./cache/resource";
import { RESOURCE } from "./cache/resource";
import type { Call } from "./call";
import * as calls from "./call";

export type { Cached };

/** Answers a request; `parts`: the segments of its path. Phases: content; yields. */
export function answer(call: Call, cached: Cached, parts: readonly string[]): void {
    if (parts.length > 0) return calls.refuse_address(call);
    calls.method_of(call, RESOURCE)(call, cached);
}
