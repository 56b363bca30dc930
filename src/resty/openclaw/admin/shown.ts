/** Upstreams and their nodes as JSON, with the fields always in the same order. */
import * as json from "../core/text/json";

/** What is known of one node. */
export interface NodeReport {
    /** As `$upstream_addr` shows it. */
    readonly address: string;
    readonly state: string;
    /** Why it gets no requests, and in how many seconds it may get them again. */
    readonly reason?: string | undefined;
    readonly seconds_left?: number | undefined;
    readonly weight: number;
    readonly drain: boolean;
    /** Requests in flight, from all workers. */
    readonly in_flight: number;
    readonly effective_weight: number;
    readonly service_seconds: number | undefined;
    readonly concurrency: number | undefined;
    /** Whether an operator changed it since nginx started. */
    readonly changed: boolean;
}

/** A number, or null if there is none, or JSON cannot express it. */
function number(value: number | undefined): string {
    if (value === undefined || value !== value || value === math.huge || value === -math.huge) return "null";
    return string.format("%.14g", value);
}

/** One node. */
export function node(report: NodeReport): string {
    return string.format(
        '{"address":%s,"state":%s,"reason":%s,"seconds_left":%s,"weight":%s,"drain":%s,"in_flight":%s,"effective_weight":%s,"service_seconds":%s,"concurrency":%s,"changed":%s}',
        json.text(report.address),
        json.text(report.state),
        report.reason === undefined ? "null" : json.text(report.reason),
        number(report.seconds_left),
        number(report.weight),
        tostring(report.drain),
        number(report.in_flight),
        number(report.effective_weight),
        number(report.service_seconds),
        number(report.concurrency),
        tostring(report.changed),
    );
}

/** A node that was removed. */
export function removed(address: string): string {
    return string.format('{"address":%s,"removed":true}', json.text(address));
}

function removed_field(addresses: readonly string[] | undefined): string {
    if (addresses === undefined) return "";
    const texts: string[] = [];
    for (const address of addresses) texts.push(json.text(address));
    return `,"removed":[${table.concat(texts, ",")}]`;
}

/**
 * The fields of an upstream, without the braces. `is_degraded`, and the addresses of nodes that an operator removed, are left out if
 * the upstream does not provide them.
 */
export function upstream(
    reports: readonly NodeReport[],
    is_degraded: boolean | undefined,
    addresses: readonly string[] | undefined,
): string {
    const nodes: string[] = [];
    for (const report of reports) nodes.push(node(report));
    const degraded = is_degraded === undefined ? "" : `"degraded":${tostring(is_degraded)},`;
    return `${degraded}"nodes":[${table.concat(nodes, ",")}]${removed_field(addresses)}`;
}
