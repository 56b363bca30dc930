/**
 * Finds the images in a form (multipart/form-data): the parts of the field that the route names, or else of the field of the first part that
 * has a file's name or an image's type. All parts of that field are images, so that no reader of the new form finds one that is not converted.
 */
import * as media_type from "../../../core/http/media_type";
import type { Problem as Refusal } from "../../../core/http/multipart";
import * as multipart from "../../../core/http/multipart";
import * as form_ranges from "./form_ranges";
import * as image_text from "./image_text";
import type { FoundImage, Part, Reading } from "./model";
import * as names from "./names";
import * as other_fields from "./other_fields";
import * as problems from "./problems";
import * as readings from "./readings";

const SENTENCES: Readonly<Record<Refusal, string>> = {
    malformed: "The form is not well-formed.",
    preamble: "The form has something before its first part.",
    epilogue: "The form has something after its last part.",
    part_header_too_long: "A part of the form has a header that is too long.",
    part_header_malformed: "A part of the form has a header that readers understand differently.",
    too_many_parts: "The form has too many parts.",
};
const NO_BOUNDARY = "The form's Content-Type has no boundary, or one that readers understand differently.";

/** The parts' ranges are read later. */
function pass_over(this: void): void {
    return;
}

/** Checks the form strictly, and returns its boundary. */
function check(reading: Reading): string {
    const boundary = multipart.boundary_of(reading.content_type ?? "");
    if (boundary === undefined) {
        problems.refuse(reading, problems.BROKEN_FORM, NO_BOUNDARY);
        return "";
    }
    const form = multipart.new(boundary, pass_over, undefined);
    multipart.feed(form, reading.memory, reading.count);
    const refusal = multipart.finish(form);
    if (refusal !== undefined) problems.refuse(reading, problems.BROKEN_FORM, SENTENCES[refusal]);
    return boundary;
}

function is_file(part: Part): boolean {
    return part.file_name !== undefined || string.sub(part.type ?? "", 1, 6) === "image/";
}

/** An empty file of an empty name: what browsers send of a file that nobody chose. */
function is_unchosen(part: Part): boolean {
    return part.file_name === "" && part.count === 0;
}

/** The name of the field that has the image. */
function field_of(reading: Reading, parts: readonly Part[]): string | undefined {
    if (reading.wants.form_field !== undefined) return reading.wants.form_field;
    for (const part of parts) if (is_file(part) && !is_unchosen(part)) return part.name;
    return undefined;
}

function image_of(reading: Reading, part: Part): FoundImage {
    const { memory } = reading;
    const { from, count } = part;
    // Scripts in browsers add them as texts.
    if (image_text.is_data_url(memory, from, from + count, false))
        return image_text.read(reading, from, from + count, false, true);
    return { from, count, encoding: "bytes", is_in_json: false };
}

/** What stands beside the image, where the new body is no form. */
function add_others(reading: Reading, parts: readonly Part[]): void {
    const { send } = reading.wants;
    if (reading.images.length > 1) {
        const message = "The form has more than one image, and the new body has room for one.";
        return problems.refuse(reading, problems.TOO_MANY_IMAGES, message);
    }
    for (const part of parts) {
        if (part.image === 0 && is_file(part) && !is_unchosen(part)) {
            const message = "The form has another file beside the image, for which the new body has no place.";
            problems.refuse(reading, problems.UNSENDABLE_FIELD, message);
        } else if (part.image === 0 && !is_file(part)) {
            if (send === "raw" || !names.is_own_member(part.name)) other_fields.add_part(reading, part);
        }
    }
    other_fields.finish(reading);
}

/** A sentence for who has sent a form without an image. */
function what_is_missing({ wants }: Reading): string {
    const field = wants.form_field;
    if (field === undefined) return "The form has no file, and no part whose Content-Type is that of an image.";
    return `The form has no image in a field with the name "${field}".`;
}

/** Finds the images in a form, and what the new body has beside them. Phases: any. */
export function find(reading: Reading): void {
    if (media_type.of(reading.content_type ?? "") !== "multipart/form-data") {
        const message = "The body is a multipart body, but no form.";
        return problems.refuse(reading, problems.UNSUPPORTED_MEDIA_TYPE, message);
    }
    readings.accept(reading, "multipart");
    const boundary = reading.problem === undefined ? check(reading) : "";
    if (reading.problem !== undefined) return;
    const parts = form_ranges.read(reading.memory, reading.count, boundary);
    const field = field_of(reading, parts);
    for (const part of parts) {
        if (part.name === field && part.count > 0 && reading.problem === undefined)
            part.image = readings.add(reading, image_of(reading, part));
    }
    if (reading.images.length === 0) return problems.refuse(reading, problems.NO_IMAGE, what_is_missing(reading));
    if (reading.wants.send === "multipart") reading.parts = parts;
    else add_others(reading, parts);
}
