/** Counts the requests of one route, by variant. */
import * as metric_handles from "../core/metrics/metric_handles";
import { LABEL_BYTES, OTHER } from "../core/metrics/metric_registry";
import * as cache_status from "../core/request/cache_status";
import * as rejections from "../core/request/rejection";
import * as request from "../core/request/request";
import type { Families, Figures } from "./families";
import * as families from "./families";
import * as first_byte from "./first_byte";
import * as mean_seconds from "./mean_seconds";

export interface Recorder {
    readonly families: Families;
    readonly route: string;
    /** Of requests without a variant. */
    readonly plain: Figures;
    readonly by_variant: LuaMap<string, Figures>;
    /** For variants that have no place in `by_variant`; created with the first of them. */
    others?: Figures;
    /** How many variants may still have a place. */
    room: number;
    /** Notes that the answer begins. Phases: header_filter. */
    header_filter(): void;
    /** Counts the request that ends here. Phases: log. */
    log(): void;
}

/** Maximum number of variants of a route; more are hardly intended. */
const MOST_VARIANTS = 50;
/** The registry reads at most so much of a label value. */
const LONGEST_VARIANT = LABEL_BYTES + 4;

/** The least class of status that is an error. */
const FIRST_ERROR = 4;

/** Cache statuses of responses from the cache. */
const FROM_CACHE = new LuaSet<string>();
for (const status of ["HIT", "STALE", "UPDATING", "REVALIDATED", "NEAR"]) FROM_CACHE.add(status);

/** The handles of a variant that this worker has not seen before. */
function first_seen(recorder: Recorder, variant: string): Figures {
    if (recorder.room === 0) {
        recorder.others = recorder.others ?? families.bind(recorder.families, recorder.route, OTHER);
        return recorder.others;
    }
    recorder.room -= 1;
    const figures = families.bind(recorder.families, recorder.route, variant);
    recorder.by_variant.set(variant, figures);
    return figures;
}

function present_figures(recorder: Recorder): Figures {
    let variant = request.variable("openclaw_variant");
    if (variant === undefined || variant === "") return recorder.plain;
    if (variant.length > LONGEST_VARIANT) variant = string.sub(variant, 1, LONGEST_VARIANT);
    return recorder.by_variant.get(variant) ?? first_seen(recorder, variant);
}

/** The recent mean duration at nodes. */
function mean_of(recorder: Recorder, figures: Figures): Doubles {
    if (figures.node_seconds === undefined) {
        figures.node_seconds = mean_seconds.new(recorder.families.registry.region, figures.name);
    }
    return figures.node_seconds;
}

/** Adds the duration of a cache miss to the mean. */
function learn(mean: Doubles, seconds: number | undefined, status_class: number): void {
    // Errors are often quicker than the work itself.
    if (seconds !== undefined && status_class === 2) mean_seconds.learn(mean, seconds);
}

/** Counts an error. `node_seconds`: if a node was asked, before a refusal or after it, the error is the node's. */
function count_error(figures: Figures, status_class: number, node_seconds: number | undefined): void {
    const is_refused = rejections.take_refusal() && node_seconds === undefined;
    const counter = (is_refused ? figures.refused : figures.other_errors).get(status_class);
    if (counter !== undefined) metric_handles.add(counter);
}

function header_filter(this: Recorder): void {
    first_byte.note();
}

function log(this: Recorder): void {
    const figures = present_figures(this);
    const status_class = math.floor(request.status() / 100);
    metric_handles.add(figures.requests.get(status_class) ?? figures.other_requests);
    const taken = request.seconds_taken();
    metric_handles.observe(figures.duration, taken);
    const until_first_byte = first_byte.take(taken);
    if (until_first_byte !== undefined) metric_handles.observe(figures.first_byte, until_first_byte);
    const node_seconds = request.last_seconds("upstream_response_time");
    if (node_seconds !== undefined) metric_handles.observe(figures.upstream, node_seconds);
    if (status_class >= FIRST_ERROR) count_error(figures, status_class, node_seconds);
    const sent = request.whole_number("bytes_sent");
    const cache = cache_status.present();
    if (cache !== undefined) {
        figures.cache.get(cache)?.inc();
        const mean = mean_of(this, figures);
        if (FROM_CACHE.has(cache)) {
            figures.saved.inc(math.max(0, mean.get(0) - taken));
            metric_handles.add(figures.saved_bytes, sent);
        } else learn(mean, node_seconds, status_class);
    }
    metric_handles.add(figures.request_bytes, request.whole_number("request_length"));
    metric_handles.add(figures.response_bytes, sent);
}

const metatable = { __index: { header_filter, log } };

/** The recorder of a route, with the handles for requests without a variant. Phases: init. */
function create(of: Families, route: string): Recorder {
    const fields = {
        families: of,
        route,
        plain: families.bind(of, route, ""),
        by_variant: new LuaMap<string, Figures>(),
        room: MOST_VARIANTS,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
