/** Numbers as Prometheus reads them. Pure Lua, any phase. */

/** Up to here a double holds every whole number. */
const LARGEST_EXACT = 2 ** 53;

/** The shortest of the usual forms that reads back as the same number; `NaN`, `+Inf` and `-Inf` for what is none. */
export function number_text(value: number): string {
    if (value % 1 === 0 && math.abs(value) < LARGEST_EXACT) return string.format("%d", value);
    if (value !== value) return "NaN";
    if (value === math.huge) return "+Inf";
    if (value === -math.huge) return "-Inf";
    const short = string.format("%.15g", value);
    return tonumber(short) === value ? short : string.format("%.17g", value);
}
