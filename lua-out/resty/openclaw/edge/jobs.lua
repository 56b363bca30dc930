local ____exports = {}
local acceptance = require("resty.openclaw.edge.acceptance")
local deliveries = require("resty.openclaw.edge.delivery")
local figures_of = require("resty.openclaw.edge.jobs.figures")
local marks = require("resty.openclaw.edge.jobs.mark")
local jobs_page = require("resty.openclaw.edge.jobs_page")
local stores = require("resty.openclaw.edge.store")
local clients = require("resty.openclaw.edge.store.client")
local reserves = require("resty.openclaw.edge.store.reserve")
local usages = require("resty.openclaw.edge.store.usage")
--- The header that marks deliveries, and whose value nobody else may know.
____exports.DELIVERY_HEADER = marks.HEADER
--- The address of a job without its id.
____exports.PREFIX = acceptance.PREFIX
local function accept(self)
    return acceptance.accept(self)
end
local function decline(self, was_reached)
    return acceptance.decline(was_reached)
end
local function page(self, id)
    return jobs_page.page(self, id)
end
local function miss(self, id)
    return jobs_page.miss(self, id)
end
local function is_delivery(self)
    return marks.matches(self.mark)
end
local function report(self)
    local usage = self.usage
    return {
        pending = usages.jobs(usage),
        done = usages.answers(usage),
        failed = usages.failed(usage),
        pending_bytes = usages.bytes(usage),
        done_bytes = usages.answer_bytes(usage),
        oldest_seconds = usages.oldest_seconds(usage)
    }
end
local function init_worker(self)
    local prepared, err = stores.prepare(self.store)
    if prepared == nil then
        self.faults:report("store", err)
    end
    deliveries.start(self.delivery)
end
local function exit_worker(self)
    deliveries.stop(self.delivery)
end
local metatable = {__index = {
    accept = accept,
    decline = decline,
    page = page,
    miss = miss,
    is_delivery = is_delivery,
    report = report,
    init_worker = init_worker,
    exit_worker = exit_worker
}}
--- The jobs of the route that `link` is named after. Phases: init.
local function create(settings, registry, link, faults)
    local names = registry.region.names
    local usage = usages.new(
        names,
        link.name,
        settings.max_jobs,
        settings.max_bytes,
        settings.client_share
    )
    local store = stores.new(settings.store, settings.thread_pool)
    local fields = {
        settings = settings,
        store = store,
        usage = usage,
        clients = clients.new(names),
        figures = figures_of.open(registry, link.name, usage),
        faults = faults,
        link = link,
        mark = marks.open(store),
        reserve = reserves.new(
            store,
            link.name,
            settings.reserve_bytes,
            names,
            faults
        ),
        delivery = nil
    }
    local jobs = setmetatable(fields, metatable)
    fields.delivery = deliveries.new(jobs)
    return jobs
end
____exports.new = create
return ____exports
