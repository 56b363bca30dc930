/** Takes the path of a request to the API apart. */

function byte_of(this: void, digits: string): string {
    return string.char(tonumber(digits, 16)!);
}

/** RFC 3986, section 2.1; nothing if a "%" is not part of an escape. */
function decoded(segment: string): string | undefined {
    const [text, escapes] = string.gsub(segment, "%%(%x%x)", byte_of);
    const [, percents] = string.gsub(segment, "%%", "");
    return escapes === percents ? text : undefined;
}

/** The segments of a path, decoded; nothing if one is empty or cannot be decoded. */
function segments(path: string): string[] | undefined {
    const found: string[] = [];
    for (const [segment] of string.gmatch(path, "/([^/]*)")) {
        const text = decoded(segment!);
        if (text === undefined || text === "") return undefined;
        found.push(text);
    }
    return found;
}

/**
 * The decoded segments after the prefix of the path as the client sent it: in nginx's `$uri` the slashes of "unix:%2Frun%2Fa.sock" are
 * unescaped and look like others. Nothing if the path does not begin with the prefix, or has an empty or invalid segment. Phases: any.
 */
export function parts(prefix: string, request_uri: string): string[] | undefined {
    const [path] = string.match(request_uri, "^[^?#]*");
    if (string.sub(path!, 1, prefix.length) !== prefix) return undefined;
    const rest = string.sub(path!, prefix.length + 1);
    if (rest !== "" && string.byte(rest) !== string.byte("/")) return undefined;
    return segments(rest);
}
