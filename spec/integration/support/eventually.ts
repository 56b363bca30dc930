/**
 * Asks again and again until the answer is neither undefined nor false, and resolves with it. What the question throws
 * counts as no. Rejects after `timeoutMs` with the sentence given.
 */
export async function eventually<T>(
    what: string,
    question: () => T | Promise<T>,
    timeoutMs = 60_000,
): Promise<Exclude<T, undefined | false>> {
    const deadline = Date.now() + timeoutMs;
    let reason: unknown;
    for (;;) {
        try {
            const answer = await question();
            if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
            reason = answer;
        } catch (error) {
            reason = error;
        }
        if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: reason });
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}
