/** How far a try of a request came. */
import * as request from "../core/request/request";
import * as upstream_tries from "../core/request/upstream_tries";
import type { Try } from "../core/request/upstream_tries";

/** "none": no connection, "silent": one, but no answer; "answered": the status is the node's own. */
export type Contact = "none" | "silent" | "answered";

const BAD_GATEWAY = "502";
const GATEWAY_TIMEOUT = "504";
const UNSET = "-";

/** Whether nginx itself may have given a try this status: only then is there anything to look for. */
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

/** Of a try that was parsed with these times; what nothing is known of came to a connection. Phases: any. */
export function of_try(attempt: Try | undefined): Contact {
    if (attempt === undefined) return "silent";
    if (!may_be_of_nginx(attempt.status)) return "answered";
    return contact(attempt.connect_seconds, attempt.header_seconds);
}

/** Of a request's last try. Phases: log. */
export function last(status: string): Contact {
    if (!may_be_of_nginx(status)) return "answered";
    return contact(
        upstream_tries.last(request.variable("upstream_connect_time") ?? UNSET),
        upstream_tries.last(request.variable("upstream_header_time") ?? UNSET),
    );
}
