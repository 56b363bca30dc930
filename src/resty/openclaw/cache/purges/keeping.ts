/** Keeps purges in the file, and has this worker know what others have written there. */
import * as random from "../../core/bytes/random";
import * as file_state from "../../core/files/file_state";
import * as guard from "../../core/metrics/guard";
import * as thread_pools from "../../core/process/thread_pool";
import * as clock from "../../core/time/clock";
import * as knowledge from "./knowledge";
import * as lists from "./list";
import type { Purges } from "./model";
import * as purge_file from "./purge_file";

/** A function of the file. */
type Change = "add" | "begin" | "adopt";

const FILE_MODULE = "resty.openclaw.cache.purges.purge_file";
/** No stamp. */
const UNSEEN = -1;
/** How long a purge waits for others, and how often it looks. */
const WAIT_SECONDS = 10;
const TRY_SECONDS = 0.01;
/** 2^20: stamps have 52 bits. */
const HIGH = 0x100000;

/** A number that there has not been yet. */
function new_stamp(): number {
    return random.bits() * HIGH + (random.bits() % HIGH) + 1;
}

/** Calls a function of the file, in a thread if there is one. */
function call_once(purges: Purges, name: Change, text: string): string {
    const { path, thread_pool, known_epoch, known_last } = purges;
    const at = ngx.time();
    if (ngx.run_worker_thread !== undefined && thread_pools.has_room(thread_pool)) {
        const [called, answer] = ngx.run_worker_thread<string>(
            thread_pool,
            FILE_MODULE,
            name,
            path,
            known_epoch,
            known_last,
            text,
            at,
        );
        // The pool may not exist, or nginx has no Lua VM left for it.
        if (called) return answer;
    }
    if (name === "add") return purge_file.add(path, known_epoch, known_last, text, at);
    if (name === "adopt") return purge_file.adopt(path, known_epoch, known_last, text);
    return purge_file.begin(path, known_epoch, known_last, text);
}

/** The same, as soon as nobody else changes the file. Phases: those that may yield; yields, and may block. */
export function call_file(purges: Purges, name: Change, text: string): string {
    const give_up = later(clock.now(), WAIT_SECONDS);
    let answer = call_once(purges, name, text);
    while (answer === purge_file.BUSY && clock.now() < give_up) {
        ngx.sleep(TRY_SECONDS);
        answer = call_once(purges, name, text);
    }
    return answer;
}

/** Has all workers look at the file again. Phases: any. */
export function announce(purges: Purges): void {
    purges.stamp.set(0, new_stamp());
}

/** Begins the file, if it has to be, and finds out whether it may be written. */
function begin(purges: Purges): void {
    // Of an epoch that others know nothing is known without the file.
    const answer = call_file(purges, "begin", purges.is_lost ? purges.epoch : lists.fresh().epoch);
    const [problem] = string.match(answer, "^failed (.*)$");
    if (problem !== undefined) {
        const folder = purge_file.folder_of(purges.path);
        purges.faults.report("purges_unwritable", purges.path, ": ", problem, "; let the workers write in ", folder);
    }
    if (answer === "begun") announce(purges);
    if (purges.is_lost && problem === undefined) knowledge.load(purges);
}

function begin_in_timer(premature: boolean, purges: Purges): void {
    if (!premature) guard.call(purges.faults, "purges_unwritable", begin, purges);
}

/** Begins the file in a timer. Phases: any that may start timers. */
export function begin_soon(purges: Purges): void {
    const [ok, err] = ngx.timer.at(0, begin_in_timer, purges);
    if (!ok) purges.faults.report("timer", "the file of purges is not begun: ", err);
}

/** Reads what other workers have purged, if there is anything new. Phases: any but init; blocks then. */
export function refresh(purges: Purges): void {
    if (purges.stamp.get(0) === purges.seen) return;
    const problem = knowledge.load(purges);
    if (problem === undefined) return;
    purges.faults.report("purges_unreadable", purges.path, ": ", problem, "; everything is purged");
    knowledge.lose(purges);
    begin_soon(purges);
}

/** Has the next request of this worker read the file. Phases: any. */
export function forget(purges: Purges): void {
    purges.seen = UNSEEN;
}

/** The same if the file has changed. Phases: timer. */
export function look(purges: Purges): void {
    if (file_state.of(purges.path, lists.MOST_FILE_BYTES) !== purges.file) forget(purges);
}
