/** How long to wait before another try: longer with each failure, and never the same for all. */
import * as random from "../bytes/random";

/** Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
const FIRST_SECONDS = 0.1;

/** Seconds to wait after so many failures in a row (1 and more); no more than `most`. Phases: any. */
export function jittered(failures: number, most: number): number {
    const ceiling = math.min(most, FIRST_SECONDS * math.pow(2, failures - 1));
    return random.share() * ceiling;
}
