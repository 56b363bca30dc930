/** What becomes of the answer of a request that asks: who keeps it, and when those that wait for it go on. */
import * as media_types from "../core/http/media_type";
import * as metric_handles from "../core/metrics/metric_handles";
import * as cache_status from "../core/request/cache_status";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as chunk from "../core/request/response_chunk";
import * as heads from "./answer_head";
import type { Asking } from "./asking";
import * as askings from "./asking";
import * as errors_in_answers from "./error_in_answer";
import * as kept_answers from "./kept_answers";
import * as live_streams from "./live_streams";
import * as near_answers from "./near_answers";
import type { Recording } from "./recording";
import * as recordings from "./recording";
import * as records from "./records";
import * as redis_tiers from "./redis_tier";
import * as response_fields from "./response_fields";
import type { Storable } from "./storability";
import * as storability from "./storability";
import type { Result, Store } from "./store";
import * as stores from "./store";

const OK = 200;
const PARTIAL_CONTENT = 206;
const TOO_MANY_REQUESTS = 429;
const FIRST_SERVER_ERROR = 500;
const EVENTS = "text/event-stream";
/** JSON of that length is read in about 2 ms, which is as long as others may wait. */
const MOST_JUDGED_BYTES = 256 * 1024;

/** The answer comes from nginx's cache: so do those of the others. */
function note_cached(asking: Asking, status: string): void {
    const { store, key } = asking;
    asking.is_from_cache = true;
    if (!records.confirm(store.dict, key, store.seconds !== undefined)) {
        const date = request.variable("upstream_http_date");
        const made_at = (date === undefined ? undefined : ngx.parse_http_time(date)) ?? (0 as WallTime);
        if (status === "HIT" || status === "REVALIDATED") records.note_stored(store.dict, key, made_at);
        // One asks a node, as nginx has it; none of the others is to wait for that.
        else records.note_stale(store.dict, key, made_at);
    }
    askings.give_up(asking);
}

function begin_recording(asking: Asking, status: number, storable: Storable, is_stream: boolean): void {
    const { store, key, name } = asking;
    const head = heads.of_response(status, storable.headers, request.now());
    if (head === undefined) return;
    asking.recording = recordings.new(store, name, head, storable.seconds, is_stream, asking.is_kept);
    if (asking.recording === undefined || !is_stream) return;
    if (asking.leads) {
        records.note_live(store.dict, key, name, live_streams.SECONDS);
    } else {
        recordings.finish(asking.recording);
    }
}

/** Nobody is to wait for answers to this. */
function let_others_pass(asking: Asking): void {
    asking.is_settled = true;
    records.note_passing(asking.store.dict, asking.key);
    askings.give_up(asking);
}

/** Whether the answer must be read to its end before anybody knows that it may be kept, so that nginx must not store it. */
function is_read_first(store: Store, status: number, its_type: string): boolean {
    if (its_type === EVENTS) return true;
    if (status !== OK) return store.negative.has(status);
    return store.error_paths.length > 0 && media_types.is_json(its_type);
}

/** Whether the node cannot answer now. */
function is_failure(status: number): boolean {
    return status === TOO_MANY_REQUESTS || status >= FIRST_SERVER_ERROR;
}

/** Whether it is no answer to what was asked, whatever its headers say: a part, or that the node cannot answer now. */
function is_no_answer(status: number): boolean {
    return status === PARTIAL_CONTENT || is_failure(status);
}

/** Keeps the response from nginx's cache where it must be. Returns what it says if it may be kept by anybody. */
function guard_store(store: Store, status: number, its_type: string): Storable | undefined {
    let storable: Storable | undefined;
    if (!is_no_answer(status) && !storability.has_open_end()) storable = storability.look();
    if (storable === undefined || is_read_first(store, status, its_type)) request.set_variable(askings.NO_STORE, "1");
    return storable;
}

/** Whether the answer says that it is longer than what may be kept. */
function is_too_long(store: Store): boolean {
    return request.whole_number("upstream_http_content_length") > store.limit;
}

