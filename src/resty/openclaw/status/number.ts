/** Numbers as JSON has them; `null` where there is none. Pure Lua, any phase. */

function is_none(value: number | undefined): value is undefined {
    return value === undefined || value !== value || value === math.huge || value === -math.huge;
}

/** A number that counts: all its digits. */
export function exact(value: number | undefined): string {
    return is_none(value) ? "null" : string.format("%.14g", value);
}

/** A number that was measured or worked out: six digits. */
export function rounded(value: number | undefined): string {
    return is_none(value) ? "null" : string.format("%.6g", value);
}

/** How much there was in each second; nothing where no time has passed. */
export function per_second(amount: number | undefined, seconds: number): number | undefined {
    return amount === undefined || seconds <= 0 ? undefined : amount / seconds;
}
