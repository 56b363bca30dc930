/** Splits and joins batches: lines in one string, each with its line end. Pure Lua. */

/** The position of the line end of the line with this number, counted from 1. Phases: any. */
export function end_of(text: string, number: number): number {
    let at = 0;
    for (const _ of $range(1, number)) {
        const [found] = string.find(text, "\n", at + 1, true);
        if (found === undefined) return text.length;
        at = found;
    }
    return at;
}

/** The lines without their line ends. Phases: any. */
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

/** One string of these lines, each with a line end. Phases: any. */
export function join(lines: string[]): string {
    return lines.length === 0 ? "" : `${table.concat(lines, "\n")}\n`;
}
