/**
 * Rates that an operator can change while nginx runs. A change is in shared memory: all workers use it at their next request, and it
 * survives reloads, not restarts.
 */
import type { Lock } from "../core/memory/lock";
import * as locks from "../core/memory/lock";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { Rate } from "./rate";

/**
 * Makes a rate of so many requests or tokens. `burst`: nothing for that of the configuration. Its buckets have names of their own: what
 * has been counted at another rate says nothing about this one, and a caller who has used up a small burst would wait for a large one to
 * drain.
 */
export type Maker = (this: void, amount: number, burst: number | undefined, is_changed: boolean) => Rate;

/** The rate of a limit, or of a class of its callers. */
export interface ChangeableRate {
    readonly make: Maker;
    readonly configured: Rate;
    /**
     * In the common block: the requests or tokens of an operator, or 0; the burst and 1, or 0; and a number that grows, which is odd while
     * these are changed.
     */
    readonly record: Doubles;
    /** Who changes the record has it. */
    readonly lock: Lock;
    /** The rate that belongs to the record as this worker last saw it. */
    current: Rate;
    seen_amount: number;
    seen_burst: number;
}

const AMOUNT = 0;
const BURST = 1;
const VERSION = 2;
const SLOTS = 3;

/** A change takes microseconds. */
const LOCK_SECONDS = 5;
const WAIT_SECONDS = 1;

/** A rate with that name in shared memory. Raises if there is no shared memory. Phases: init. */
function create(region: Region, name: string, make: Maker, amount: number): ChangeableRate {
    const [slot, err] = shared_memory.slot(region, name, SLOTS);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const configured = make(amount, undefined, false);
    const record = pointer_add(region.common, slot);
    const lock = locks.new(region.names, `${name} lock`, LOCK_SECONDS);
    return { make, configured, record, lock, current: configured, seen_amount: 0, seen_burst: 0 };
}
export { create as new };

/** Makes the rate that the record says; while others change that, the rate is as it was. */
function remake(rate: ChangeableRate): Rate {
    const { configured, record } = rate;
    const version = record.get(VERSION);
    const amount = record.get(AMOUNT);
    const burst = record.get(BURST);
    if (version % 2 === 1 || record.get(VERSION) !== version) return rate.current;
    rate.seen_amount = amount;
    rate.seen_burst = burst;
    const is_configured = amount === 0 && burst === 0;
    rate.current = is_configured
        ? configured
        : rate.make(amount > 0 ? amount : configured.requests, burst > 0 ? burst - 1 : undefined, true);
    return rate.current;
}

/** The rate as it is now. Phases: any. */
export function present(rate: ChangeableRate): Rate {
    const { record } = rate;
    if (record.get(AMOUNT) === rate.seen_amount && record.get(BURST) === rate.seen_burst) return rate.current;
    return remake(rate);
}

/** Whether an operator has changed it. Phases: any. */
export function is_changed({ record }: ChangeableRate): boolean {
    return record.get(AMOUNT) > 0 || record.get(BURST) > 0;
}

/** Why a change was not stored; nothing where it was. */
export type Refusal = string | undefined;

/** Writes the record while no other process does; what is absent stays as it is. */
function write(rate: ChangeableRate, amount: number | undefined, burst: number | undefined): Refusal {
    const { record, lock } = rate;
    const [is_held, err] = locks.wait_for_lock(lock, WAIT_SECONDS);
    if (!is_held) {
        return err === undefined ? "another change is in progress; try again" : "the lua_shared_dict is full";
    }
    // One who has died in the middle has left it odd.
    const changing = 2 * Math.floor(record.get(VERSION) / 2) + 1;
    record.set(VERSION, changing);
    if (amount !== undefined) record.set(AMOUNT, amount);
    if (burst !== undefined) record.set(BURST, burst);
    record.set(VERSION, changing + 1);
    // So that this worker knows it, even if the next change has begun.
    present(rate);
    locks.unlock(lock);
    return undefined;
}

/** Sets the requests or tokens and the burst for all workers; nothing: as they are. Phases: those that may yield. */
export function change(rate: ChangeableRate, amount: number | undefined, burst: number | undefined): Refusal {
    return write(rate, amount, burst === undefined ? undefined : burst + 1);
}

/** Makes the rate for all workers as it is configured. Phases: those that may yield. */
export function take_back(rate: ChangeableRate): Refusal {
    return write(rate, 0, 0);
}
