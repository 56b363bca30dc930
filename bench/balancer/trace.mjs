// What is asked of a pool of nodes: when each request arrives and how much work it is. The same seed gives the same
// trace, so that all policies are asked the same.

/** Work that is shorter or longer than this, in units, is cut. */
const LEAST_WORK = 0.06;
const MOST_WORK = 30;
const SIGMA = 1.2;

/** Numbers above 0 and below 1 (Mulberry32). */
function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 4294967296;
    };
}

/** Each draws one piece of work of mean 1. */
const DRAW = {
    exponential: (random) => -Math.log(random()),
    lognormal: (random) => {
        const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
        return Math.exp(SIGMA * normal - SIGMA ** 2 / 2);
    },
};

export const WORKS = Object.keys(DRAW);

/**
 * `count` Poisson arrivals within `seconds`, and their work in units. How many they are is given, and the work is scaled
 * to a mean of exactly 1, so that a load of 95 % is 95 % in a short run as well.
 */
export function trace({ work, count, seconds, seed }) {
    const random = generator(seed);
    const arrivals = Float64Array.from({ length: count }, () => random() * seconds).sort();
    const units = Float64Array.from({ length: count }, () =>
        Math.min(Math.max(DRAW[work](random), LEAST_WORK), MOST_WORK),
    );
    const mean = units.reduce((sum, unit) => sum + unit, 0) / count;
    return { arrivals, units: units.map((unit) => unit / mean) };
}
