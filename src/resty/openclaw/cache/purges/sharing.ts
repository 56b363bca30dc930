/**
 * Shares purges with other gateways, by a list in Redis. The file of this gateway has all that it knows of the list: one worker looks whether
 * the list has changed, and takes it over. As long as it has not looked, answers are neither taken from Redis nor written there; nginx's own
 * cache goes on by the file.
 */
import * as leaders from "../../core/memory/leader";
import type { Region } from "../../core/memory/shared_memory";
import * as shared_memory from "../../core/memory/shared_memory";
import * as guard from "../../core/metrics/guard";
import * as clock from "../../core/time/clock";
import * as outages from "../../redis_client/outage";
import type { RedisTier } from "../redis_tier";
import type { Filter } from "./filter";
import * as filters from "./filter";
import * as keeping from "./keeping";
import type { List } from "./list";
import * as lists from "./list";
import type { Made, Purges, SharedState, Sharing } from "./model";
import * as purge_file from "./purge_file";
import type { Known } from "./shared_list";
import * as shared_lists from "./shared_list";

/** How often the list is looked at. */
const LOOK_SECONDS = 0.5;
/** For so long after a look answers in Redis are used, so that no purge is unknown for longer. */
const KNOWN_SECONDS = 2;
const KEY = "purges";
/** The kind of the faults of a list that is not known. */
export const FAULT = "purges_unshared";

/** The sharing of purges by the Redis of a route. Raises where there is no room in shared memory. Phases: init. */
function create(region: Region, path: string, tier: RedisTier): Sharing {
    const { place, outage, prefix } = tier;
    const of = `purges ${path} ${place}`;
    const [slot, err] = shared_memory.slot(region, of);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    return {
        place,
        address: outage.address,
        redis: tier.link.redis,
        name: prefix + KEY,
        leader: leaders.new(region.names, of),
        known_until: pointer_add(region.common, slot),
        is_at_work: false,
    };
}
export { create as new };

function report(purges: Purges, sharing: Sharing, err: string): void {
    const outage = {
        address: sharing.address,
        fails_to: "share purges",
        does_again: "",
        of_route: "",
        meanwhile: "nothing can be purged here, purges of other gateways are not known, and no answers are shared",
    };
    purges.faults.report(FAULT, outages.sentence(outage, err, 1));
}

/** What this worker knows of the shared list; nothing while it does not know the file. */
function known_of(purges: Purges): Known {
    const { is_lost, epoch, last } = purges;
    return is_lost || !lists.is_shared(epoch) ? { epoch: "", last: 0 } : { epoch, last };
}

/** The list, if it is another one than is known. If it has lost purges that the file has, a new one is begun. On failure nil and why. */
function read(purges: Purges, sharing: Sharing): Result<List | "known"> {
    const { redis, name } = sharing;
    const [found, err] = shared_lists.read(redis, name, known_of(purges));
    if (found === undefined) return $multi(undefined, err);
    if (found === "known") return $multi(found);
    const [file] = purge_file.read(purges.path);
    if (file === undefined || !lists.has_lost_any_of(found, file)) return $multi(found);
    const renew_err = shared_lists.renew(redis, name, found.epoch);
    if (renew_err !== undefined) return $multi(undefined, renew_err);
    return shared_lists.read(redis, name, known_of(purges));
}

/** Takes a list over into the file. Returns why that failed, if it did. */
function adopt(purges: Purges, list: List): string | undefined {
    const answer = keeping.call_file(purges, "adopt", lists.written(list));
    keeping.announce(purges);
    keeping.refresh(purges);
    const [problem] = string.match(answer, "^failed (.*)$");
    if (problem === undefined) return answer === purge_file.BUSY ? "the file is being changed" : undefined;
    const why = `${purges.path}: ${problem}`;
    purges.faults.report("purges_unwritable", why, "; everything is purged");
    return why;
}

/** Looks at the list once. Returns why this gateway does not know it now, if so. */
function look(purges: Purges, sharing: Sharing): string | undefined {
    const asked_at = clock.now();
    keeping.refresh(purges);
    const [found, err] = read(purges, sharing);
    if (found === undefined) return err;
    const problem = found === "known" ? undefined : adopt(purges, found);
    if (problem !== undefined) return problem;
    const { epoch, last } = known_of(purges);
    const is_known = found === "known" || (epoch === found.epoch && last >= found.last);
    if (is_known) sharing.known_until.set(0, later(asked_at, KNOWN_SECONDS));
    return undefined;
}

function look_and_report(purges: Purges, sharing: Sharing): void {
    const [leads, err] = sharing.leader.leads();
    if (err !== undefined) return report(purges, sharing, err);
    if (!leads) return;
    const problem = look(purges, sharing);
    if (problem !== undefined) report(purges, sharing, problem);
}

function tick(premature: boolean, purges: Purges): void {
    const sharing = purges.sharing!;
    if (premature) {
        sharing.leader.resign();
        return;
    }
    if (sharing.is_at_work) return;
    sharing.is_at_work = true;
    guard.call(purges.faults, FAULT, look_and_report, purges, sharing);
    sharing.is_at_work = false;
}

/** Looks at the list from now on. Phases: init_worker. */
export function init_worker(purges: Purges): void {
    const [first] = ngx.timer.at(0, tick, purges);
    const [ok, err] = ngx.timer.every(LOOK_SECONDS, tick, purges);
    if (!first || !ok) purges.faults.report("timer", "purges of other gateways are not looked for: ", err);
}

/** Adds a purge to the list and to the file. On failure nil and why; then nothing is claimed. Phases: content; yields. */
export function add(purges: Purges, sharing: Sharing, filter: Filter): Result<Made> {
    keeping.refresh(purges);
    const { redis, name, address } = sharing;
    const [added, err] = shared_lists.add(redis, name, known_of(purges), filters.text(filter));
    if (added === undefined) {
        return $multi(undefined, `Redis at ${address}, where gateways share purges, did not take it: ${err}`);
    }
    const problem = look(purges, sharing);
    if (problem !== undefined) return $multi(undefined, problem);
    const { epoch, last } = known_of(purges);
    if (epoch < added.epoch || (epoch === added.epoch && last < added.generation)) {
        return $multi(undefined, "the file does not have it yet; try again");
    }
    return $multi({ generation: added.generation, is_all: added.is_all || epoch !== added.epoch });
}

/** How far this gateway and the others know of one another. Phases: any. */
export function state(sharing: Sharing): SharedState {
    const { address, known_until } = sharing;
    return { address, is_in_step: clock.now() < known_until.get(0), delay_seconds: KNOWN_SECONDS };
}
