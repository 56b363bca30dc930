/**
 * Converts the images in requests before they go to a node: whatever clients send, nodes get one format, one size and one form. What comes
 * back in JSON can be put into one envelope. See docs/image.md.
 */
import * as methods from "./core/http/method";
import * as large_memory from "./core/memory/large_memory";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as metric_registry from "./core/metrics/metric_registry";
import * as converted_image from "./core/request/converted_image";
import * as near_picture from "./core/request/near_picture";
import * as rejections from "./core/request/rejection";
import * as request from "./core/request/request";
import type { Body } from "./core/request/request_body";
import * as request_body from "./core/request/request_body";
import * as request_state from "./core/request/request_state";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";
import type { Answer } from "./image/conversion/model";
import type { Hook } from "./image/envelope";
import * as envelope from "./image/envelope";
import type { Figures } from "./image/figures";
import * as figures from "./image/figures";
import type { Helpers } from "./image/helper_process";
import * as helper_processes from "./image/helper_process";
import type { FetchedPicture, Jobs, Run } from "./image/jobs";
import * as jobs_of from "./image/jobs";
import * as places from "./image/places";
import * as refusals from "./image/refusals";
import type { Problem as RemoteProblem, Remote } from "./image/remote";
import * as remotes from "./image/remote";
import * as request_change from "./image/request_change";
import type { Options } from "./image/settings";
import * as settings from "./image/settings";
import * as threads from "./image/thread";
import * as thread_pools from "./image/thread_pool";

export interface Image {
    readonly route: string;
    readonly jobs: Jobs;
    readonly figures: Figures;
    readonly faults: Faults;
    /** How long a body may be. */
    readonly max_body_bytes: number;
    /** Who is believed that images have been converted already: these callers, or all that are known. */
    readonly converted_by: LuaSet<string>;
    readonly believes_all: boolean;
    /** Whose images may be fetched. */
    readonly remote: Remote | undefined;
    readonly near: Options["near"];
    readonly hook: Hook;
    /** In which conversions run, if not in processes. */
    readonly thread_pool: string | undefined;
    /** Sets the worker up, and looks whether its thread pool is there. Phases: init_worker. */
    init_worker(): void;
    /** Converts the images of the request, or refuses it. Phases: access; yields. Never raises. */
    access(): void;
    /** What the status document shows. Phases: any. */
    status(): object;
}

const NAME = "image";
const IDENTITY = "openclaw_identity";

/** Until images may be fetched again. */
const REMOTE_RETRY_SECONDS = 1;

/** How much longer than an image a body may be: base64 makes four bytes of three, and there are other members or fields. */
const BASE64_SHARE = 1.4;
const OTHER_BYTES = 65536;

function refuse(image: Image, problem: string, message: string, retry_after?: number): never {
    figures.count(image.figures, problem);
    return refusals.refuse(problem, message, retry_after);
}

function refuse_too_large(image: Image): never {
    return refuse(image, "body_too_large", `The image may have at most ${image.jobs.plan.max_bytes} bytes.`);
}

/** Whether the body is one that has been converted: before it was stored, or by another gateway that says so. */
function is_converted({ converted_by, believes_all }: Image): boolean {
    if (!request_change.is_marked()) return false;
    // What this gateway has stored it has converted before; the mark is its own.
    if (request_state.present()?.delivery_of !== undefined) return true;
    const identity = request.variable(IDENTITY) ?? "";
    return identity !== "" && (believes_all || converted_by.has(identity));
}

/** The body, if there is one that is to be converted; refuses what can be refused before. */
function body_of(image: Image): Body | undefined {
    if (request.whole_number("content_length") > image.max_body_bytes) return refuse_too_large(image);
    const [body, err] = request_body.read();
    if (body === undefined) {
        image.faults.report("unreadable_body", err);
        return refuse(image, "failed", "");
    }
    if (body.bytes > image.max_body_bytes) return refuse_too_large(image);
    if (body.bytes > 0) return body;
    if (methods.may_be_empty(request.variable("request_method") ?? "")) return undefined;
    return refuse(image, "no_image", "The request has no body, so there is no image in it.");
}

function refuse_answer(image: Image, problem: string, { message, detail }: Answer): never {
    if (!refusals.is_of_request(problem)) image.faults.report(problem, `route "${image.route}": `, detail ?? message);
    const is_busy = problem === "image_queue_full" || problem === "image_queue_timeout";
    return refuse(image, problem, message ?? "", is_busy ? jobs_of.retry_after(image.jobs) : undefined);
}

function refuse_remote(image: Image, { code, message, detail }: RemoteProblem): never {
    if (code === "remote_unavailable") image.faults.report(code, `route "${image.route}": `, detail ?? message);
    return refuse(image, code, message, code === "remote_busy" ? REMOTE_RETRY_SECONDS : undefined);
}

