/** Fetches the JWKS of a feed: when its time has come, in the one worker that leads, or because of an unknown key. */
import * as random from "../../../core/bytes/random";
import * as backoff from "../../../core/time/backoff";
import * as clock from "../../../core/time/clock";
import type { KeySet } from "../model";
import type { Feed, Fetch, Times } from "./feed";
import { parse, report, update, use } from "./feed";
import type { Answer } from "./fetch";
import * as fetches from "./fetch";
import * as shared_keys from "./shared";

/** nginx silently drops timers above its limit, and the look-up of a name may take as long as `resolver_timeout`. */
const LOST_SECONDS = 40;
/** Fetches begin so much earlier than the answer says, by chance: the share of the time. */
const EARLIER = 0.05;
const JITTER = 0.1;
const LEAST_RETRY_SECONDS = 1;

/** Seconds to the next fetch after an answer. */
function next_seconds(times: Times, seconds: number | undefined): number {
    const wanted = math.min(math.max(seconds ?? times.usual, times.least), times.most);
    return wanted * (1 - EARLIER - JITTER * random.share());
}

function fail(feed: Feed, is_due: boolean, why: unknown): void {
    const { shared, times } = feed;
    for (const [, counter] of feed.failures) counter.inc();
    report(feed, why);
    const failures = shared_keys.note_failure(shared, tostring(why));
    const seconds = math.max(math.min(LEAST_RETRY_SECONDS, times.retry), backoff.jittered(failures, times.retry));
    const moment = later(clock.now(), seconds);
    if (is_due || moment < shared_keys.due(shared)) shared_keys.set_due(shared, moment);
}

function keep(feed: Feed, number: number, answer: Answer, keys: KeySet): void {
    const { shared, times } = feed;
    const [version, err] = shared_keys.store(shared, number, answer.text);
    const now = clock.now();
    shared_keys.set_due(shared, later(now, next_seconds(times, answer.seconds)));
    if (version === undefined) {
        feed.alone_at = now;
        use(feed, keys, shared_keys.version(shared));
        report(feed, `this worker alone uses the newest keys: ${err}`);
        return;
    }
    shared_keys.note_success(shared, now);
    if (version === number) {
        feed.alone_at = 0 as MonotonicTime;
        use(feed, keys, version);
    } else {
        update(feed);
    }
}

function refresh(feed: Feed, is_due: boolean): void {
    const number = shared_keys.next_number(feed.shared);
    const [answer, err] = fetches.fetch(feed.place);
    if (answer === undefined) return fail(feed, is_due, err);
    const [keys, parse_err] = parse(feed, answer.text);
    if (keys === undefined) return fail(feed, is_due, parse_err);
    keep(feed, number, answer, keys);
}

function end(feed: Feed, fetch: Fetch): void {
    if (fetch.is_over) return;
    fetch.is_over = true;
    feed.fetch = undefined;
    shared_keys.note_end(feed.shared);
}

function run(premature: boolean, feed: Feed, fetch: Fetch): void {
    // The timer of a fetch that was given up as lost may run after all.
    if (fetch.is_over) return;
    if (!premature) {
        const [ok, err] = pcall(refresh, feed, fetch.is_due);
        if (!ok) fail(feed, fetch.is_due, err);
    }
    end(feed, fetch);
}

/** Runs a fetch, whose start is noted. */
function launch(feed: Feed, is_due: boolean, now: MonotonicTime): void {
    const fetch: Fetch = { started_at: now, is_due, is_over: false };
    feed.fetch = fetch;
    const [ok, err] = ngx.timer.at(0, run, feed, fetch);
    if (ok) return;
    end(feed, fetch);
    fail(feed, is_due, err);
}

/**
 * Starts a fetch because of an unknown key. False if there was one not long ago, in any worker, or this worker is at one. Phases: those
 * that may start timers.
 */
export function ask(feed: Feed): boolean {
    const { shared, times } = feed;
    const now = clock.now();
    if (feed.fetch !== undefined || shared_keys.was_asked(shared, now, times.ask)) return false;
    // Noted first: a worker that comes second finds a fetch to wait for.
    shared_keys.note_start(shared, now);
    if (shared_keys.claim(shared, now, times.ask)) launch(feed, false, now);
    else shared_keys.note_end(shared);
    return feed.fetch !== undefined;
}

/** Whether this worker is to fetch if the time has come. If the dict is full, nobody can lead: then any worker does it. */
function may_fetch(feed: Feed, now: MonotonicTime): boolean {
    const [leads, err] = feed.leader.leads();
    if (err === undefined) return leads;
    feed.faults.report("no_leader", feed.option, ": ", err);
    const { shared } = feed;
    return !shared_keys.is_running(shared) || now >= later(shared_keys.started_at(shared), LOST_SECONDS);
}

/** Does what is due: to be called about twice a second in each worker. Phases: timers; may yield. */
export function tick(feed: Feed): void {
    update(feed);
    const now = clock.now();
    const fetch = feed.fetch;
    if (fetch !== undefined && now >= later(fetch.started_at, LOST_SECONDS)) end(feed, fetch);
    if (!may_fetch(feed, now) || now < shared_keys.due(feed.shared) || feed.fetch !== undefined) return;
    shared_keys.note_start(feed.shared, now);
    launch(feed, true, now);
}
