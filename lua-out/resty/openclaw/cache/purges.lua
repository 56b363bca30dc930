local ____exports = {}
local error = error
local setmetatable = setmetatable
local tonumber = tonumber
local tostring = tostring
local string_format = string.format
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local optional = ____schema.optional
local file_state = require("resty.openclaw.core.files.file_state")
local file_state_of = file_state.of
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_attend = shared_memory.attend
local shared_memory_slot = shared_memory.slot
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local filters = require("resty.openclaw.cache.purges.filter")
local filters_text = filters.text
local generations = require("resty.openclaw.cache.purges.generations")
local generations_new = generations.new
local generations_newest = generations.newest
local keeping = require("resty.openclaw.cache.purges.keeping")
local keeping_announce = keeping.announce
local keeping_begin_soon = keeping.begin_soon
local keeping_call_file = keeping.call_file
local keeping_forget = keeping.forget
local keeping_look = keeping.look
local keeping_refresh = keeping.refresh
local knowledge = require("resty.openclaw.cache.purges.knowledge")
local knowledge_load = knowledge.load
local knowledge_lose = knowledge.lose
local knowledge_take = knowledge.take
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_FILE_BYTES = lists.MOST_FILE_BYTES
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_file_read = purge_file.read
local sharings = require("resty.openclaw.cache.purges.sharing")
local sharings_FAULT = sharings.FAULT
local sharings_add = sharings.add
local sharings_init_worker = sharings.init_worker
local sharings_new = sharings.new
local sharings_state = sharings.state
--- The options in `setup`.
local SCHEMA = {
    purges = optional(kinds.path, "the file of the [purges](cache.md#purge); without it nothing can be purged. The workers must be able to write in its folder"),
    thread_pool = option(kinds.text, "default", "the `thread_pool` of nginx that writes the file")
}
____exports.SCHEMA = SCHEMA
local NAME = "cache"
--- What the key of such a request has of purges: another text after each purge that it is subject to. `tenant`, `model`: nothing if nobody
-- knows of which one the answer is that the request may get; then it is subject to the purges of all of them. Phases: access; blocks for the
-- reading of what other workers have purged.
local function part_of(purges, route, tenant, model)
    if purges.stamp[0] ~= purges.seen then
        keeping_refresh(purges)
    end
    local generation = generations_newest(purges.all, route, tenant, model)
    if generation == purges.all.all then
        return purges.part
    end
    return (string_format("%s.%d", purges.epoch, generation))
end
____exports.part_of = part_of
--- What is to be added to a key that was purged alone; nothing for any other. To be asked after `part_of`. Phases: any.
local function generation_of_key(purges, key)
    local generation = purges.all.keys[key]
    local ____temp_0
    if generation == nil then
        ____temp_0 = nil
    else
        ____temp_0 = string_format("%d", generation)
    end
    return ____temp_0
end
____exports.generation_of_key = generation_of_key
local function state(self)
    keeping_refresh(self)
    local path = self.path
    local last = self.last
    local at = self.at
    local all = self.all
    local sharing = self.sharing
    local count = all.filter_count + all.key_count + (all.all > 0 and 1 or 0)
    return {
        path = path,
        last = last,
        at = at,
        filters = count,
        shared = sharing and sharings_state(sharing)
    }
end
--- Adds a purge to the file.
local function add_here(purges, filter)
    local answer = keeping_call_file(
        purges,
        "add",
        filters_text(filter)
    )
    local what, digits = string_match(answer, "^(%l+) (%d+)$")
    if what ~= "done" and what ~= "all" then
        local problem = string_match(answer, "^failed (.*)$")
        local why = problem == nil and "another purge is in progress; try again" or (purges.path .. ": ") .. problem
        return nil, why
    end
    keeping_announce(purges)
    return {
        generation = tonumber(digits),
        is_all = what == "all"
    }
end
local function add(self, filter)
    local sharing = self.sharing
    local made, err = unpack(
        sharing == nil and ({add_here(self, filter)}) or ({sharings_add(self, sharing, filter)}),
        1,
        2
    )
    if made == nil then
        self.failed:inc()
        self.faults:report(sharing == nil and "purges_unwritable" or sharings_FAULT, err)
        return nil, err
    end
    self.done:inc()
    return made
end
local metatable = {__index = {state = state, add = add}}
--- Begins the file if there is none, and finds out whether this worker may write it. Phases: init_worker.
local function init_worker(purges)
    local ____purges_region_duties_1 = purges.region.duties
    ____purges_region_duties_1[#____purges_region_duties_1 + 1] = function()
        keeping_look(purges)
    end
    shared_memory_attend(purges.region)
    if knowledge_load(purges) ~= nil and not purges.is_lost then
        keeping_forget(purges)
    end
    keeping_begin_soon(purges)
    if purges.sharing ~= nil and worker_process_is_here() then
        sharings_init_worker(purges)
    end
end
____exports.init_worker = init_worker
--- Shares the purges with the gateways that share answers there. Raises if they are shared elsewhere already. Phases: init.
local function share(purges, tier, path)
    local sharing = sharings_new(purges.region, purges.path, tier)
    if purges.sharing ~= nil and purges.sharing.place ~= sharing.place then
        error(path .. ".redis must be the same Redis with the same prefix on all routes, as purges are kept there", 0)
    end
    if purges.sharing == nil then
        purges.sharing = sharing
    end
    tier.known_until = purges.sharing.known_until
end
____exports.share = share
--- Reads the file when nginx starts. Raises if that cannot be the file.
local function open(purges, path)
    local list, problem, err = purge_file_read(purges.path)
    if problem == "unreadable" then
        error(
            (((path .. ": cannot read ") .. purges.path) .. ": ") .. tostring(err),
            0
        )
    end
    if problem == "foreign" then
        error(((path .. ": ") .. purges.path) .. " is another file; name one that does not exist yet", 0)
    end
    if list ~= nil and knowledge_take(purges, list, false) then
        purges.known_epoch = list.epoch
        purges.known_last = list.last
        return
    end
    if problem ~= "missing" then
        purges.faults:report_each("purges_damaged", purges.path, " is damaged; it is kept as .damaged, and everything is purged")
    end
    knowledge_lose(purges)
end
--- The purges in the file of the option; nothing without the option. Raises if the file is another one. Phases: init.
local function create(options, dict, path)
    if options.purges == nil then
        return nil
    end
    local registry = metric_registry_open(dict)
    local slot, err = shared_memory_slot(registry.region, "purges " .. options.purges)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    local family = metric_registry_counter(registry, "openclaw_cache_purges_total", "Purges of the cache by operators, by whether they were kept.", {"result"})
    local stamp = registry.region.common + slot
    local purges = setmetatable(
        {
            path = options.purges,
            thread_pool = options.thread_pool,
            region = registry.region,
            stamp = stamp,
            faults = fault_new(NAME, registry),
            done = family:labels("done"),
            failed = family:labels("failed"),
            seen = stamp[0],
            file = file_state_of(options.purges, lists_MOST_FILE_BYTES),
            epoch = "",
            last = 0,
            at = 0,
            known_epoch = "",
            known_last = 0,
            all = generations_new(),
            part = "",
            has_keys = false,
            is_lost = false,
            sharing = nil
        },
        metatable
    )
    open(purges, path .. ".purges")
    return purges
end
____exports.new = create
return ____exports
