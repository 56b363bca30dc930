/** The moment at which an API key expires, as it is written: `2027-01-31T00:00:00Z`, or `2027-01-31`, the first moment of that day (UTC). */

const SECONDS_A_DAY = 86400;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function days_of(year: number, month: number): number {
    const is_leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return month === 2 && is_leap ? 29 : MONTH_DAYS[month - 1]!;
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar. The year begins in March, so that the leap day is its last one.
 * Source: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
 */
function days_from_civil(year: number, month: number, day: number): number {
    const its_year = month <= 2 ? year - 1 : year;
    const era = Math.floor(its_year / 400);
    const year_of_era = its_year - era * 400;
    const day_of_year = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
    const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100) + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/** The date, and what follows it; nothing where there is none. */
function day_of(text: string): LuaMultiReturn<[days?: number, rest?: string | undefined]> {
    const [year, month, day, rest] = string.match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$");
    if (year === undefined) return $multi();
    const [y, m, d] = [tonumber(year)!, tonumber(month)!, tonumber(day)!];
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > days_of(y, m)) return $multi();
    return $multi(days_from_civil(y, m, d), rest);
}

/** The moment, in seconds since 1970; nothing where it is no date of the calendar, or written otherwise (RFC 3339 with Z alone). Phases: any. */
export function parse(text: string): WallTime | undefined {
    const [days, rest] = day_of(text);
    if (days === undefined) return undefined;
    if (rest === "") return (days * SECONDS_A_DAY) as WallTime;
    const [hours, minutes, seconds] = string.match(rest!, "^T(%d%d):(%d%d):(%d%d)Z$");
    if (hours === undefined) return undefined;
    const [h, m, s] = [tonumber(hours)!, tonumber(minutes)!, tonumber(seconds)!];
    if (h > 23 || m > 59 || s > 59) return undefined;
    return (days * SECONDS_A_DAY + h * 3600 + m * 60 + s) as WallTime;
}
