/**
 * Keeps retries from becoming a storm when a whole pool fails: of the traffic only a share may be retries. A bucket of
 * tokens in each worker: each request puts in its share, each second one token, each retry takes one out. It begins full,
 * so that the loss of one node is covered at once. Source: Finagle's RetryBudget, with its share of 0.2 and its reserve of
 * 100.
 */
export interface RetryBudget {
    readonly share: number;
    tokens: number;
}

const MOST_TOKENS = 100;
const TOKENS_A_SECOND = 1;

/** A full bucket. Phases: init. */
function create(share: number): RetryBudget {
    return { share, tokens: MOST_TOKENS };
}
export { create as new };

/** Notes a request's first try. Phases: balancer. */
export function earn(budget: RetryBudget): void {
    if (budget.tokens < MOST_TOKENS) budget.tokens += budget.share;
}

/** Notes that so many seconds have gone by. Phases: any. */
export function fill(budget: RetryBudget, seconds: number): void {
    budget.tokens = math.min(MOST_TOKENS, budget.tokens + seconds * TOKENS_A_SECOND);
}

/** Whether there may be one more retry. Phases: balancer. */
export function allows(budget: RetryBudget): boolean {
    return budget.tokens >= 1;
}

/** Takes a retry out. Phases: balancer. */
export function spend(budget: RetryBudget): void {
    budget.tokens -= 1;
}
