// Interleaved rounds: each variant runs once in every round, the order turns about, and what counts is the ratio to the
// first variant of the same round. On a machine shared with others nothing else holds.
export const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** "0.93 (0.91–0.94)": the median, least and most of the values. */
export const spread = (values, digits = 2) =>
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

/**
 * Runs the variants in turn; `measure(variant)` gives an object of numbers, or nothing where it does not count. A round
 * in which one does not count is thrown away. Returns, for each variant, the list of its results, and how many rounds
 * were thrown away.
 */
export async function rounds(variants, measure, { count, most = count * 3 }) {
    const results = Object.fromEntries(variants.map((variant) => [variant, []]));
    let thrown = 0;
    for (let round = 0; results[variants[0]].length < count && round < most; round += 1) {
        const order = round % 2 ? [...variants].reverse() : variants;
        const got = {};
        for (const variant of order) got[variant] = await measure(variant);
        if (Object.values(got).some((result) => result === undefined)) {
            thrown += 1;
            continue;
        }
        for (const variant of variants) results[variant].push(got[variant]);
        process.stderr.write(`round ${results[variants[0]].length} of ${count}\n`);
    }
    return { results, thrown };
}
