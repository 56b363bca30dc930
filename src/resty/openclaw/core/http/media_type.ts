/** Media types as Content-Type has them (RFC 9110, section 8.3.1). Pure Lua. */

const BLANK = 32;
const TAB = 9;

/** The media type without its parameters, in small letters. Phases: any. */
export function of(content_type: string): string {
    const [semicolon] = string.find(content_type, ";", 1, true);
    let last = semicolon === undefined ? content_type.length : semicolon - 1;
    // No pattern: those that go back over blanks take their square in time.
    while (last > 0 && (string.byte(content_type, last) === BLANK || string.byte(content_type, last) === TAB))
        last -= 1;
    return string.lower(string.sub(content_type, 1, last));
}

/** Whether that type, as `of` returns it, is one of JSON: RFC 8259, 11, and RFC 6839, 3.1. Phases: any. */
export function is_json(its_type: string): boolean {
    return its_type === "application/json" || string.sub(its_type, -5) === "+json";
}
