/**
 * What is known of the picture in a request, so that a cache may answer with what was said of nearly the same picture. Who decodes pictures
 * notes it, before the cache decides.
 */
import * as request from "./request";
import * as request_state from "./request_state";

export interface NearPicture {
    /** The hash of the picture: 16 hexadecimal digits. */
    readonly hash: string;
    /** How many bits the hash of another picture may differ. */
    readonly distance: number;
    /** How old the answer to it may be, in seconds. */
    readonly seconds: number;
    /** What the body asks beside the picture; nothing if that is not known. */
    readonly rest: string | undefined;
    /** The route whose settings these are. */
    readonly route: string;
}

declare module "./request_state" {
    interface RequestState {
        /** Its picture, until the cache has taken it. */
        near_picture?: NearPicture | undefined;
    }
}

/** How many digits a hash has. */
export const DIGITS = 16;

function route(): string {
    return request.variable("openclaw_route") ?? "";
}

/**
 * Notes the picture of the request at hand; one with another hash than of 16 hexadecimal digits is none. Phases: access, before the cache.
 * @param distance how many bits the hash of another picture may differ whose answer is given
 * @param seconds how old that answer may be
 * @param rest all that the body asks beside the picture, or a digest of it: the prompt, the model, other fields. Only requests with the same
 * rest share near answers. "" is a body that asks nothing else; without it only bodies of a type `image/…` have near answers
 */
export function note(hash: string, distance: number, seconds: number, rest?: string): void {
    const [digits] = string.match(hash, "^%x+$");
    if (digits === undefined || digits.length !== DIGITS) return;
    request_state.open().near_picture = { hash: string.lower(digits), distance, seconds, rest, route: route() };
}

/** Takes what was noted for the route at hand, so that no other route has it; nothing if nothing was. Phases: access. */
export function take(): NearPicture | undefined {
    const state = request_state.present();
    const picture = state?.near_picture;
    if (picture === undefined) return undefined;
    state!.near_picture = undefined;
    return picture.route === route() ? picture : undefined;
}
