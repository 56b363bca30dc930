/** Where the numbers of a text begin and end. */
import { FRACTION, NEXT as STRICT, VALUE, WHOLE, ZERO } from "../structure/states";
import type { Canonical } from "./model";
import * as numbers from "./numbers";
import * as text from "./text";

const DIGIT_ZERO = 48;
const MINUS = 45;

/** Whether the number at hand is canonical as it is, which most are, as far as a glance shows it. */
function is_canonical(json: Canonical, state: number): boolean {
    const { number_begins } = json;
    const bytes = json.text_bytes - number_begins;
    const first = json.text.get(number_begins);
    if (state === WHOLE) return bytes <= 15;
    if (state === ZERO) return first !== MINUS;
    if (state !== FRACTION || bytes > 16 || first === MINUS || json.text.get(json.text_bytes - 1) === DIGIT_ZERO)
        return false;
    // Below 0.000001 there is an exponent.
    return first !== DIGIT_ZERO || bytes <= 8 || json.text.get(number_begins + 2) !== DIGIT_ZERO;
}

/** The number at hand has ended; so many bytes of the piece follow. Returns the next state. Phases: any. */
export function end_number(json: Canonical, state: number, left: number): number {
    if (!is_canonical(json, state)) {
        const [end, problem] = numbers.write(json.text, json.number_begins, json.text_bytes);
        if (end === undefined) return text.refuse(json, problem);
        json.text_bytes = end;
        if (!text.reserve(json, left)) return VALUE;
    }
    return json.after;
}

/** A number begins with this byte. Returns the next state. Phases: any. */
export function begin_number(json: Canonical, byte: number, state: number): number {
    json.number_begins = json.text_bytes;
    text.put(json, byte);
    return STRICT.get(state * 256 + byte);
}
