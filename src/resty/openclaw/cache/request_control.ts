/** What a request says of caches in `Cache-Control`: RFC 9111, 5.2.1. */
import * as texts from "../core/text/text";

/** `fresh`: a new answer is wanted, which may be stored; `none`: nothing is to be stored or answered from the cache. */
export type Wish = "any" | "fresh" | "none";

/** Longer headers are not looked at. */
const MOST_BYTES = 1024;

/** The wish in the value of the header. Phases: any. */
export function read(header: string | undefined): Wish {
    if (header === undefined || header.length > MOST_BYTES) return "any";
    let wish: Wish = "any";
    for (const part of texts.split(string.lower(header), ",")) {
        const directive = texts.trim(part);
        if (directive === "no-store") return "none";
        if (directive === "no-cache" || directive === "max-age=0") wish = "fresh";
    }
    return wish;
}
