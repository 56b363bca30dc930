// Numbers from what play() has noted.
import { TIMEOUT_SECONDS } from "./shapes.mjs";

/** Requests that arrived in these seconds of the trace: places in it. */
function* placesWithin({ arrivals }, from, to) {
    for (let place = 0; place < arrivals.length; place += 1)
        if (arrivals[place] >= from && arrivals[place] < to) yield place;
}

/** Mean and percentiles in ms, and the share of errors. An error counts as the whole timeout, however fast it came. */
export function times({ outcomes, ...cell }, from, to) {
    const milliseconds = [];
    let errors = 0;
    for (const place of placesWithin(cell, from, to)) {
        const isError = outcomes.status[place] !== 200;
        if (isError) errors += 1;
        milliseconds.push(1000 * (isError ? TIMEOUT_SECONDS : outcomes.seconds[place]));
    }
    milliseconds.sort((a, b) => a - b);
    const count = milliseconds.length;
    const percentile = (share) => milliseconds[Math.ceil(share * count) - 1];
    const mean = milliseconds.reduce((sum, value) => sum + value, 0) / count;
    return { mean, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), errors: errors / count };
}

/** The share of requests that the client got an error for. */
export const errorShare = (cell, from, to) => times(cell, from, to).errors;

/** The share of answers that came from this node. */
export function nodeShare({ outcomes, ...cell }, node, from, to) {
    let all = 0;
    let its = 0;
    for (const place of placesWithin(cell, from, to)) {
        all += 1;
        if (outcomes.node[place] === node) its += 1;
    }
    return its / all;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export const geometricMean = (values) => Math.exp(mean(values.map(Math.log)));
