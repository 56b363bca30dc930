/** Writes JSON with images: JSON that stays what it is, with other values in some places, or a new object. */
import * as json_text from "./json_text";
import type { Edit, Picture, Reading } from "./model";
import { OWN_MEMBERS } from "./names";
import type { Output } from "./output";
import * as outputs from "./output";

function put_base64(output: Output, prefix: string, picture: Picture): void {
    outputs.put(output, `"${prefix}`);
    outputs.put_memory(output, "base64", picture.memory, 0, picture.bytes);
    outputs.put(output, '"');
}

/** What a member beside the image says of it. */
function value_of(name: string, picture: Picture): string {
    if (name === "content_type") return json_text.quoted(picture.content_type);
    return string.format("%d", name === "width" ? picture.width : picture.height);
}

function put_beside(output: Output, members: readonly string[], picture: Picture): void {
    for (const name of members) outputs.put(output, `,"${name}":${value_of(name, picture)}`);
}

function put_edit(output: Output, edit: Edit, picture: Picture): void {
    if (edit.as === "data_url") put_base64(output, `data:${picture.content_type};base64,`, picture);
    else if (edit.as === "base64") put_base64(output, "", picture);
    else outputs.put(output, value_of(edit.as, picture));
    put_beside(output, edit.missing, picture);
}

/** The old JSON with its edits; all else is copied byte for byte. Phases: any. */
export function edited(output: Output, reading: Reading, edits: readonly Edit[], pictures: readonly Picture[]): void {
    const { memory, count } = reading;
    let at = 0;
    for (const edit of edits) {
        outputs.put_memory(output, "bytes", memory, at, edit.from - at);
        put_edit(output, edit, pictures[edit.image - 1]!);
        at = edit.end;
    }
    outputs.put_memory(output, "bytes", memory, at, count - at);
}

/** A new object: the image, what it is, and the other fields, which are texts. Phases: any. */
export function object(output: Output, reading: Reading, picture: Picture): void {
    outputs.put(output, `{${json_text.quoted(reading.wants.json_field)}:`);
    put_base64(output, "", picture);
    put_beside(output, OWN_MEMBERS, picture);
    for (const field of reading.fields) {
        outputs.put(output, `,${json_text.quoted(field.name)}:"`);
        outputs.put_memory(output, "escaped", reading.memory, field.from, field.count);
        outputs.put(output, '"');
    }
    outputs.put(output, "}");
}
