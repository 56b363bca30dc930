/**
 * Calls functions that may raise where nothing may raise, such as timers and phases of nginx. Makes no closure and no table, so that
 * it may be used on the request path. Phases: any; yields where the function does.
 */
import type { Faults } from "./fault";

/** What `pcall` returns for a function with several results, which the declaration of `pcall` cannot express. */
type Protected = <Arguments extends unknown[], Results extends unknown[]>(
    this: void,
    work: (this: void, ...args: Arguments) => LuaMultiReturn<Results>,
    ...args: Arguments
) => LuaMultiReturn<[ok: true, ...results: Results] | [ok: false, err: unknown]>;

/**
 * `pcall` for functions with several results: true and the results, or false and what was raised, which is not reported. For callers
 * that treat it as one failure among others; all others use `call`.
 */
export const protected_call = pcall as unknown as Protected;

/** Calls a function, and reports what it raises as a fault of this kind. True and its first result; false where it raised. */
export function call<Arguments extends unknown[], Returned>(
    faults: Faults,
    kind: string,
    work: (this: void, ...args: Arguments) => Returned,
    ...args: Arguments
): LuaMultiReturn<[ok: boolean, result?: Returned]> {
    const [ok, result] = pcall(work, ...args);
    if (ok) return $multi(true, result);
    faults.report(kind, result);
    return $multi(false);
}

/** As `call`. `subject`: stands before the error in the log, such as "sink http". */
export function call_for<Arguments extends unknown[], Returned>(
    faults: Faults,
    kind: string,
    subject: string,
    work: (this: void, ...args: Arguments) => Returned,
    ...args: Arguments
): LuaMultiReturn<[ok: boolean, result?: Returned]> {
    const [ok, result] = pcall(work, ...args);
    if (ok) return $multi(true, result);
    faults.report(kind, subject, ": ", result);
    return $multi(false);
}
