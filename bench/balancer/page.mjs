// Puts the tables where docs/balancing.md has its two markers.
import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- Written by make bench-balancer -->";
const END = "<!-- End of what make bench-balancer has written -->";

export function writePage(file, text) {
    const page = readFileSync(file, "utf8");
    const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
    if (begin < 0 || end < begin) throw new Error(`${file} has lost its markers:\n${BEGIN}\n${END}`);
    writeFileSync(file, `${page.slice(0, begin)}${BEGIN}\n\n${text}\n${page.slice(end)}`);
}
