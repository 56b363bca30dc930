/** The header of one part of multipart/form-data (RFC 7578, section 4), read strictly. Pure Lua. */
import * as texts from "../../text/text";
import * as media_type from "../media_type";
import * as parameters from "./parameters";

/** What a part says of its bytes. */
export interface PartHeader {
    readonly name: string;
    /** The file's name; nothing if the part is no file. */
    readonly file_name: string | undefined;
    /** Its type in small letters, with its parameters as they are; nothing if it is not said, though RFC 7578 has a default. */
    readonly type: string | undefined;
    /** How many bytes there are, if it says so; readers may go by it. */
    readonly bytes: number | undefined;
}

const DISPOSITION = "content-disposition";
const TYPE = "content-type";
const ENCODING = "content-transfer-encoding";

const LENGTH = "content-length";
/** Some readers undo it. */
const CODING = "content-encoding";

/** The fields that matter, and the parameters that a Content-Disposition may have: some readers know `filename*0` too (RFC 2231). */
const FIELDS = new LuaSet<string>();
for (const name of [DISPOSITION, TYPE, ENCODING, LENGTH, CODING]) FIELDS.add(name);
const PARAMETERS = new LuaSet<string>();
for (const name of ["name", "filename", "filename*"]) PARAMETERS.add(name);

/** With these the bytes are what they are. */
const PLAIN_ENCODINGS = new LuaSet<string>();
for (const encoding of ["7bit", "8bit", "binary"]) PLAIN_ENCODINGS.add(encoding);

/** The fields that matter, by their names in small letters; nothing if the lines are no fields, or one of these comes twice. */
function read_fields(block: string): LuaTable<string, string> | undefined {
    const fields = new LuaTable<string, string>();
    let at = 1;
    while (at <= block.length) {
        const [found] = string.find(block, "\r\n", at, true);
        const end = found ?? block.length + 1;
        const line = string.sub(block, at, end - 1);
        const [colon] = string.find(line, ":", 1, true);
        const [control] = string.find(line, "%c");
        if (colon === undefined || control !== undefined) return undefined;
        const name = string.lower(string.sub(line, 1, colon - 1));
        // A line that continues the one before begins with a blank.
        const [legal] = string.find(name, "^[%w_-]+$");
        if (legal === undefined) return undefined;
        if (FIELDS.has(name)) {
            if (fields.has(name)) return undefined;
            fields.set(name, texts.trim(string.sub(line, colon + 1)));
        }
        at = end + 2;
    }
    return fields;
}

/**
 * The file's name in a Content-Disposition. RFC 7578 forbids `filename*`, and readers differ in whether they look at it: so it stands as
 * it is behind the other one and a quote, which no name has, or two if there is no other one.
 */
function file_name_of(found: LuaTable<string, string>): string | undefined {
    const plain = found.get("filename") as string | undefined;
    const other = found.get("filename*") as string | undefined;
    return other === undefined ? plain : `${plain ?? '"'}"${other}`;
}

function type_of(value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    const [semicolon] = string.find(value, ";", 1, true);
    return media_type.of(value) + string.sub(value, semicolon ?? value.length + 1);
}

/** The lines of a part's header, without the empty one; nothing if they may not be understood in one way only. Phases: any. */
export function read(block: string): PartHeader | undefined {
    const fields = read_fields(block);
    if (fields === undefined) return undefined;
    const disposition = fields.get(DISPOSITION) as string | undefined;
    const encoding = fields.get(ENCODING) as string | undefined;
    if (disposition === undefined || media_type.of(disposition) !== "form-data") return undefined;
    if (encoding !== undefined && !PLAIN_ENCODINGS.has(string.lower(encoding))) return undefined;
    const [semicolon] = string.find(disposition, ";", 1, true);
    const found = parameters.read(disposition, semicolon ?? disposition.length + 1);
    if (found === undefined || !found.has("name")) return undefined;
    for (const [name] of pairs(found)) if (!PARAMETERS.has(name)) return undefined;
    const length = fields.get(LENGTH) as string | undefined;
    const [digits] = string.find(length ?? "0", "^%d+$");
    if (digits === undefined || fields.has(CODING)) return undefined;
    const type = type_of(fields.get(TYPE) as string | undefined);
    return { name: found.get("name"), file_name: file_name_of(found), type, bytes: tonumber(length) };
}
