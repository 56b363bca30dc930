/**
 * Which requests are deliveries. The header that says so is gone after the first look. Phases: all with a request.
 */
import * as delivery_header from "../core/request/delivery_header";
import * as request_state from "../core/request/request_state";
import * as marks from "./jobs/mark";
import type { Mark } from "./jobs/mark";

declare module "../core/request/request_state" {
    interface RequestState {
        /** Whether the request came with a mark: the right one (true) or another (false). */
        delivery_mark?: boolean | undefined;
    }
}

/** Finds out whether the request at hand is a delivery from that store, and takes the mark off. Phases: access. */
export function note(mark: Mark): void {
    if (!delivery_header.is_there()) return;
    request_state.open().delivery_mark = marks.matches(mark);
    // It is a secret, and nobody's business beyond.
    delivery_header.strip();
}

/** Whether the request at hand is a delivery from the route's store. */
export function is_own(): boolean {
    return request_state.present()?.delivery_mark === true;
}

/**
 * Whether the request at hand came with a mark, the right one or not: it is never kept. A wrong one may be of another
 * gateway's or of another route's delivery, which keeps the job itself.
 */
export function is_marked(): boolean {
    return request_state.present()?.delivery_mark !== undefined;
}

/** Takes the note back, where nobody forgets the request as a whole. Phases: log. */
export function forget(): void {
    const state = request_state.present();
    if (state !== undefined) state.delivery_mark = undefined;
}
