/** Writes forms with images: a form that stays what it is but for its images, or a new one. */
import * as ffi from "ffi";
import * as windows from "../../../core/http/multipart/window";
import type { Part, Picture, Reading } from "./model";
import * as names from "./names";
import type { Output } from "./output";
import * as outputs from "./output";

/** Those that are said anew of a converted image. All other lines of its header are kept. */
const IMAGE_FIELDS = new LuaSet<string>();
for (const name of ["content-disposition", "content-type", "content-length", "content-transfer-encoding"])
    IMAGE_FIELDS.add(name);

/** The lines of a part's header that are not about the image, each with a line end before it. */
function other_lines(block: string): string {
    const lines: string[] = [];
    let at = 1;
    while (at <= block.length) {
        const [found] = string.find(block, "\r\n", at, true);
        const end = found ?? block.length + 1;
        const line = string.sub(block, at, end - 1);
        const [colon] = string.find(line, ":", 1, true);
        if (!IMAGE_FIELDS.has(string.lower(string.sub(line, 1, (colon ?? 1) - 1)))) lines.push(`\r\n${line}`);
        at = end + 2;
    }
    return table.concat(lines);
}

/** A part with an image; its name has no quotes, backslashes or line ends. */
function put_image(
    output: Output,
    delimiter: string,
    name: string,
    file_name: string | undefined,
    others: string,
    picture: Picture,
): void {
    const its_name = names.file_name_of(file_name, picture.content_type);
    outputs.put(
        output,
        `${delimiter}\r\nContent-Disposition: form-data; name="${name}"; filename="${its_name}"\r\n` +
            `Content-Type: ${picture.content_type}${others}\r\n\r\n`,
    );
    outputs.put_memory(output, "bytes", picture.memory, 0, picture.bytes);
    outputs.put(output, "\r\n");
}

/** The old form with other images, and with that boundary. Phases: any. */
export function edited(
    output: Output,
    reading: Reading,
    parts: readonly Part[],
    pictures: readonly Picture[],
    boundary: string,
): void {
    const { memory } = reading;
    const delimiter = `--${boundary}`;
    for (const part of parts) {
        if (part.image > 0) {
            const block = ffi.string(pointer_add(memory, part.header_from), part.header_count);
            const picture = pictures[part.image - 1]!;
            put_image(output, delimiter, part.name, part.file_name, other_lines(block), picture);
        } else {
            outputs.put(output, `${delimiter}\r\n`);
            outputs.put_memory(output, "bytes", memory, part.header_from, part.from + part.count - part.header_from);
            outputs.put(output, "\r\n");
        }
    }
    outputs.put(output, `${delimiter}--\r\n`);
}

/** A new form: the other fields, and the image after them, as some readers want all fields before the first file. Phases: any. */
export function form(output: Output, reading: Reading, picture: Picture, boundary: string): void {
    const { memory, fields, wants } = reading;
    const delimiter = `--${boundary}`;
    for (const field of fields) {
        outputs.put(output, `${delimiter}\r\nContent-Disposition: form-data; name="${field.name}"\r\n\r\n`);
        const kind = field.kind === "string" ? "unescaped" : "bytes";
        outputs.put_memory(output, kind, memory, field.from, field.count);
        outputs.put(output, "\r\n");
    }
    put_image(output, delimiter, wants.form_field ?? wants.json_field, undefined, "", picture);
    outputs.put(output, `${delimiter}--\r\n`);
}

/** How often a form that was written has its delimiter: once before each part, and once at its end, if no part has it, too. Phases: any. */
export function delimiters_in(memory: Bytes, bytes: number, boundary: string, most: number): number {
    const delimiter = `--${boundary}`;
    let at = 0;
    let count = 0;
    while (count <= most) {
        const found = windows.find(pointer_add(memory, at), bytes - at, delimiter);
        if (found < 0) return count;
        count += 1;
        at += found + delimiter.length;
    }
    return count;
}
