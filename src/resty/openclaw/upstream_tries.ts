/**
 * Reads the list-valued `$upstream_*` variables: one value for each try, ", " between the tries of one pass through an
 * upstream, " : " between passes (internal redirects), "-" for unset. Source: ngx_http_upstream_addr_variable and
 * its neighbours in nginx's ngx_http_upstream.c. Pure Lua, any phase.
 */

/** One try of one request at one upstream node. */
export interface Try {
    /** As nginx writes it: "10.0.1.10:8000", "[::1]:8000", "unix:/path", or the upstream's name when no node was chosen. */
    readonly address: string;
    /** Status the node answered with; 502 or 504 when it gave none. */
    readonly status?: number;
    /** Seconds to the last byte of the answer, connecting included. */
    readonly response_seconds?: number;
    /** Seconds to the end of the answer's header, connecting included. */
    readonly header_seconds?: number;
    /** Whether no further try follows in the same pass. */
    readonly last: boolean;
}

/** Whether a value is of one try only. */
export function is_single(value: string): boolean {
    const [list] = string.find(value, ", ", 1, true);
    if (list !== undefined) return false;
    const [redirected] = string.find(value, " : ", 1, true);
    return redirected === undefined;
}

/** Splits a value into one part for each try; parts that are unset are "-". */
export function split(value: string | undefined): string[] {
    const parts: string[] = [];
    if (value === undefined) return parts;
    for (const [pass] of string.gmatch(`${value} : `, "(.-) : ")) {
        for (const [part] of string.gmatch(`${pass!}, `, "(.-), ")) parts.push(part!);
    }
    return parts;
}

/** The part of the last try. */
export function last(value: string): string {
    if (is_single(value)) return value;
    const parts = split(value);
    return parts[parts.length - 1]!;
}

/** The tries in order, from `$upstream_addr` and, where given, the other variables of the same request. */
export function parse(addresses: string, statuses?: string, response_seconds?: string, header_seconds?: string): Try[] {
    const tries: Try[] = [];
    const status = split(statuses);
    const response = split(response_seconds);
    const header = split(header_seconds);
    for (const [pass] of string.gmatch(`${addresses} : `, "(.-) : ")) {
        for (const [address, more] of string.gmatch(`${pass!}, `, "(.-), ()")) {
            const index = tries.length;
            const last = tonumber(more)! > pass!.length;
            tries.push({
                address,
                status: tonumber(status[index]),
                response_seconds: tonumber(response[index]),
                header_seconds: tonumber(header[index]),
                last,
            } as Try);
        }
    }
    return tries;
}
