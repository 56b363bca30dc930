/** Takes the text of a stream of server-sent events apart: WHATWG HTML, section 9.2.6. Pure Lua. */

const CARRIAGE_RETURN = 13;
const FIELD = "data:";

/** The value of a line that is a data field. */
function value_of(line: string): string {
    const has_blank = string.sub(line, FIELD.length + 1, FIELD.length + 1) === " ";
    return string.sub(line, FIELD.length + (has_blank ? 2 : 1));
}

/**
 * The next event from `at` on: its data, nothing when it has none, and where the one after it begins. Nothing at all
 * when the text ends before the event does. Lines end with LF or CRLF.
 */
export function next_of(text: string, at: number): LuaMultiReturn<[data: string | undefined, after?: number]> {
    const values: string[] = [];
    let begin = at;
    while (true) {
        const [line_feed] = string.find(text, "\n", begin, true);
        if (line_feed === undefined) return $multi(undefined);
        const is_crlf = line_feed > begin && string.byte(text, line_feed - 1) === CARRIAGE_RETURN;
        const last = is_crlf ? line_feed - 2 : line_feed - 1;
        if (last < begin) {
            return $multi(values.length === 0 ? undefined : table.concat(values, "\n"), line_feed + 1);
        }
        if (string.sub(text, begin, begin + FIELD.length - 1) === FIELD) {
            values.push(value_of(string.sub(text, begin, last)));
        }
        begin = line_feed + 1;
    }
}

/** The data of all events. `is_cut`: the text may begin in the middle of one, which is then left out. */
export function all_of(text: string, is_cut: boolean): string[] {
    const found: string[] = [];
    let [data, after] = next_of(text, 1);
    if (is_cut && after !== undefined) [data, after] = next_of(text, after);
    while (after !== undefined) {
        if (data !== undefined) found.push(data);
        [data, after] = next_of(text, after);
    }
    return found;
}
