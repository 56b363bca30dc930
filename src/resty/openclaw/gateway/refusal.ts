/** Reports to nginx that a configuration is invalid. Phases: init. */

const library = debug as unknown as Record<string, unknown>;
const trace = debug.traceback;

/**
 * Calls a function. If it raises, raises the same error, which nginx logs without a stack trace, because the error is for the author of
 * the configuration. nginx adds the trace by `debug.traceback`, which is replaced for that one call.
 */
export function without_trace<Made>(work: (this: void) => Made): Made {
    const [ok, made] = pcall(work);
    if (ok) return made;
    rawset(library, "traceback", (message: unknown) => {
        rawset(library, "traceback", trace);
        return message;
    });
    error(made, 0);
}
