/**
 * The header of stored requests that the gateway delivers to itself. These come from this machine, whoever has sent them, so a request with
 * this header must not be trusted as local.
 */
import * as request from "./request";

declare module "./request_state" {
    interface RequestState {
        /** Whether the request came with a delivery token: the right one (true) or another (false). */
        is_delivery?: boolean | undefined;
        /** The route that has stored the request which is delivered. */
        delivery_of?: string | undefined;
    }
}

/** Its value is a secret where the gateway has set it; clients may set it to anything. */
export const NAME = "X-OpenClaw-Delivery";
/** nginx's variable of it. */
const VARIABLE = "http_x_openclaw_delivery";

/** Its value in the current request; nothing without the header. Phases: all with a request. */
export function given(): string | undefined {
    const text = request.variable(VARIABLE);
    return text;
}

/** Whether the current request has the header, with any value. Phases: all with a request. */
export function is_there(): boolean {
    return given() !== undefined;
}

/** Removes it from the request. Phases: rewrite, access, content. */
export function strip(this: void): void {
    if (is_there()) ngx.req.clear_header(NAME);
}
