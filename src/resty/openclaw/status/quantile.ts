/** Estimates quantiles from the buckets of a histogram. */

/**
 * The value below which a share of the observations lies, as Prometheus' histogram_quantile() estimates it: it finds the bucket
 * of the value, and interpolates linearly inside. The lowest bucket begins at 0. The last bucket has no upper bound: its lower
 * bound is returned. Nothing without observations.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 * @param share above 0
 * @param counts for each bucket, not cumulative; one more than there are bounds
 */
export function quantile(share: number, counts: readonly number[], bounds: readonly number[]): number | undefined {
    let total = 0;
    for (const count of counts) total += count;
    if (!(total > 0) || bounds.length === 0) return undefined;
    const rank = share * total;
    let below = 0;
    for (const place of $range(1, bounds.length)) {
        const count = counts[place - 1]!;
        const upper = bounds[place - 1]!;
        if (below + count >= rank) {
            if (place === 1 && upper <= 0) return upper;
            const lower = place === 1 ? 0 : bounds[place - 2]!;
            return lower + ((upper - lower) * (rank - below)) / count;
        }
        below += count;
    }
    return bounds[bounds.length - 1];
}
