/** How nginx gets to know that a configuration is wrong. Phases: init. */

const library = debug as unknown as Record<string, unknown>;
const trace = debug.traceback;

/**
 * Calls a function; what it raises is raised here, and nginx logs it without a stack trace: the sentences are for who writes the
 * configuration. nginx has `debug.traceback` add one, which is replaced for that one call.
 */
export function without_trace<Argument, Made>(
    work: (this: void, argument: Argument) => Made,
    argument: Argument,
): Made {
    const [ok, made] = pcall(work, argument);
    if (ok) return made;
    rawset(library, "traceback", (message: unknown) => {
        rawset(library, "traceback", trace);
        return message;
    });
    error(made, 0);
}
