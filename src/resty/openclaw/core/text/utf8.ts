/** Makes text from outside fit for JSON and Prometheus, which both want valid UTF-8. Pure Lua. */

/** How many bytes the UTF-8 character at `at` has; 0 when there is none (RFC 3629, section 4). */
function length_at(text: string, at: number): number {
    const first = string.byte(text, at);
    if (first < 0x80) return 1;
    const second = string.byte(text, at + 1) as number | undefined;
    if (first < 0xc2 || first > 0xf4 || second === undefined) return 0;
    const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return 0;
    const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (const offset of $range(2, length - 1)) {
        const next = string.byte(text, at + offset) as number | undefined;
        if (next === undefined || next < 0x80 || next > 0xbf) return 0;
    }
    return length;
}

/** The text with every byte that is not part of a UTF-8 character replaced by "?". Phases: any. */
export function clean(text: string): string {
    // Nearly all text is ASCII: one search, no copy.
    const [odd] = string.find(text, "[^%c -~]");
    if (odd === undefined) return text;
    const parts: string[] = [string.sub(text, 1, odd - 1)];
    let at = odd;
    while (at <= text.length) {
        const length = length_at(text, at);
        parts.push(length === 0 ? "?" : string.sub(text, at, at + length - 1));
        at += math.max(length, 1);
    }
    return table.concat(parts);
}

/** The text cut to at most so many bytes, never inside a character. Phases: any. */
export function cut(text: string, most_bytes: number): string {
    if (text.length <= most_bytes) return text;
    let length = most_bytes;
    // Bytes 0x80 to 0xBF go on with a character that began before them, three bytes before at most.
    const least = math.max(most_bytes - 3, 0);
    while (length > least && string.byte(text, length + 1) >= 0x80 && string.byte(text, length + 1) <= 0xbf)
        length -= 1;
    return string.sub(text, 1, length);
}
