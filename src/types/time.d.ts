/** @noSelfInFile */

/**
 * A moment by the clock that nobody sets, in seconds: it goes on evenly, and is the same for all processes of the machine.
 * What waits, ends or is learned goes by it. See `core/time/clock`.
 */
type MonotonicTime = number & { readonly __clock: "monotonic" };

/** A moment by the time of day, in seconds since 1970: for people, other machines, and what outlives a restart. It may be set. */
type WallTime = number & { readonly __clock: "wall" };

/** `moment + seconds`. */
declare const later: LuaAddition<MonotonicTime, number, MonotonicTime>;

/** The same by the time of day. */
declare const later_by_wall: LuaAddition<WallTime, number, WallTime>;
