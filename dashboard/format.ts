/** Formats figures for people. A dash stands for null. */

export const NONE = "–";

type Figure = number | null;

/** A narrow space that does not break. */
const SPACE = "\u202f";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const significant = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** Three digits, at most two of them after the point. */
function short(value: number): string {
    if (value === 0) return "0";
    if (value < 10) return value.toFixed(value < 1 ? 2 : 1);
    return whole.format(value);
}

export function count(value: Figure): string {
    if (value === null) return NONE;
    return value < 1_000_000 ? whole.format(value) : compact.format(value);
}

/** A number whose unit is unknown. */
export function number(value: Figure): string {
    if (value === null) return NONE;
    return Number.isInteger(value) ? whole.format(value) : significant.format(value);
}

export function rate(value: Figure): string {
    if (value === null) return NONE;
    if (value > 0 && value < 0.01) return "<0.01";
    return value < 10_000 ? short(value) : compact.format(value);
}

export function share(value: Figure): string {
    if (value === null) return NONE;
    const percent = value * 100;
    if (percent > 0 && percent < 0.1) return `<0.1${SPACE}%`;
    if (percent === 0 || percent === 100) return `${percent}${SPACE}%`;
    // Anything less than all must not be shown as 100 %.
    return `${Math.min(percent, 99.9).toFixed(1)}${SPACE}%`;
}

export function seconds(value: Figure): string {
    if (value === null) return NONE;
    if (value < 0.0995) return `${short(value * 1000)}${SPACE}ms`;
    if (value < 0.9995) return `${(value * 1000).toFixed(0)}${SPACE}ms`;
    if (value < 9.995) return `${value.toFixed(2)}${SPACE}s`;
    if (value < 99.95) return `${value.toFixed(1)}${SPACE}s`;
    return duration(value);
}

export function bytes(value: Figure): string {
    if (value === null) return NONE;
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let amount = value;
    let place = 0;
    while (amount >= 999.5 && place < units.length - 1) {
        amount /= 1000;
        place += 1;
    }
    return `${place === 0 ? whole.format(amount) : short(amount)}${SPACE}${units[place] ?? ""}`;
}

/** Two units of time, the second one where it is not 0. */
export function duration(value: Figure): string {
    if (value === null) return NONE;
    const units: [string, number][] = [
        ["d", 86400],
        ["h", 3600],
        ["min", 60],
        ["s", 1],
    ];
    const left = Math.round(value);
    const place = units.findIndex(([, size]) => left >= size);
    const first = units[place];
    if (first === undefined) return `0${SPACE}s`;
    const text = `${Math.floor(left / first[1])}${SPACE}${first[0]}`;
    const second = units[place + 1];
    const rest = second === undefined ? 0 : Math.floor((left % first[1]) / second[1]);
    return second === undefined || rest === 0 ? text : `${text} ${rest}${SPACE}${second[0]}`;
}

export function weight(value: Figure): string {
    if (value === null) return NONE;
    return value < 10 ? value.toFixed(2) : short(value);
}

/** A word of the API as words: `half_open` is "half open". */
export function word(state: string): string {
    return state.replaceAll("_", " ");
}
