/**
 * Limits retries to a share of the traffic, so that they do not overload an upstream that fails as a whole. Each worker has a
 * bucket of tokens: each request adds its share, each second adds one token, each retry takes one. The bucket begins full, for the
 * sudden failure of one node. Source: Finagle's RetryBudget, with its share of 0.2 and its reserve of 100.
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

/** Adds the share of a request, at its first try. Phases: balancer. */
export function earn(budget: RetryBudget): void {
    if (budget.tokens < MOST_TOKENS) budget.tokens += budget.share;
}

/** Adds the tokens of so many seconds. Phases: any. */
export function fill(budget: RetryBudget, seconds: number): void {
    budget.tokens = math.min(MOST_TOKENS, budget.tokens + seconds * TOKENS_A_SECOND);
}

/** Whether there may be one more retry. Phases: balancer. */
export function allows(budget: RetryBudget): boolean {
    return budget.tokens >= 1;
}

/** Takes a token for a retry. Phases: balancer. */
export function spend(budget: RetryBudget): void {
    budget.tokens -= 1;
}
