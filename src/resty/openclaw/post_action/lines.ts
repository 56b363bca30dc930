/** Texts of lines, each with its line end, as queues make them and sinks get them. Pure Lua. */

/** Where the line of this number ends: the place of its line end. Phases: any. */
export function end_of(text: string, number: number): number {
    let at = 0;
    for (const _ of $range(1, number)) {
        const [found] = string.find(text, "\n", at + 1, true);
        if (found === undefined) return text.length;
        at = found;
    }
    return at;
}

/** The lines without their ends. Phases: any. */
export function split(text: string): string[] {
    const found: string[] = [];
    let at = 1;
    let [line_end] = string.find(text, "\n", at, true);
    while (line_end !== undefined) {
        found.push(string.sub(text, at, line_end - 1));
        at = line_end + 1;
        [line_end] = string.find(text, "\n", at, true);
    }
    return found;
}

/** The text of these lines. Phases: any. */
export function join(lines: string[]): string {
    return lines.length === 0 ? "" : `${table.concat(lines, "\n")}\n`;
}
