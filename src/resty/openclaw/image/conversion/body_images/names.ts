/** Names of fields and files, as the new body has them. Pure Lua. */
import * as utf8 from "../../../core/text/utf8";

/** What stands beside the image in JSON that goes out. A client's own members of these names are replaced. */
export const OWN_MEMBERS = ["content_type", "width", "height"] as const;
export type OwnMember = (typeof OWN_MEMBERS)[number];

const MOST_FIELD_NAME_BYTES = 1024;
const MOST_FILE_NAME_BYTES = 200;

/** By media type, where it is not the type's second half. The first one is written, all are right. */
const EXTENSIONS: Readonly<Record<string, readonly string[] | undefined>> = {
    "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
    "image/tiff": ["tif", "tiff"],
    "image/heif": ["heif", "heic"],
};
const FILE_STEM = "image";

/** Whether the new body's JSON has a member of that name of its own. Phases: any. */
export function is_own_member(name: string): boolean {
    for (const own of OWN_MEMBERS) if (name === own) return true;
    return false;
}

/**
 * Whether a field may have that name in a form: it stands in a header, in quotes, and all readers understand it alike. So it has no quote,
 * no backslash, no line end and no other control character. Phases: any.
 */
export function is_form_name(name: string): boolean {
    const [odd] = string.find(name, '[%c"\\]');
    return odd === undefined && name.length <= MOST_FIELD_NAME_BYTES;
}

function extensions_of(content_type: string): readonly string[] {
    const [rest] = string.match(content_type, "^image/(%w+)$");
    return EXTENSIONS[content_type] ?? [rest ?? "bin"];
}

/** The file's name without its extension, and that; nothing if it may mean more than a name. */
function split(file_name: string): LuaMultiReturn<[stem?: string, extension?: string]> {
    const [legal] = string.find(file_name, "^[A-Za-z0-9_\x80-\xff][A-Za-z0-9 ._()+\x80-\xff-]*$");
    if (legal === undefined || file_name.length > MOST_FILE_NAME_BYTES) return $multi();
    if (utf8.clean(file_name) !== file_name) return $multi();
    const [stem, extension] = string.match(file_name, "^(.*)%.([A-Za-z0-9]+)$");
    return $multi(stem ?? file_name, extension ?? "");
}

/** The name of a converted image's file: the client's if it is a plain one, with the extension of the new type. Phases: any. */
export function file_name_of(file_name: string | undefined, content_type: string): string {
    const extensions = extensions_of(content_type);
    const [stem, extension] = split(file_name ?? "");
    if (stem === undefined) return `${FILE_STEM}.${extensions[0]}`;
    for (const right of extensions) if (string.lower(extension!) === right) return file_name!;
    return `${stem}.${extensions[0]}`;
}
