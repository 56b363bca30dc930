/**
 * Unpredictable random numbers. `math.random` of LuaJIT gives the same sequence in every process, so all machines would do random things at
 * the same time.
 */
import * as ffi from "ffi";

ffi.cdef("long getrandom(void *buffer, size_t bytes, unsigned int flags);");

const number = ffi.new("uint32_t[1]") as unknown as Doubles;

/** One more than the largest number. */
const NUMBERS = 0x100000000;

/** The bytes of a number. */
const BYTES = 4;

/** For sandboxes that forbid the system call. Raises where the device is missing too, as predictable numbers are not secret. */
function read_from_device(): void {
    const [file, err] = io.open("/dev/urandom", "rb");
    const bytes = file?.read(BYTES) ?? "";
    file?.close();
    if (bytes.length !== BYTES)
        error(`random: the system gives no random numbers: ${err ?? "/dev/urandom is empty"}`, 0);
    ffi.copy(number as unknown as CValue, bytes, BYTES);
}

/** A whole number of 32 random bits. Phases: any. Source: getrandom(2), which takes nothing less than so few bytes at once. */
export function bits(): number {
    if (tonumber(ffi.C.getrandom!(number, BYTES, 0)) !== BYTES) read_from_device();
    return number.get(0);
}

/** A number from 0 up, below 1. Phases: any. */
export function share(): number {
    return bits() / NUMBERS;
}

/** So many times 32 random bits in lower-case hex, eight digits each. Phases: any. */
export function hex(numbers: number): string {
    const parts: string[] = [];
    for (const _ of $range(1, numbers)) parts.push(string.format("%08x", bits()));
    return table.concat(parts);
}
