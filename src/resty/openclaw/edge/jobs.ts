/**
 * Requests that could not be sent on, kept on the disk as jobs until they can: taken by `accept`, delivered in the
 * background, their answers given out by `page`. See docs/jobs.md.
 */
import type { Jobs, Report } from "./model";
import * as acceptance from "./acceptance";
import * as deliveries from "./delivery";
import type { Delivery } from "./model";
import type { Faults } from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import * as figures_of from "./jobs/figures";
import * as marks from "./jobs/mark";
import type { Settings } from "./jobs/settings";
import * as jobs_page from "./jobs_page";
import type { Link } from "./link";
import * as stores from "./store";
import * as clients from "./store/client";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";

/** The header that marks deliveries, and whose value nobody else may know. */
export const DELIVERY_HEADER = marks.HEADER;
/** The address of a job without its id. */
export const PREFIX = acceptance.PREFIX;

function accept(this: Jobs): never {
    return acceptance.accept(this);
}

function decline(this: Jobs, was_reached: boolean): never {
    return acceptance.decline(was_reached);
}

function page(this: Jobs, id: string): boolean {
    return jobs_page.page(this, id);
}

function miss(this: Jobs, id: string): never {
    return jobs_page.miss(this, id);
}

function is_delivery(this: Jobs): boolean {
    return marks.matches(this.mark);
}

function report(this: Jobs): Report {
    const usage = this.usage;
    return {
        pending: usages.jobs(usage),
        done: usages.answers(usage),
        failed: usages.failed(usage),
        pending_bytes: usages.bytes(usage),
        done_bytes: usages.answer_bytes(usage),
        oldest_seconds: usages.oldest_seconds(usage),
    };
}

function init_worker(this: Jobs): void {
    // The first job must not wait for the worker that delivers.
    const [prepared, err] = stores.prepare(this.store);
    if (prepared === undefined) this.faults.report("store", err);
    deliveries.start(this.delivery);
}

function exit_worker(this: Jobs): void {
    deliveries.stop(this.delivery);
}

const metatable = { __index: { accept, decline, page, miss, is_delivery, report, init_worker, exit_worker } };

/** The jobs of the route that `link` is named after. Phases: init. */
function create(settings: Settings, registry: Registry, link: Link, faults: Faults): Jobs {
    const names = registry.region.names;
    const usage = usages.new(names, link.name, settings.max_jobs, settings.max_bytes, settings.client_share);
    const store = stores.new(settings.store, settings.thread_pool);
    const fields = {
        settings,
        store,
        usage,
        clients: clients.new(names),
        figures: figures_of.open(registry, link.name, usage),
        faults,
        link,
        mark: marks.open(store),
        reserve: reserves.new(store, link.name, settings.reserve_bytes, names, faults),
        delivery: undefined as Delivery | undefined,
    };
    const jobs = setmetatable(fields, metatable) as Jobs;
    fields.delivery = deliveries.new(jobs);
    return jobs;
}
export { create as new };
