/** The header `Retry-After`, by which a server asks to wait before the next request. */

/** What stands for any larger number (RFC 9111, section 1.2.2). */
const MOST_SECONDS = 2147483648;

/**
 * The seconds that a `Retry-After` asks for, given as seconds or as a date; nothing where there is none, or one that is
 * malformed. Phases: any. Source: RFC 9110, section 10.2.3.
 */
export function seconds(value: string | undefined): number | undefined {
    if (value === undefined) return undefined;
    const [digits] = string.match(value, "^%d+$");
    if (digits !== undefined) return math.min(tonumber(digits)!, MOST_SECONDS);
    const date = ngx.parse_http_time(value);
    return date === undefined ? undefined : math.max(0, date - ngx.time());
}
