/**
 * The mark of requests whose images have been converted: `image` sets it for the next gateway, and `edge` stores it, so that what is delivered
 * later is not converted again.
 */
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether its body is one that `image` has put in place. */
        is_image_converted?: boolean | undefined;
    }
}

/** The header, and its value. */
export const NAME = "X-OpenClaw-Image";
export const VALUE = "converted";

/** Notes that the images of the request at hand have been converted here. Phases: access. */
export function note(): void {
    request_state.open().is_image_converted = true;
}

/** Whether they have, also before an internal redirect. Phases: all with a request. */
export function is_here(): boolean {
    return request_state.present()?.is_image_converted === true;
}
