/** Whole numbers in texts of bytes, without a sign. `at`: the place of the first byte, counted from 1; all bytes must be there. Pure Lua. */

/** 2 bytes, the lower one first. Phases: any. */
export function low_2(bytes: string, at: number): number {
    const [first, second] = string.byte(bytes, at, at + 1);
    return first! + second! * 0x100;
}

/** 3 bytes, the lowest one first. Phases: any. */
export function low_3(bytes: string, at: number): number {
    const [first, second, third] = string.byte(bytes, at, at + 2);
    return first! + second! * 0x100 + third! * 0x10000;
}

/** 4 bytes, the lowest one first. Phases: any. */
export function low_4(bytes: string, at: number): number {
    const [first, second, third, fourth] = string.byte(bytes, at, at + 3);
    return first! + second! * 0x100 + third! * 0x10000 + fourth! * 0x1000000;
}

/** 2 bytes, the higher one first. Phases: any. */
export function high_2(bytes: string, at: number): number {
    const [first, second] = string.byte(bytes, at, at + 1);
    return first! * 0x100 + second!;
}

/** 4 bytes, the highest one first. Phases: any. */
export function high_4(bytes: string, at: number): number {
    const [first, second, third, fourth] = string.byte(bytes, at, at + 3);
    return first! * 0x1000000 + second! * 0x10000 + third! * 0x100 + fourth!;
}

/** 8 bytes, the lowest one first: exact up to 2^53. Phases: any. */
export function low_8(bytes: string, at: number): number {
    return low_4(bytes, at) + low_4(bytes, at + 4) * 0x100000000;
}

/** 8 bytes, the highest one first: exact up to 2^53. Phases: any. */
export function high_8(bytes: string, at: number): number {
    return high_4(bytes, at) * 0x100000000 + high_4(bytes, at + 4);
}
