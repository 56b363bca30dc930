/**
 * Splits and trims strings from outside, and knows what a name is, in linear time.
 *
 * A Lua pattern that may begin or end at many places tries them all: "^%s*(.-)%s*$" takes six seconds for a text with 32,000
 * blanks in the middle, in which the worker does nothing else, and no timeout ends it. Pure Lua.
 */

/** A space, or what lies between a tab and a carriage return: what "%s" is. */
function is_blank(byte: number): boolean {
    return byte === 32 || (byte >= 9 && byte <= 13);
}

/** The text without the blanks and line ends around it. Phases: any. */
export function trim(text: string): string {
    const [first] = string.find(text, "%S");
    if (first === undefined) return "";
    let last = text.length;
    while (is_blank(string.byte(text, last))) last -= 1;
    return string.sub(text, first, last);
}

/**
 * The item of a list that begins at `at`, untrimmed, and where the next one begins; nothing for that after the last one.
 * The separator is a plain text. Phases: any.
 */
export function item(list: string, separator: string, at: number): LuaMultiReturn<[item: string, next?: number]> {
    const [found, last] = string.find(list, separator, at, true);
    if (found === undefined) return $multi(string.sub(list, at));
    return $multi(string.sub(list, at, found - 1), last! + 1);
}

/** The items of a list, untrimmed; one, the empty text, of an empty list. Phases: any. */
export function split(list: string, separator: string): string[] {
    const items: string[] = [];
    let [each, next] = item(list, separator, 1);
    items.push(each);
    while (next !== undefined) {
        [each, next] = item(list, separator, next);
        items.push(each);
    }
    return items;
}

/**
 * A number without sign and exponent, "12" or "12.5", as its digits before the point and what follows; nothing for all else.
 * Phases: any.
 */
export function decimal(text: string): LuaMultiReturn<[whole?: string, rest?: string | undefined]> {
    const [whole, rest] = string.match(text, "^(%d+)(.*)$");
    const [legal] = string.find(rest ?? "", "^%.?%d*$");
    if (whole === undefined || legal === undefined) return $multi();
    return $multi(whole, rest);
}

const MOST_NAME_BYTES = 64;

/** Whether a text has 1 to 64 of the characters A-Z a-z 0-9 _ . - and no others, as names in labels and log lines. Phases: any. */
export function is_name(text: string): boolean {
    if (text.length > MOST_NAME_BYTES) return false;
    const [found] = string.find(text, "^[%w_.-]+$");
    return found !== undefined;
}
