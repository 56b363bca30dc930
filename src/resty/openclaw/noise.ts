/**
 * Numbers that nobody can foretell. LuaJIT's own begin the same in every process, so that all machines would do at one
 * moment what they do at random.
 */
import * as ffi from "ffi";

ffi.cdef("long getrandom(void *buffer, size_t bytes, unsigned int flags);");

const number = ffi.new("uint32_t[1]") as unknown as Doubles;

/** One more than the largest number. */
const NUMBERS = 0x100000000;

/** A number from 0 up, below 1. Phases: any. Source: getrandom(2), which never fails for so few bytes. */
export function share(): number {
    ffi.C.getrandom!(number, 4, 0);
    return number.get(0) / NUMBERS;
}

/** So many times 32 random bits in lower-case hex, eight digits each. Phases: any. */
export function hex(numbers: number): string {
    const parts: string[] = [];
    for (const _ of $range(1, numbers)) parts.push(string.format("%08x", share() * NUMBERS));
    return table.concat(parts);
}
