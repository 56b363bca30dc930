local ____exports = {}
local error = error
local ipairs = ipairs
local setmetatable = setmetatable
local tonumber = tonumber
local tostring = tostring
local string_format = string.format
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local optional = ____schema.optional
local random = require("resty.openclaw.core.bytes.random")
local random_bits = random.bits
local file_state = require("resty.openclaw.core.files.file_state")
local file_state_of = file_state.of
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_attend = shared_memory.attend
local shared_memory_slot = shared_memory.slot
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local filters = require("resty.openclaw.cache.purges.filter")
local filters_ALL = filters.ALL
local filters_read = filters.read
local filters_text = filters.text
local generations = require("resty.openclaw.cache.purges.generations")
local generations_new = generations.new
local generations_newest = generations.newest
local generations_note = generations.note
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_FILE_BYTES = lists.MOST_FILE_BYTES
local lists_fresh = lists.fresh
local lists_is_older = lists.is_older
local lists_newer = lists.newer
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_file_BUSY = purge_file.BUSY
local purge_file_add = purge_file.add
local purge_file_begin = purge_file.begin
local purge_file_folder_of = purge_file.folder_of
local purge_file_read = purge_file.read
--- The options in `setup`.
local SCHEMA = {
    purges = optional(kinds.path, "the file of the [purges](cache.md#purge); without it nothing can be purged. The workers must be able to write in its folder"),
    thread_pool = option(kinds.text, "default", "the `thread_pool` of nginx that writes the file")
}
____exports.SCHEMA = SCHEMA
local NAME = "cache"
local FILE_MODULE = "resty.openclaw.cache.purges.purge_file"
--- No stamp.
local UNSEEN = -1
--- How long a purge waits for others, and how often it looks.
local WAIT_SECONDS = 10
local TRY_SECONDS = 0.01
--- 2^20: stamps have 52 bits.
local HIGH = 1048576
--- A number that there has not been yet.
local function new_stamp()
    return random_bits() * HIGH + random_bits() % HIGH + 1
end
--- The table's purges are these now; `is_more`: and those that it had.
local function take(purges, list, is_more)
    local all = is_more and purges.all or generations_new()
    for ____, entry in ipairs(list.entries) do
        if entry.filter == filters_ALL then
            if is_more then
                return take(purges, list, false)
            end
            all.all = entry.generation
        else
            local filter = filters_read(entry.filter)
            if filter == nil then
                return false
            end
            generations_note(all, filter, entry.generation)
        end
    end
    purges.all = all
    purges.epoch = list.epoch
    purges.last = list.last
    purges.at = list.at
    purges.part = string_format("%s.%d", list.epoch, all.all)
    purges.has_keys = all.key_count > 0
    return true
end
--- Nobody knows what was purged. Until there is a file, the answers of this worker are its own.
local function lose(purges)
    take(
        purges,
        lists_fresh(),
        false
    )
    purges.is_lost = true
end
--- Reads the whole file. Returns why that failed, if it did.
local function read_all(purges)
    local list, problem, err = purge_file_read(purges.path)
    if list == nil then
        return err or problem
    end
    if lists_is_older(list, purges.known_epoch, purges.known_last) then
        return "is older than it was"
    end
    if not take(purges, list, false) then
        return "damaged"
    end
    return nil
end
--- Takes what is new in the file, or all that it has. Returns why that failed, if it did.
local function take_file(purges)
    local text = files_beginning(purges.path, lists_MOST_FILE_BYTES + 1)
    local news = lists_newer(text or "", purges.epoch, purges.last)
    if news ~= nil and take(purges, news, true) then
        return nil
    end
    return read_all(purges)
end
--- The purges are those of the file from now on. Returns why that failed, if it did.
local function load(purges)
    purges.seen = purges.stamp[0]
    purges.file = file_state_of(purges.path, lists_MOST_FILE_BYTES)
    local problem = take_file(purges)
    if problem ~= nil then
        return problem
    end
    purges.known_epoch = purges.epoch
    purges.known_last = purges.last
    purges.is_lost = false
    return nil
end
--- Calls a function of the file, in a thread if there is one.
local function call_once(purges, name, text)
    local ____purges_0 = purges
    local path = ____purges_0.path
    local thread_pool = ____purges_0.thread_pool
    local known_epoch = ____purges_0.known_epoch
    local known_last = ____purges_0.known_last
    local at = ngx.time()
    if ngx.run_worker_thread ~= nil then
        local called, answer = ngx.run_worker_thread(
            thread_pool,
            FILE_MODULE,
            name,
            path,
            known_epoch,
            known_last,
            text,
            at
        )
        if called then
            return answer
        end
    end
    if name == "add" then
        return purge_file_add(
            path,
            known_epoch,
            known_last,
            text,
            at
        )
    end
    return purge_file_begin(path, known_epoch, known_last, text)
