/** A body that is being read: what was found so far. Pure Lua. */
import type { FoundImage, Input, Reading, Wants } from "./model";
import * as problems from "./problems";

/** What is said of a body whose kind is not accepted. */
const REFUSALS: Readonly<Record<Input, string>> = {
    raw: "An image as the whole body is not accepted here.",
    multipart: "Forms are not accepted here.",
    json: "Images in base64 in a member of JSON are not accepted here.",
    data_url: "Images in data URLs are not accepted here.",
};

/** Nothing was found yet. Phases: any. */
function create(memory: Bytes, count: number, content_type: string | undefined, wants: Wants): Reading {
    return {
        memory,
        count,
        content_type,
        wants,
        input: "raw",
        images: [],
        edits: undefined,
        parts: undefined,
        fields: [],
        query: undefined,
        problem: undefined,
        message: undefined,
    };
}
export { create as new };

/** Whether images may come in so. Phases: any. */
export function is_accepted(wants: Wants, input: Input): boolean {
    for (const accepted of wants.inputs) if (accepted === input) return true;
    return false;
}

/** Notes how the images came in; a problem if they may not. Phases: any. */
export function accept(reading: Reading, input: Input): void {
    reading.input = input;
    if (!is_accepted(reading.wants, input)) problems.refuse(reading, problems.UNSUPPORTED_MEDIA_TYPE, REFUSALS[input]);
}

/** Adds an image, and returns its number, counted from 1; a problem if there are too many. Phases: any. */
export function add(reading: Reading, image: FoundImage): number {
    const { images, wants } = reading;
    if (images.length >= wants.most_images) {
        const most = wants.most_images === 1 ? "image" : "images";
        problems.refuse(reading, problems.TOO_MANY_IMAGES, `The body has more than ${wants.most_images} ${most}.`);
    } else images.push(image);
    return images.length;
}
