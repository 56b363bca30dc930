/**
 * The header that a request bears which was kept for later and now is delivered by the gateway to itself. Whoever sent it, it
 * comes from this machine by then: so what trusts this machine must not trust a request that bears it.
 */
import * as request from "./request";

/** Its value is a secret where the gateway has set it; clients may set it to anything. */
export const NAME = "X-OpenClaw-Delivery";
/** nginx's variable of it. */
const VARIABLE = "http_x_openclaw_delivery";

/** What the request at hand says in it; nothing where it has none. Phases: all with a request. */
export function given(): string | undefined {
    const text = request.variable(VARIABLE);
    return text;
}

/** Whether the request at hand has it, right or wrong. Phases: all with a request. */
export function is_there(): boolean {
    return given() !== undefined;
}

/** Takes it off the request. Phases: rewrite, access, content. */
export function strip(this: void): void {
    if (is_there()) ngx.req.clear_header(NAME);
}
