/**
 * Finds the images in a request's body, and writes the new body when each of them has been converted. The body is one piece of memory, and
 * so is the new one; no large part of them becomes a Lua string. Runs in a thread of nginx or in a plain LuaJIT process: there is no `ngx`.
 *
 * What is read strictly first (`core/http/multipart`, `core/text/json/structure`) is then cut into ranges. What two readers may understand
 * differently is refused, so that the node finds the image that was converted and no other one. All else goes on as it is.
 *
 * The work grows with the body's length alone. Each step goes over the body once, and there is a fixed number of them: the check, at most
 * six levels of JSON, the search for delimiters and for escapes, the decoding, the writing, and at most 16 boundaries.
 */
import * as media_type from "../../core/http/media_type";
import * as multipart from "../../core/http/multipart";
import * as c_memory from "../../core/memory/c_memory";
import * as form_images from "./body_images/form_images";
import * as image_text from "./body_images/image_text";
import * as json_images from "./body_images/json_images";
import type { FoundImage, Input, Picture, Problem, Reading, Wants, Written } from "./body_images/model";
import type { Output } from "./body_images/output";
import * as outputs from "./body_images/output";
import type { Outcome } from "./body_images/problems";
import * as problems from "./body_images/problems";
import * as readings from "./body_images/readings";
import * as write_form from "./body_images/write_form";
import * as write_json from "./body_images/write_json";

export { read as bytes_of, release } from "./body_images/image_bytes";
export { of as rest_of } from "./body_images/rest";
export { is_form_name, OWN_MEMBERS } from "./body_images/names";
export type { FoundImage, Input, Outcome, Picture, Problem, Reading, Wants, Written };

/** The first boundary that no part has in it is taken. Who has all of these in his body means no good. */
const MOST_BOUNDARIES = 16;

/** With it JSON begins that has an image. */
const BRACE = 0x7b;
const NO_JSON_TYPE = "The body looks like JSON: send it with the Content-Type application/json.";

/** A space, or what lies between a tab and a carriage return. */
function is_blank(byte: number): boolean {
    return byte === 32 || (byte >= 9 && byte <= 13);
}

/** The whole body is an image, or the data URL of one. */
function find_whole(reading: Reading): void {
    const { memory, count } = reading;
    let from = 0;
    while (from < count && is_blank(memory.get(from))) from += 1;
    if (image_text.is_data_url(memory, from, count, false)) {
        readings.add(reading, image_text.read(reading, from, count, false, true));
        return;
    }
    // No image begins so, and some clients send JSON under another type unless they are told otherwise.
    if (from < count && memory.get(from) === BRACE) {
        return problems.refuse(reading, problems.UNSUPPORTED_MEDIA_TYPE, NO_JSON_TYPE);
    }
    readings.accept(reading, "raw");
    readings.add(reading, { from: 0, count, encoding: "bytes", is_in_json: false });
}

/**
 * Finds the images in a body of so many bytes. Returns nil, what is wrong and a sentence for the client if the body is refused, or has no
 * image and is no chat. The memory must stay as it is until `write`. Phases: any. Never raises.
 */
export function find(memory: Bytes, count: number, content_type: string | undefined, wants: Wants): Outcome<Reading> {
    const reading = readings.new(memory, count, content_type, wants);
    const its_type = media_type.of(content_type ?? "");
    if (count === 0) problems.refuse(reading, problems.NO_IMAGE, "The body is empty.");
    else if (media_type.is_json(its_type)) json_images.find(reading);
    else if (string.sub(its_type, 1, 10) === "multipart/") form_images.find(reading);
    else find_whole(reading);
    const { problem } = reading;
    if (problem !== undefined) return $multi(undefined, problem, reading.message!);
    return $multi(reading);
}

function finish(output: Output, content_type: string, query?: string): Outcome<Written> {
    const [memory, bytes] = outputs.finish(output);
    if (memory === undefined) return $multi(undefined, problems.NO_MEMORY, "There is no memory for the new body.");
    return $multi({ memory, bytes, content_type, query });
}

/** One form with that boundary. */
function put_form(output: Output, reading: Reading, pictures: readonly Picture[], boundary: string): void {
    const { parts } = reading;
    if (parts !== undefined) write_form.edited(output, reading, parts, pictures, boundary);
    else write_form.form(output, reading, pictures[0]!, boundary);
}

/** A form with the client's boundary or, if that is in an image or a field, the first of our own that is not. */
function write_whole_form(reading: Reading, pictures: readonly Picture[]): Outcome<Written> {
    const { parts, fields } = reading;
    const delimiters = parts !== undefined ? parts.length + 1 : fields.length + 2;
    for (const attempt of $range(parts !== undefined ? 0 : 1, MOST_BOUNDARIES)) {
        const own = string.format("openclaw-%08d", attempt);
        const boundary = attempt === 0 ? multipart.boundary_of(reading.content_type!)! : own;
        const content_type = attempt === 0 ? reading.content_type! : `multipart/form-data; boundary=${own}`;
        const output = outputs.new();
        put_form(output, reading, pictures, boundary);
        const [written, problem, message] = finish(output, content_type);
        if (written === undefined) return $multi(undefined, problem, message);
        const { memory, bytes } = written;
        if (write_form.delimiters_in(memory, bytes, boundary, delimiters) === delimiters) return $multi(written);
        c_memory.free(memory);
    }
    return $multi(undefined, problems.UNSENDABLE_FIELD, "The body has all boundaries that a form might have.");
}

/**
 * Writes the new body with a converted image for each one that was found, in their order. Nil, what is wrong and a sentence if there is no
 * memory, or the body is made to be the worst of all forms. The pictures' memory is not needed afterwards. Phases: any. Never raises.
 */
export function write(reading: Reading, pictures: readonly Picture[]): Outcome<Written> {
    const { edits, parts, wants, query } = reading;
    const output = outputs.new();
    if (edits !== undefined) {
        write_json.edited(output, reading, edits, pictures);
        return finish(output, reading.content_type!);
    }
    if (parts !== undefined || wants.send === "multipart") return write_whole_form(reading, pictures);
    const picture = pictures[0]!;
    if (wants.send === "json") {
        write_json.object(output, reading, picture);
        return finish(output, "application/json");
    }
    outputs.put_memory(output, "bytes", picture.memory, 0, picture.bytes);
    return finish(output, picture.content_type, query);
}
