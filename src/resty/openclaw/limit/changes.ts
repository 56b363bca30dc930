/**
 * Rates that an operator can change while nginx runs. A change is in shared memory: all workers use it at their next request, and it
 * survives reloads, not restarts.
 */
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
    /** In the common block: the requests or tokens of an operator, or 0; and the burst and 1, or 0. */
    readonly record: Doubles;
    /** The rate that belongs to the record as this worker last saw it. */
    current: Rate;
    seen_amount: number;
    seen_burst: number;
}

const AMOUNT = 0;
const BURST = 1;
const SLOTS = 2;

/** A rate with that name in shared memory. Raises if there is no shared memory. Phases: init. */
function create(region: Region, name: string, make: Maker, amount: number): ChangeableRate {
    const [slot, err] = shared_memory.slot(region, name, SLOTS);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const configured = make(amount, undefined, false);
    const record = pointer_add(region.common, slot);
    return { make, configured, record, current: configured, seen_amount: 0, seen_burst: 0 };
}
export { create as new };

/** Makes the rate that the record says. */
function remake(rate: ChangeableRate, amount: number, burst: number): Rate {
    rate.seen_amount = amount;
    rate.seen_burst = burst;
    const { configured } = rate;
    const is_configured = amount === 0 && burst === 0;
    rate.current = is_configured
        ? configured
        : rate.make(amount > 0 ? amount : configured.requests, burst > 0 ? burst - 1 : undefined, true);
    return rate.current;
}

/** The rate as it is now. Phases: any. */
export function present(rate: ChangeableRate): Rate {
    const { record } = rate;
    const amount = record.get(AMOUNT);
    const burst = record.get(BURST);
    if (amount === rate.seen_amount && burst === rate.seen_burst) return rate.current;
    return remake(rate, amount, burst);
}

/** Whether an operator has changed it. Phases: any. */
export function is_changed({ record }: ChangeableRate): boolean {
    return record.get(AMOUNT) > 0 || record.get(BURST) > 0;
}

/** Sets the requests or tokens and the burst for all workers; nothing: as they are. Phases: any. */
export function change({ record }: ChangeableRate, amount: number | undefined, burst: number | undefined): void {
    if (amount !== undefined) record.set(AMOUNT, amount);
    if (burst !== undefined) record.set(BURST, burst + 1);
}

/** Makes the rate for all workers as it is configured. Phases: any. */
export function take_back({ record }: ChangeableRate): void {
    record.set(AMOUNT, 0);
    record.set(BURST, 0);
}