/** Fetches the images at these addresses; refuses the request if one cannot be had. */
function fetch_all(image: Image, addresses: readonly string[]): FetchedPicture[] {
    const pictures: FetchedPicture[] = [];
    for (const address of addresses) {
        const [picture, problem] = remotes.fetch(image.remote!, address);
        if (picture === undefined) return refuse_remote(image, problem!);
        pictures.push({ address, picture });
    }
    return pictures;
}

function convert(image: Image, body: Body): void {
    const content_type = request.variable("http_content_type");
    let [answer, made] = jobs_of.convert(image.jobs, body, content_type, []);
    if (answer.addresses !== undefined) {
        [answer, made] = jobs_of.convert(image.jobs, body, content_type, fetch_all(image, answer.addresses));
    }
    if (answer.problem !== undefined) return refuse_answer(image, answer.problem, answer);
    if (answer.is_untouched === true) return figures.count(image.figures, "untouched");
    if (made === undefined) return refuse_answer(image, "failed", { detail: "the conversion has made nothing" });
    const problem = request_change.apply(made, answer.bytes!, answer.content_type!, answer.query);
    jobs_of.free();
    if (problem !== undefined) return refuse_answer(image, "failed", { detail: problem });
    figures.count(image.figures, "converted");
    figures.count_images(image.figures, answer.images!);
    const { near } = image;
    if (near !== undefined && answer.hash !== undefined) {
        near_picture.note(answer.hash, near.distance, near.seconds, answer.rest);
    }
}

function access(this: Image): void {
    if (converted_image.is_here()) return;
    if (is_converted(this)) {
        converted_image.note();
        return figures.count(this.figures, "trusted");
    }
    request_change.unmark();
    const encoding = request.variable("http_content_encoding") ?? "";
    const body = body_of(this);
    if (body === undefined) return;
    if (encoding !== "" && string.lower(encoding) !== "identity") {
        return refuse(this, "unsupported_media_type", "The body must not have a Content-Encoding.");
    }
    convert(this, body);
}

function status(this: Image): object {
    const { places: its_places, mean_seconds } = this.jobs;
    const document = {
        jobs: its_places.all.length,
        running: places.taken(its_places),
        waiting: places.waiting(its_places),
        mean_seconds,
    };
    return document;
}

function header_filter(this: Image): void {
    envelope.header_filter(this.hook);
}

function body_filter(this: Image): void {
    envelope.body_filter(this.hook);
}

function log(this: Image): void {
    if (!envelope.is_lost(this.hook)) return;
    this.faults.report(
        "no_body_filter",
        `a response of the route "${this.route}" passed without its envelope, as its location has no body_filter_by_lua: include ` +
            "nginx/image.conf or nginx/cache.conf in all locations of the route",
    );
}

function init_worker(this: Image): void {
    large_memory.give_back();
    if (this.thread_pool !== undefined) thread_pools.check(this.thread_pool, this.route, this.faults);
}

const metatable = { __index: { init_worker, access, status } };
/** Of routes with envelopes: others need no hooks for them. */
const metatable_with_envelope = { __index: { init_worker, access, header_filter, body_filter, log, status } };

function set_of(names: readonly string[]): LuaSet<string> {
    const known = new LuaSet<string>();
    for (const name of names) known.add(name);
    return known;
}

function create(options: Options, { path, route }: Context): Image {
    const { converted_by } = options;
    settings.check(options, path);
    const registry = metric_registry.open(options.dict);
    const faults = fault.new(NAME, registry);
    const its_places = places.new(registry.region, route, options.jobs, options.queue, faults);
    const its_figures = figures.new(registry, route, its_places);
    const { thread_pool, queue_seconds, seconds } = options;
    const helpers: Helpers = { region: registry.region, route, seconds, faults };
    const run: Run =
        options.isolate === "process"
            ? (order, place) => helper_processes.run(helpers, place, order)
            : (order) => threads.run(thread_pool, seconds, order);
    const jobs = jobs_of.new({
        places: its_places,
        run,
        plan: settings.plan_of(options),
        queue_seconds,
        seconds,
        figures: its_figures,
        faults,
    });
    const fields = {
        route,
        jobs,
        figures: its_figures,
        faults,
        max_body_bytes: math.floor(options.max_bytes * BASE64_SHARE) + OTHER_BYTES,
        converted_by: set_of(converted_by === undefined || converted_by === true ? [] : converted_by),
        believes_all: converted_by === true,
        remote: options.remote === undefined ? undefined : remotes.new(options.remote, `${path}.remote`),
        near: options.near,
        hook: envelope.new_hook(),
        thread_pool: options.isolate === "thread" ? thread_pool : undefined,
    };
    return setmetatable(fields, options.envelope ? metatable_with_envelope : metatable);
}

const declaration = {
    name: NAME,
    meaning: "[converts images](image.md) in requests, and puts answers into one envelope",
    // Before the digests and the cache, which see what a node gets; envelopes are put around what these have seen.
    order: { access: 490, header_filter: 900, body_filter: 900 },
    schema: settings.SCHEMA,
    variables: { [rejections.VARIABLE]: "" },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/image.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Image {
    return contract.alone(declaration, options);
}
export { alone as new };
