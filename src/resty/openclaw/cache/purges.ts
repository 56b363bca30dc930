/**
 * The purges that operators have made. Each filter (a route, a tenant, a model, or several of these) and each single key has the number of
 * its last purge, which is a part of the keys of requests: so a purged answer is not found any more, and nothing is deleted.
 *
 * The purges stand in a file, which only workers write: a purge is claimed when the file is synced to disk. Each worker has them in a table,
 * and reads what is new when a number in shared memory has changed, which each request compares. Twice a second it looks whether the file
 * has changed by itself, for other gateways that use it, and for a worker that was killed before it changed the number.
 *
 * Where there is no whole file, nobody knows what was purged, so everything is: a random epoch is a part of all keys, too. Where gateways
 * share answers in Redis, they share the purges there as well, see `sharing`.
 */
import * as kinds from "../config/kinds";
import type { Values } from "../config/schema";
import { option, optional } from "../config/schema";
import * as file_state from "../core/files/file_state";
import * as shared_memory from "../core/memory/shared_memory";
import * as fault from "../core/metrics/fault";
import * as metric_registry from "../core/metrics/metric_registry";
import * as worker_process from "../core/process/worker_process";
import type { Filter } from "./purges/filter";
import * as filters from "./purges/filter";
import * as generations from "./purges/generations";
import * as keeping from "./purges/keeping";
import * as knowledge from "./purges/knowledge";
import * as lists from "./purges/list";
import type { Made, Purges, State } from "./purges/model";
import * as purge_file from "./purges/purge_file";
import * as sharings from "./purges/sharing";
import type { RedisTier } from "./redis_tier";

export type { Filter, Made, Purges, State };

/** The options in `setup`. */
export const SCHEMA = {
    purges: optional(
        kinds.path,
        "the file of the [purges](cache.md#purge); without it nothing can be purged. The workers must be able to write in its folder",
    ),
    thread_pool: option(kinds.text, "default", "the `thread_pool` of nginx that writes the file"),
};

const NAME = "cache";

/**
 * What the key of such a request has of purges: another text after each purge that it is subject to. `tenant`, `model`: nothing if nobody
 * knows of which one the answer is that the request may get; then it is subject to the purges of all of them. Phases: access; blocks for the
 * reading of what other workers have purged.
 */
export function part_of(purges: Purges, route: string, tenant: string | undefined, model: string | undefined): string {
    if (purges.stamp.get(0) !== purges.seen) keeping.refresh(purges);
    const generation = generations.newest(purges.all, route, tenant, model);
    if (generation === purges.all.all) return purges.part;
    return string.format("%s.%d", purges.epoch, generation);
}

/** What is to be added to a key that was purged alone; nothing for any other. To be asked after `part_of`. Phases: any. */
export function generation_of_key(purges: Purges, key: string): string | undefined {
    const generation = purges.all.keys.get(key);
    return generation === undefined ? undefined : string.format("%d", generation);
}

function state(this: Purges): State {
    keeping.refresh(this);
    const { path, last, at, all, sharing } = this;
    const count = all.filter_count + all.key_count + (all.all > 0 ? 1 : 0);
    return { path, last, at, filters: count, shared: sharing && sharings.state(sharing) };
}

/** Adds a purge to the file. */
function add_here(purges: Purges, filter: Filter): Result<Made> {
    const answer = keeping.call_file(purges, "add", filters.text(filter));
    const [what, digits] = string.match(answer, "^(%l+) (%d+)$");
    if (what !== "done" && what !== "all") {
        const [problem] = string.match(answer, "^failed (.*)$");
        const why = problem === undefined ? "another purge is in progress; try again" : `${purges.path}: ${problem}`;
        return $multi(undefined, why);
    }
    keeping.announce(purges);
    return $multi({ generation: tonumber(digits)!, is_all: what === "all" });
}

function add(this: Purges, filter: Filter): Result<Made> {
    const { sharing } = this;
    const [made, err] = sharing === undefined ? add_here(this, filter) : sharings.add(this, sharing, filter);
    if (made === undefined) {
        this.failed.inc();
        this.faults.report(sharing === undefined ? "purges_unwritable" : sharings.FAULT, err);
        return $multi(undefined, err);
    }
    this.done.inc();
    return $multi(made);
}

const metatable = { __index: { state, add } };

/** Begins the file if there is none, and finds out whether this worker may write it. Phases: init_worker. */
export function init_worker(purges: Purges): void {
    purges.region.duties.push(() => {
        keeping.look(purges);
    });
    shared_memory.attend(purges.region);
    // The master has read the file long ago, if this worker takes the place of one that crashed.
    if (knowledge.load(purges) !== undefined && !purges.is_lost) keeping.forget(purges);
    keeping.begin_soon(purges);
    if (purges.sharing !== undefined && worker_process.is_here()) sharings.init_worker(purges);
}

/** Shares the purges with the gateways that share answers there. Raises if they are shared elsewhere already. Phases: init. */
export function share(purges: Purges, tier: RedisTier, path: string): void {
    const sharing = sharings.new(purges.region, purges.path, tier);
    if (purges.sharing !== undefined && purges.sharing.place !== sharing.place) {
        error(`${path}.redis must be the same Redis with the same prefix on all routes, as purges are kept there`, 0);
    }
    purges.sharing ??= sharing;
    tier.known_until = purges.sharing.known_until;
}

/** Reads the file when nginx starts. Raises if that cannot be the file. */
function open(purges: Purges, path: string): void {
    const [list, problem, err] = purge_file.read(purges.path);
    if (problem === "unreadable") error(`${path}: cannot read ${purges.path}: ${err}`, 0);
    if (problem === "foreign") error(`${path}: ${purges.path} is another file; name one that does not exist yet`, 0);
    if (list !== undefined && knowledge.take(purges, list, false)) {
        purges.known_epoch = list.epoch;
        purges.known_last = list.last;
        return;
    }
    if (problem !== "missing") {
        purges.faults.report_each(
            "purges_damaged",
            purges.path,
            " is damaged; it is kept as .damaged, and everything is purged",
        );
    }
    knowledge.lose(purges);
}

/** The purges in the file of the option; nothing without the option. Raises if the file is another one. Phases: init. */
function create(options: Values<typeof SCHEMA>, dict: string, path: string): Purges | undefined {
    if (options.purges === undefined) return undefined;
    const registry = metric_registry.open(dict);
    const [slot, err] = shared_memory.slot(registry.region, `purges ${options.purges}`);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const family = metric_registry.counter(
        registry,
        "openclaw_cache_purges_total",
        "Purges of the cache by operators, by whether they were kept.",
        ["result"],
    );
    const stamp = pointer_add(registry.region.common, slot);
    const purges = setmetatable(
        {
            path: options.purges,
            thread_pool: options.thread_pool,
            region: registry.region,
            stamp,
            faults: fault.new(NAME, registry),
            done: family.labels("done"),
            failed: family.labels("failed"),
            seen: stamp.get(0),
            file: file_state.of(options.purges, lists.MOST_FILE_BYTES),
            epoch: "",
            last: 0,
            at: 0 as WallTime,
            known_epoch: "",
            known_last: 0,
            all: generations.new(),
            part: "",
            has_keys: false,
            is_lost: false,
            sharing: undefined,
        },
        metatable,
    );
    open(purges, `${path}.purges`);
    return purges;
}
export { create as new };
