/** What a response says of the cache: `Cache-Status` (RFC 9211) and `Age` (RFC 9111, 5.1). */
import * as cache_status from "../core/request/cache_status";
import * as request from "../core/request/request";

/** By `$upstream_cache_status`. What nginx serves while it asks a node again is stale. */
const STATUS: Readonly<Record<string, string | undefined>> = {
    HIT: "openclaw; hit",
    STALE: "openclaw; hit; detail=stale",
    UPDATING: "openclaw; hit; detail=updating",
    REVALIDATED: "openclaw; hit; detail=revalidated",
    MISS: "openclaw; fwd=uri-miss",
    EXPIRED: "openclaw; fwd=stale",
    SCARCE: "openclaw; fwd=miss; detail=scarce",
    BYPASS: "openclaw; fwd=bypass",
};

/** Where a node was asked because the client did not want what the cache has. */
const BY_REQUEST = "openclaw; fwd=request";

/**
 * Adds the headers to a response with that `$upstream_cache_status`. `is_by_request`: whether the client did not want what the cache has. Phases:
 * header_filter.
 */
export function show(status: string, is_by_request: boolean): void {
    const is_hit = cache_status.is_from_cache(status);
    const text = is_by_request && !is_hit ? BY_REQUEST : STATUS[status];
    if (text !== undefined) ngx.header["Cache-Status"] = text;
    if (!is_hit) return;
    const date = request.variable("upstream_http_date");
    const made_at = date === undefined ? undefined : ngx.parse_http_time(date);
    if (made_at !== undefined) ngx.header.Age = math.max(0, Math.floor(ngx.now() - made_at));
}
