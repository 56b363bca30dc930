/** Labels in the text formats of Prometheus, and which names are valid. Pure Lua, any phase. */
import * as utf8 from "../../text/utf8";

/** What a label value is cut to. */
export const LABEL_BYTES = 128;

/** A label value as it is kept: at most 128 bytes of valid UTF-8. */
function fitted(value: string): string {
    // A little more than the limit first, so that a long value costs no more than a short one.
    const clean = utf8.clean(string.sub(value, 1, LABEL_BYTES + 4));
    // Prometheus takes a zero byte for the end of the page.
    return string.gsub(utf8.cut(clean, LABEL_BYTES), "%z", "?")[0];
}

/** A label value as it stands between the quotes. Phases: any. */
export function escaped(value: string): string {
    return string.gsub(fitted(value), '[\\\n"]', { "\\": "\\\\", "\n": "\\n", '"': '\\"' })[0];
}

/** Whether all values are kept as they are. */
export function are_fitted(values: readonly string[]): boolean {
    for (const value of values) {
        if (fitted(value) !== value) return false;
    }
    return true;
}

/**
 * Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
 * bytes and made valid UTF-8.
 */
export function label_text(names: readonly string[], values: readonly unknown[]): string {
    if (names.length === 0) return "";
    const parts: string[] = [];
    for (const index of $range(1, names.length)) {
        parts.push(`${names[index - 1]}="${escaped(tostring(values[index - 1]))}"`);
    }
    return `{${table.concat(parts, ",")}}`;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Where the value that begins there ends: at its closing quote, or behind the text. */
function end_of_value(text: string, begin: number): number {
    let at = begin;
    while (at <= text.length) {
        const byte = string.byte(text, at);
        if (byte === QUOTE) return at;
        at += byte === BACKSLASH ? 2 : 1;
    }
    return at;
}

/** Visits the labels that `label_text` wrote: their names, and their values as they stand there. Phases: any. */
export function each(text: string, visit: (this: void, name: string, escaped_value: string) => void): void {
    let at = 2;
    while (true) {
        const [found] = string.find(text, '="', at, true);
        if (found === undefined) return;
        const end = end_of_value(text, found + 2);
        visit(string.sub(text, at, found - 1), string.sub(text, found + 2, end - 1));
        at = end + 2;
    }
}

/** Whether a string may be the name of a label. `le` and names with `__` in front are reserved by Prometheus. */
export function is_label_name(name: string): boolean {
    const [legal] = string.find(name, "^[%a_][%w_]*$");
    const [reserved] = string.find(name, "^__");
    return legal !== undefined && reserved === undefined && name !== "le";
}

/** Whether a string may be the name of a metric. */
export function is_metric_name(name: string): boolean {
    const [legal] = string.find(name, "^[%a_:][%w_:]*$");
    return legal !== undefined;
}
