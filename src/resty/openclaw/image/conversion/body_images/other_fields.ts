/**
 * What stands beside the image in a body of another form than the new one: other fields of a form, other members of JSON. Each of them
 * goes on, or the body is refused: nothing is lost, and nothing becomes what two readers understand differently.
 */
import * as ffi from "ffi";
import * as multipart from "../../../core/http/multipart";
import * as parameters from "../../../core/http/multipart/parameters";
import type { Cursor } from "./json_ranges";
import * as json_ranges from "./json_ranges";
import * as json_text from "./json_text";
import type { Field, FieldKind, Part, Reading } from "./model";
import * as names from "./names";
import * as problems from "./problems";

/** Readers of forms have such a limit, this project's own one too; one part is the image. */
const MOST_FIELDS = 999;
const MOST_QUERY_BYTES = 4096;
/** A character of one byte as an escape of JSON. */
const ESCAPE_BYTES = 6;

function refuse(reading: Reading, message: string): void {
    problems.refuse(reading, problems.UNSENDABLE_FIELD, message);
}

function add(reading: Reading, name: string, kind: FieldKind, from: number, count: number): void {
    const { fields } = reading;
    if (fields.length >= MOST_FIELDS)
        problems.refuse(reading, problems.FIELDS_TOO_LARGE, `The body has more than ${MOST_FIELDS} other fields.`);
    else fields.push({ name, kind, from, count });
}

/** Adds a member of JSON; its name is nothing if it is too long, or no text. Phases: any. */
export function add_member(reading: Reading, name: string | undefined, member: Cursor): void {
    const { memory, from, end } = member;
    if (name === undefined) return refuse(reading, "A member's name is too long or no valid text.");
    const is_string = json_ranges.is_string(memory, from);
    if (!is_string) return add(reading, name, "json", from, end - from);
    if (json_text.unescape(memory, from + 1, end - from - 2, undefined) < 0)
        return refuse(reading, "A text in the JSON has half a surrogate pair.");
    add(reading, name, "string", from + 1, end - from - 2);
}

/** Whether a part, or the form, says that its text is in another character set than UTF-8. */
function is_foreign(reading: Reading, part: Part): boolean {
    const its_type = part.type ?? "";
    const [semicolon] = string.find(its_type, ";", 1, true);
    const found = parameters.read(its_type, semicolon ?? its_type.length + 1);
    if (found === undefined) return true;
    const own = found.get("charset") as string | undefined;
    const charset = string.lower(own ?? multipart.charset_of(reading.content_type ?? "") ?? "utf-8");
    return charset !== "utf-8" && charset !== "us-ascii";
}

/** Adds a part of a form that is no file. Phases: any. */
export function add_part(reading: Reading, part: Part): void {
    const { memory, wants } = reading;
    const { name, from, count } = part;
    if (wants.send === "json") {
        const bytes = ffi.cast("const uint8_t *", name);
        const is_text = json_text.is_utf8(bytes, 0, name.length) && json_text.is_utf8(memory, from, count);
        if (!is_text || is_foreign(reading, part)) return refuse(reading, "A field of the form is not in UTF-8.");
    }
    add(reading, name, "bytes", from, count);
}

/** Whether the new JSON has each name once, and does not have the image's twice. */
function check_json(reading: Reading): void {
    const { fields, wants } = reading;
    const seen = new LuaSet<string>();
    seen.add(wants.json_field);
    for (const { name } of fields) {
        if (seen.has(name)) return refuse(reading, "The form has fields of the same name, which JSON cannot have.");
        seen.add(name);
    }
}

function check_form(reading: Reading): void {
    const { fields, wants } = reading;
    const image = wants.form_field ?? wants.json_field;
    for (const { name } of fields) {
        if (name === image)
            return refuse(reading, "A member of the JSON has the name of the image's field in the form.");
        if (!names.is_form_name(name)) return refuse(reading, "A member's name cannot be that of a field in a form.");
    }
}

function percent_encode(this: void, byte: string): string {
    return string.format("%%%02X", string.byte(byte));
}

function encoded(text: string): string {
    const [made] = string.gsub(text, "[^A-Za-z0-9._~-]", percent_encode);
    return made;
}

/** The value of a short field, as a text. */
function text_of(memory: Bytes, field: Field): string {
    const { kind, from, count } = field;
    // It was undone before, to see whether it is a text.
    if (kind === "string") return json_text.unescaped(memory, from, count)!;
    return ffi.string(pointer_add(memory, from), count);
}

/** The fields as pairs of a query; a problem where they are too long. */
function to_query(reading: Reading): void {
    const { fields, memory } = reading;
    const pairs_of_query: string[] = [];
    let bytes = 0;
    for (const field of fields) {
        const most = field.kind === "string" ? MOST_QUERY_BYTES * ESCAPE_BYTES : MOST_QUERY_BYTES;
        const pair = field.count <= most ? `${encoded(field.name)}=${encoded(text_of(memory, field))}` : undefined;
        bytes += (pair ?? "").length + 1;
        if (pair === undefined || bytes > MOST_QUERY_BYTES + 1) {
            const message = `The fields beside the image take more than ${MOST_QUERY_BYTES} bytes.`;
            return problems.refuse(reading, problems.FIELDS_TOO_LARGE, message);
        }
        pairs_of_query.push(pair);
    }
    if (pairs_of_query.length > 0) reading.query = table.concat(pairs_of_query, "&");
}

/** All fields are there: whether the new body can have them. Phases: any. */
export function finish(reading: Reading): void {
    if (reading.problem !== undefined) return;
    if (reading.wants.send === "raw") return to_query(reading);
    if (reading.wants.send === "json") return check_json(reading);
    check_form(reading);
}
