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

function scientific_text(value: number): string {
    const short = string.format("%.14e", value);
    const exact = tonumber(short) === value ? short : string.format("%.16e", value);
    const [digits, exponent] = string.match(exact, "^(.-)%.?0*(e.*)$");
    return digits! + exponent!;
}

/**
 * The same for what must not look like a whole number: `1.0`, `0.0025`, `1e+06`. With an exponent from 1e6 up and below
 * 1e-4: "Considerations: Canonical Numbers" of OpenMetrics 1.0.
 */
export function float_text(value: number): string {
    const size = math.abs(value);
    if (size >= 1e6 && size < math.huge) return scientific_text(value);
    if (size < 1e-4 && size > 0) return scientific_text(value);
    const text = number_text(value);
    return value % 1 === 0 ? `${text}.0` : text;
}
