/** A stand-in until the real one is merged. */
import type { Registry } from "../metric_registry";
import type * as read from "../options";
import type { Verdict } from "./health_check/verdicts";
import type { Peer } from "./peer";
export interface HealthCheck {
    readonly fails: number;
    readonly passes: number;
    tick(
        peers: readonly Peer[],
        now: number,
        report: (this: void, peer: Peer, verdict: Verdict, why: string, retry_after: number | undefined) => void,
    ): void;
}
function create(
    _owner: string,
    _registry: Registry,
    _name: string,
    _options: read.Options | undefined,
): HealthCheck | undefined {
    return undefined;
}
export { create as new };