end
--- The same, as soon as nobody else changes the file.
local function call_file(purges, name, text)
    local give_up = clock_now() + WAIT_SECONDS
    local answer = call_once(purges, name, text)
    while answer == purge_file_BUSY and clock_now() < give_up do
        ngx.sleep(TRY_SECONDS)
        answer = call_once(purges, name, text)
    end
    return answer
end
--- Begins the file, if it has to be, and finds out whether it may be written.
local function begin(purges)
    local answer = call_file(purges, "begin", purges.epoch)
    local problem = string_match(answer, "^failed (.*)$")
    if problem ~= nil then
        local folder = purge_file_folder_of(purges.path)
        purges.faults:report(
            "purges_unwritable",
            purges.path,
            ": ",
            problem,
            "; let the workers write in ",
            folder
        )
    end
    if answer == "begun" then
        purges.stamp[0] = new_stamp()
    end
    if purges.is_lost and problem == nil then
        load(purges)
    end
end
local function begin_in_timer(premature, purges)
    if not premature then
        guard_call(purges.faults, "purges_unwritable", begin, purges)
    end
end
local function begin_soon(purges)
    local ok, err = ngx.timer.at(0, begin_in_timer, purges)
    if not ok then
        purges.faults:report("timer", "the file of purges is not begun: ", err)
    end
end
--- Reads what other workers have purged.
local function refresh(purges)
    local problem = load(purges)
    if problem == nil then
        return
    end
    purges.faults:report(
        "purges_unreadable",
        purges.path,
        ": ",
        problem,
        "; everything is purged"
    )
    lose(purges)
    begin_soon(purges)
end
--- What the key of such a request has of purges: another text after each purge that it is subject to. `tenant`, `model`: nothing if nobody
-- knows of which one the answer is that the request may get; then it is subject to the purges of all of them. Phases: access; blocks for the
-- reading of what other workers have purged.
local function part_of(purges, route, tenant, model)
    if purges.stamp[0] ~= purges.seen then
        refresh(purges)
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
    local ____temp_1
    if generation == nil then
        ____temp_1 = nil
    else
        ____temp_1 = tostring(generation)
    end
    return ____temp_1
end
____exports.generation_of_key = generation_of_key
local function state(self)
    if self.stamp[0] ~= self.seen then
        refresh(self)
    end
    local path = self.path
    local last = self.last
    local at = self.at
    local all = self.all
    return {path = path, last = last, at = at, filters = all.filter_count + all.key_count + (all.all > 0 and 1 or 0)}
end
local function add(self, filter)
    local answer = call_file(
        self,
        "add",
        filters_text(filter)
    )
    local what, digits = string_match(answer, "^(%l+) (%d+)$")
    if what ~= "done" and what ~= "all" then
        self.failed:inc()
        local problem = string_match(answer, "^failed (.*)$")
        local why = problem or "another purge is in progress; try again"
        self.faults:report("purges_unwritable", self.path, ": ", why)
        return nil, why
    end
    self.stamp[0] = new_stamp()
    self.done:inc()
    return {
        generation = tonumber(digits),
        is_all = what == "all"
    }
end
local metatable = {__index = {state = state, add = add}}
--- Makes requests read the file again if it has changed.
local function look(purges)
    if file_state_of(purges.path, lists_MOST_FILE_BYTES) ~= purges.file then
        purges.seen = UNSEEN
    end
end
--- Begins the file if there is none, and finds out whether this worker may write it. Phases: init_worker.
local function init_worker(purges)
    local ____purges_region_duties_2 = purges.region.duties
    ____purges_region_duties_2[#____purges_region_duties_2 + 1] = function()
        look(purges)
    end
    shared_memory_attend(purges.region)
    if load(purges) ~= nil and not purges.is_lost then
        purges.seen = UNSEEN
    end
    begin_soon(purges)
end
____exports.init_worker = init_worker
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
    if list ~= nil and take(purges, list, false) then
        purges.known_epoch = list.epoch
        purges.known_last = list.last
        return
    end
    if problem ~= "missing" then
        purges.faults:report_each("purges_damaged", purges.path, " is damaged; it is kept as .damaged, and everything is purged")
    end
    lose(purges)
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
            is_lost = false
        },
        metatable
    )
    open(purges, path .. ".purges")
    return purges
end
____exports.new = create
return ____exports
