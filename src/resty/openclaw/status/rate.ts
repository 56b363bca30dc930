/** Rates. Pure Lua, any phase. */

/** How much there was in each second; nothing where no time has passed. */
export function per_second(amount: number | undefined, seconds: number): number | undefined {
    return amount === undefined || seconds <= 0 ? undefined : amount / seconds;
}