/** A node's answer to a request that asks has begun. */
function judge(asking: Asking, status: number, its_type: string, storable: Storable | undefined): void {
    if (is_failure(status)) {
        // The next one asks: it is not known what an answer would be like.
        asking.is_settled = true;
        return askings.give_up(asking);
    }
    if (storable === undefined) return let_others_pass(asking);
    const { store } = asking;
    // nginx would keep it for longer than its client wants.
    const is_timed = asking.seconds !== undefined && store.seconds === undefined;
    const is_kept_from_nginx = (is_timed || asking.avoids_nginx) && status === OK;
    if (is_kept_from_nginx) request.set_variable(askings.NO_STORE, "1");
    asking.is_kept = is_kept_from_nginx || is_read_first(store, status, its_type);
    asking.is_in_nginx = !asking.is_kept && status === OK && request.variable("request_method") !== "HEAD";
    const is_copied = (store.tier !== undefined || asking.near !== undefined) && status === OK && !is_too_long(store);
    if (!asking.is_kept && !is_copied) return;
    const is_keepable = stores.seconds_of(store, status) !== undefined && storability.is_same_for_all(storable.headers);
    if (is_keepable && request.variable("request_method") !== "HEAD") {
        begin_recording(asking, status, storable, its_type === EVENTS);
    }
    if (asking.is_kept && asking.recording === undefined) let_others_pass(asking);
}

/** Where nginx has no cache, or nobody has asked it. */
function note_no_cache({ faults, route }: Store): void {
    const asking = request_state.present()?.cache_asking;
    if (asking === undefined || (request.variable("upstream_addr") ?? "") === "") return;
    const what = "has no cache: write proxy_cache and a zone beside cache.conf";
    faults.report("no_proxy_cache", 'a location of the route "', route, '" ', what);
    let_others_pass(asking);
}

/** Looks at the header of a response: what may be stored, and where. Phases: header_filter. Never raises. */
export function header_filter(store: Store): void {
    const cache = request.variable("upstream_cache_status");
    if (cache === undefined) return note_no_cache(store);
    const state = request_state.present();
    const asking = state?.cache_asking;
    if (cache_status.is_from_cache(cache)) {
        if (asking !== undefined) note_cached(asking, cache);
    } else {
        const status = request.status();
        const its_type = media_types.of(request.variable("upstream_http_content_type") ?? "");
        const storable = guard_store(store, status, its_type);
        if (asking !== undefined) judge(asking, status, its_type, storable);
    }
    response_fields.show(cache_status.present() ?? cache, state?.wants_other === true);
}

function result_of(store: Store, recording: Recording, body: string | undefined): Result {
    if (recording.pieces === undefined) return "too_large";
    if (body === undefined) return "incomplete";
    const is_judged =
        recording.head.status === OK && recording.stream_end === undefined && store.error_paths.length > 0;
    if (!is_judged) return "kept";
    if (body.length > MOST_JUDGED_BYTES) return "too_large";
    return errors_in_answers.is_error(store.error_paths, body) ? "error" : "kept";
}

/** For how many seconds the answer may be kept: no longer than the route, its client and the node allow. */
function seconds_of({ store, seconds }: Asking, { head, seconds_allowed }: Recording): number {
    const most = math.min(stores.seconds_of(store, head.status)!, seconds_allowed);
    return seconds === undefined ? most : math.min(most, seconds);
}

/** Hands the answer to the other gateways. */
function share(asking: Asking, recording: Recording, body: string): void {
    const { tier } = asking.store;
    if (tier !== undefined) {
        redis_tiers.write(tier, asking.key, heads.write(recording.head), body, seconds_of(asking, recording));
    }
}

/** Gives the answer, which is kept under its name, to those with nearly the same picture. */
function offer(asking: Asking, recording: Recording, seconds: number): void {
    const near = asking.near;
    if (near === undefined || recording.head.status !== OK) return;
    const { store, key, name } = asking;
    near_answers.add(store.near, store.dict, near, key, name, math.min(seconds, near.seconds), 0);
}

