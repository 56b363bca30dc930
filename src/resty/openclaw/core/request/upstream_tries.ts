/**
 * Parses the list-valued `$upstream_*` variables: one value for each attempt, ", " between the attempts of one pass through an
 * upstream, " : " between passes (internal redirects), "-" for unset. Pure Lua, any phase.
 *
 * An attempt without a node (the balancer declined) has an empty value: "a : " when it ended the last pass,
 * "a : , b" when another pass followed. Source: ngx_http_upstream_addr_variable and ngx_http_upstream_status_variable
 * in nginx's ngx_http_upstream.c.
 */
import { split } from "../text/text";

/** One attempt of a request at an upstream node. */
export interface Try {
    /** As nginx writes it: "10.0.1.10:8000", "[::1]:8000" or "unix:/path". */
    readonly address: string;
    /** Status the node answered with, 502 or 504 when it gave none, "-" when the client left first. */
    readonly status: string;
    /** Seconds to the last byte of the answer, connecting included; "-" or empty when unset or not asked for. */
    readonly response_seconds: string;
    /** The same to the connection, and to the header of the answer. */
    readonly connect_seconds: string;
    readonly header_seconds: string;
}

const BLANK = string.byte(" ");
const COMMA = string.byte(",");

/** Whether a value is of one attempt only: the usual case, and cheap to check. */
export function is_single(value: string): boolean {
    // Both separators have a blank; a plain search, unlike a pattern, is one that LuaJIT compiles.
    const [blank] = string.find(value, " ", 1, true);
    return blank === undefined;
}

/** The part of the last attempt; "-" when that is unset, empty when no node was chosen. */
export function last(value: string): string {
    if (is_single(value)) return value;
    let at = value.length;
    while (at > 0 && string.byte(value, at) !== BLANK && string.byte(value, at) !== COMMA) at -= 1;
    return string.sub(value, at + 1);
}

/**
 * The attempts in order, from `$upstream_addr`, `$upstream_status` and, where given, `$upstream_response_time`,
 * `$upstream_connect_time` and `$upstream_header_time` of one request.
 */
export function parse(
    addresses: string,
    statuses: string,
    response_seconds = "",
    connect_seconds = "",
    header_seconds = "",
): Try[] {
    const tries: Try[] = [];
    const passes = split(addresses, " : ");
    const status_passes = split(statuses, " : ");
    const response_passes = split(response_seconds, " : ");
    const connect_passes = split(connect_seconds, " : ");
    const header_passes = split(header_seconds, " : ");
    for (const pass of $range(0, passes.length - 1)) {
        const nodes = split(passes[pass]!, ", ");
        const status = split(status_passes[pass] ?? "", ", ");
        const response = split(response_passes[pass] ?? "", ", ");
        const connect = split(connect_passes[pass] ?? "", ", ");
        const header = split(header_passes[pass] ?? "", ", ");
        for (const index of $range(0, nodes.length - 1)) {
            const address = nodes[index]!;
            if (address !== "") {
                tries.push({
                    address,
                    status: status[index] ?? "-",
                    response_seconds: response[index] ?? "-",
                    connect_seconds: connect[index] ?? "-",
                    header_seconds: header[index] ?? "-",
                });
            }
        }
    }
    return tries;
}

/**
 * The values of the tries so far in the present pass, oldest first, from a list-valued variable as it reads while nginx asks the
 * balancer once more: the new try, still without address, ends the value with " : ". Phases: balancer.
 */
export function tried(value: string): string[] {
    const passes = split(value, " : ");
    const present = passes[passes.length - 2];
    const values: string[] = [];
    if (present === undefined) return values;
    for (const part of split(present, ", ")) {
        if (part !== "") values.push(part);
    }
    return values;
}
