/** How far a try came. */
import * as request from "../core/request/request";
import type { Try } from "../core/request/upstream_tries";
import * as upstream_tries from "../core/request/upstream_tries";

/** "none": no connection; "silent": a connection, but no answer; "answered": the status comes from the node. */
export type Contact = "none" | "silent" | "answered";

const BAD_GATEWAY = "502";
const GATEWAY_TIMEOUT = "504";
const UNSET = "-";

/** Whether the status may come from nginx instead of the node. */
function may_be_of_nginx(status: string): boolean {
    return status === BAD_GATEWAY || status === GATEWAY_TIMEOUT;
}

function contact(connect_seconds: string | undefined, header_seconds: string | undefined): Contact {
    if (connect_seconds === undefined || connect_seconds === UNSET) return "none";
    return header_seconds === undefined || header_seconds === UNSET ? "silent" : "answered";
}

/** Of the try before the one that is being balanced. Phases: balancer. */
export function before(status: string): Contact {
    if (!may_be_of_nginx(status)) return "answered";
    const connect_times = upstream_tries.tried(request.variable("upstream_connect_time") ?? "");
    const header_times = upstream_tries.tried(request.variable("upstream_header_time") ?? "");
    return contact(connect_times[connect_times.length - 1], header_times[header_times.length - 1]);
}

/** Of one of several tries; "silent" if nothing is known of it. Phases: any. */
export function of_try(its_try: Try | undefined): Contact {
    if (its_try === undefined) return "silent";
    if (!may_be_of_nginx(its_try.status)) return "answered";
    return contact(its_try.connect_seconds, its_try.header_seconds);
}

/** Of a request's last try. Phases: log. */
export function last(status: string): Contact {
    if (!may_be_of_nginx(status)) return "answered";
    return contact(
        upstream_tries.last(request.variable("upstream_connect_time") ?? UNSET),
        upstream_tries.last(request.variable("upstream_header_time") ?? UNSET),
    );
}
