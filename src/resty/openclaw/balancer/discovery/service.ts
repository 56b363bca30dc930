/** Reads SRV records (RFC 2782): the hosts of a service, and the addresses that came with them. */
import type { DnsRecord } from "resty.dns.resolver";
import type { Question } from "../../core/dns/question";
import { question } from "../../core/dns/question";
import { MOST_ENTRIES } from "./entries";
import { is_host } from "./name";

/** A host of the service. */
export interface Place {
    /** In lower case. */
    readonly host: string;
    readonly port: number;
    readonly weight: number;
}

function comes_first(left: Place, right: Place): boolean {
    if (left.host !== right.host) return left.host < right.host;
    return left.port !== right.port ? left.port < right.port : left.weight > right.weight;
}

/** The root, ".", as a target. */
function is_closed(record: DnsRecord): boolean {
    return record.target === "";
}

function is_usable(record: DnsRecord): boolean {
    return is_host(record.target!) && record.port! > 0;
}

/**
 * The hosts with the lowest priority number, sorted, 256 at most. Empty if the records say that there is no such service. Nil and why
 * if no record can be used. Pure Lua.
 */
export function places_of(records: readonly DnsRecord[]): Result<Place[]> {
    let lowest = math.huge;
    let closed = false;
    for (const record of records) {
        if (is_closed(record)) closed = true;
        else if (is_usable(record)) lowest = math.min(lowest, record.priority!);
    }
    const places: Place[] = [];
    if (closed && lowest === math.huge) return $multi(places);
    if (lowest === math.huge) return $multi(undefined, "no usable SRV record");
    for (const record of records) {
        if (record.priority === lowest && is_usable(record)) {
            places.push({
                host: string.lower(record.target!),
                port: record.port!,
                weight: math.max(record.weight!, 1),
            });
        }
    }
    // Servers rotate the records; which ones exceed the limit must not depend on that.
    table.sort(places, comes_first);
    while (places.length > MOST_ENTRIES) table.remove(places);
    return $multi(places);
}

/** A question, already answered if its answer came with another one. */
export function question_about(host: string, type: number, came_along: readonly DnsRecord[]): Question {
    const about = question(host, type);
    const records: DnsRecord[] = [];
    for (const record of came_along) {
        if (record.type === type && string.lower(record.name) === host) {
            records.push(record);
            about.seconds = math.min(about.seconds, record.ttl);
        }
    }
    if (records.length > 0) {
        about.records = records;
        about.err = undefined;
    }
    return about;
}
