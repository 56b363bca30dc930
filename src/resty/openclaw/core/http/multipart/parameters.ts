/**
 * Parameters of header fields, `; name=value; other="quoted value"`, read strictly: what two readers may understand differently is
 * refused. So is a backslash in quotes: browsers mean the character itself by it, and RFC 9110 the one that follows. Pure Lua.
 */

const BLANK = 32;
const TAB = 9;
const QUOTE = 34;
const SEMICOLON = 59;

/** After a text that is over, there is no byte. */
function byte_at(text: string, at: number): number {
    return at > text.length ? 0 : string.byte(text, at);
}

function skip_blanks(text: string, at: number): number {
    while (byte_at(text, at) === BLANK || byte_at(text, at) === TAB) at += 1;
    return at;
}

/** A value in quotes, whose first one is at `at`, and the place after it. */
function quoted(text: string, at: number): LuaMultiReturn<[value?: string, next?: number]> {
    const [end] = string.find(text, '"', at + 1, true);
    if (end === undefined) return $multi();
    const value = string.sub(text, at + 1, end - 1);
    const [backslash] = string.find(value, "\\", 1, true);
    if (backslash !== undefined) return $multi();
    return $multi(value, end + 1);
}

/** A value without quotes; it has at least one character, none of which is a blank or a separator. */
function token(text: string, at: number): LuaMultiReturn<[value?: string, next?: number]> {
    const [separator] = string.find(text, "[%s;]", at);
    const next = separator ?? text.length + 1;
    const value = string.sub(text, at, next - 1);
    const [odd] = string.find(value, '[%c"\\,=]');
    if (value === "" || odd !== undefined) return $multi();
    return $multi(value, next);
}

/**
 * Reads the parameters from `at` on, where a semicolon or the end of the text is expected, into a table by their names in small letters.
 * Nothing if they are no parameters, or one comes twice. Phases: any.
 */
export function read(text: string, at: number): LuaTable<string, string> | undefined {
    const found = new LuaTable<string, string>();
    at = skip_blanks(text, at);
    while (at <= text.length) {
        if (byte_at(text, at) !== SEMICOLON) return undefined;
        const begins = skip_blanks(text, at + 1);
        const [equals] = string.find(text, "=", begins, true);
        if (equals === undefined) return undefined;
        const name = string.lower(string.sub(text, begins, equals - 1));
        const [legal] = string.find(name, "^[%w*_-]+$");
        if (legal === undefined || found.has(name)) return undefined;
        const is_quoted = byte_at(text, equals + 1) === QUOTE;
        const [value, next] = is_quoted ? quoted(text, equals + 1) : token(text, equals + 1);
        if (value === undefined) return undefined;
        found.set(name, value);
        at = skip_blanks(text, next!);
    }
    return found;
}