/** Keeps a copy of what nginx's cache has, for those with nearly the same picture. */
function keep_copy(asking: Asking, recording: Recording, body: string): void {
    const { store, name, near } = asking;
    if (near === undefined) return;
    const seconds = math.min(seconds_of(asking, recording), near.seconds);
    if (seconds > 0 && kept_answers.keep(store.dict, name, heads.write(recording.head), body, seconds)) {
        offer(asking, recording, seconds);
    }
}

/** Keeps what was recorded, if it may be kept, and lets the others go on. */
function keep(asking: Asking, recording: Recording): void {
    const { store, key, name } = asking;
    const body = recordings.body_of(recording);
    let result = result_of(store, recording, body);
    const seconds = seconds_of(asking, recording);
    if (result === "kept" && !kept_answers.keep(store.dict, name, heads.write(recording.head), body!, seconds)) {
        result = "no_room";
    }
    metric_handles.add(store.results[result]);
    if (result === "kept") {
        share(asking, recording, body!);
        offer(asking, recording, seconds);
        records.note_kept(store.dict, key, name, seconds);
    } else {
        records.forget(store.dict, key, name);
    }
    asking.recording = undefined;
    recordings.finish(recording);
    // The others are to get none of this.
    if (result === "error" || result === "too_large") let_others_pass(asking);
    else askings.give_up(asking);
}

/** For how many seconds the answer that nginx stores may be used; 0: as long as nginx says. */
function seconds_in_nginx({ store, seconds }: Asking): number {
    const most = store.seconds;
    if (most === undefined) return 0;
    return seconds === undefined ? most : math.min(most, seconds);
}

/** nginx has stored the answer by now, if it stores it at all: the others go on. Phases: log, timer. */
function settle(asking: Asking): void {
    if (asking.is_settled) return;
    asking.is_settled = true;
    const { store, key, status } = asking;
    if (status !== OK) records.note_doubt(store.dict, key);
    else if (asking.was_expected) records.note_passing(store.dict, key);
    else records.note_likely(store.dict, key, request.now(), seconds_in_nginx(asking));
    askings.give_up(asking);
}

function settle_later(this: void, _premature: boolean, asking: Asking): void {
    settle(asking);
}

/** nginx stores the answer after the filters; the client may take its time for the rest. */
function let_nginx_store(asking: Asking): void {
    asking.status = request.status();
    if (asking.leads) ngx.timer.at(0, settle_later, asking);
}

/** The stream has become too long to be kept: who comes now asks a node. Those that read it already go on. */
function let_go(asking: Asking, recording: Recording): void {
    records.forget(asking.store.dict, asking.key, recording.name);
    let_others_pass(asking);
}

/** The response has ended, of which nginx's cache has the whole as well. */
function share_copy(asking: Asking, recording: Recording): void {
    const body = recordings.body_of(recording);
    if (body !== undefined) {
        share(asking, recording, body);
        keep_copy(asking, recording, body);
    }
    asking.recording = undefined;
    let_nginx_store(asking);
}

function take(asking: Asking, recording: Recording): void {
    recordings.take(recording, asking.store.faults);
    if (!recording.is_whole) {
        if (asking.is_kept && asking.leads && recording.pieces === undefined) let_go(asking, recording);
        return;
    }
    asking.has_ended = true;
    if (asking.is_kept) keep(asking, recording);
    else share_copy(asking, recording);
}

/** Takes the next piece of the response. Phases: body_filter. Never raises. */
export function body_filter(): void {
    const asking = request_state.present()?.cache_asking;
    if (asking === undefined || asking.has_ended || request.variable("upstream_cache_status") === undefined) return;
    if (asking.recording !== undefined) return take(asking, asking.recording);
    if (!chunk.is_last() || asking.is_from_cache) return;
    asking.has_ended = true;
    let_nginx_store(asking);
}

/** Ends what the request still has to do with others. Phases: log. Never raises. */
export function log(): void {
    const state = request_state.present();
    if (state === undefined) return;
    const asking = state.cache_asking;
    if (asking !== undefined && asking.has_ended && asking.recording === undefined && asking.status > 0) settle(asking);
    askings.leave(state);
    redis_tiers.leave(state);
}
