local ____exports = {}
local error = error
local setmetatable = setmetatable
local tostring = tostring
local type = type
local string_byte = string.byte
local string_find = string.find
local string_sub = string.sub
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local request = require("resty.openclaw.core.request.request")
local request_is_there = request.is_there
local json = require("resty.openclaw.core.text.json")
local json_encode = json.encode
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local durable_queue = require("resty.openclaw.post_action.durable_queue")
local durable_queue_new = durable_queue.new
local figures_of = require("resty.openclaw.post_action.figures")
local figures_of_is_taken = figures_of.is_taken
local figures_of_new = figures_of.new
local figures_of_of_spool = figures_of.of_spool
local flushers = require("resty.openclaw.post_action.flusher")
local flushers_close = flushers.close
local flushers_ensure_running = flushers.ensure_running
local flushers_entry_added = flushers.entry_added
local flushers_overflowed = flushers.overflowed
local ids = require("resty.openclaw.post_action.ids")
local ids_new = ids.new
local ids_next = ids.next
local queues = require("resty.openclaw.post_action.queue")
local queues_new = queues.new
local records = require("resty.openclaw.post_action.record")
local records_new = records.new
local records_write = records.write
local settings_of = require("resty.openclaw.post_action.settings")
local settings_of_batch_limits = settings_of.batch_limits
local settings_of_read_alone = settings_of.read_alone
local sinks = require("resty.openclaw.post_action.sinks")
local sinks_create = sinks.create
local sinks_create_dead_letter = sinks.create_dead_letter
local states = require("resty.openclaw.post_action.state")
local states_new = states.new
local ____state = require("resty.openclaw.post_action.state")
local drop = ____state.drop
local show = ____state.show
do
    local ____after = require("resty.openclaw.post_action.after")
    ____exports.after = ____after.after
    ____exports.limit_after = ____after.limit_after
end
local NAME = "post_action"
local OPENING_BRACE = string_byte("{")
--- Counts an entry that is not queued.
local function refuse(post_action, reason, why)
    drop(post_action.flusher, reason, 1, why)
    return nil, why
end
--- Queues a line, which must be a single one.
local function push_line(post_action, line)
    local flusher = post_action.flusher
    if #line > post_action.most_line_bytes then
        return refuse(
            post_action,
            "too_large",
            ("longer than " .. tostring(post_action.most_line_bytes)) .. " bytes"
        )
    end
    local is_running, why_not = flushers_ensure_running(flusher)
    if is_running == nil then
        return refuse(post_action, "exit", why_not)
    end
    local taken, dropped = post_action.queue:offer(
        line,
        clock_now()
    )
    drop(flusher, "overflow", dropped, "the queue is full")
    show(flusher)
    if not taken or dropped > 0 then
        flushers_overflowed(flusher)
    end
    if not taken then
        return refuse(post_action, "overflow", "the queue is full")
    end
    flushers_entry_added(flusher)
    return true
end
--- Encodes a table as JSON with a new `id` in front, unless it has an `id` or is a list.
local function line_of(post_action, entry)
    local line, err = json_encode(entry)
    if line == nil then
        return nil, err
    end
    if entry.id ~= nil or string_byte(line) ~= OPENING_BRACE then
        return line
    end
    local rest = line == "{}" and "}" or "," .. string_sub(line, 2)
    return (("{\"id\":\"" .. ids_next(post_action.ids)) .. "\"") .. rest
end
--- Queues the line of an entry, and waits until it is synced to disk where the options say so.
local function queue_line(post_action, line)
    local ok, err = push_line(post_action, line)
    if ok == nil then
        return nil, err
    end
    if post_action.waits then
        post_action.queue:wait()
    end
    return true
end
--- Queues an entry: a one-line string unchanged, a table as JSON with an id. Never raises. Yields only with `fsync = "always"`, until the
-- entry is synced to disk, in phases that may yield. Phases: any but init and exit_worker. Nil and why when the entry is dropped, which
-- is counted and logged.
local function push(self, entry)
    if type(entry) == "string" then
        local line_end = string_find(entry, "\n", 1, true)
        if line_end ~= nil or entry == "" then
            return refuse(self, "invalid", "an entry must be one line")
        end
        return queue_line(self, entry)
    end
    if type(entry) ~= "table" then
        return refuse(self, "invalid", "an entry must be a string or a table")
    end
    local line, err = line_of(self, entry)
    if line == nil then
        return refuse(self, "invalid", err)
    end
    return queue_line(self, line)
end
--- Queues the record of this request. `route`: its name; `$openclaw_route` unless given. Phases: log.
local function log(self, route)
    if not self.record then
        return
    end
    if not request_is_there() then
        refuse(self, "invalid", "there is no request")
    else
        push_line(
            self,
            records_write(self.recorder, route)
        )
    end
end
--- Starts the background thread; else the first entry does. Phases: init_worker.
local function init_worker(self)
    if worker_process_is_here() then
        flushers_ensure_running(self.flusher)
    end
end
--- Counts and logs entries that were not delivered. Phases: exit_worker.
local function exit_worker(self)
    flushers_close(self.flusher)
end
local metatable = {__index = {push = push, log = log, init_worker = init_worker, exit_worker = exit_worker}}
--- The unique name of the sink, for metrics and for its folder on disk. Raises where another sink has it.
local function name_of(____bindingPattern0, registry)
    local sink
    local name
    local path
    path = ____bindingPattern0.path
    name = ____bindingPattern0.name
    sink = ____bindingPattern0.sink
    local its_name = name or sink.type
    if figures_of_is_taken(registry, its_name) then
        local what = name == nil and "a \"name\"" or "another \"name\""
        error(
            ((((problem_beginning(path) .. " give it ") .. what) .. ": another sink is already named \"") .. its_name) .. "\"",
            0
        )
    end
    return its_name
end
--- The queue: in memory, or on disk.
local function open_queue(settings, name, registry, faults)
    local ____settings_0 = settings
    local queue = ____settings_0.queue
    local path = ____settings_0.path
    local memory = queues_new(queue.max_entries, queue.max_bytes, queue.drop == "oldest")
    if not queue.durable then
        return memory
    end
    return durable_queue_new(
        queue,
        name,
        path,
        memory,
        figures_of_of_spool(registry, name),
        faults
    )
end
--- A queue with its sink. Phases: init. Raises where options contradict each other, or something that they need is missing.
local function create(settings)
    local ____settings_1 = settings
    local options = ____settings_1.queue
    local dead_letter = ____settings_1.dead_letter
    local sink = sinks_create(settings.sink, settings.sink_path)
    local registry = metric_registry_open(options.dict)
    local name = name_of(settings, registry)
    local batch_entries, batch_bytes = settings_of_batch_limits(options)
    local ____options_2 = options
    local batch_seconds = ____options_2.batch_seconds
    local retry_seconds = ____options_2.retry_seconds
    local drain_seconds = ____options_2.drain_seconds
    local limits = {
        name = name,
        batch_entries = batch_entries,
        batch_bytes = batch_bytes,
        batch_seconds = batch_seconds,
        retry_seconds = retry_seconds,
        drain_seconds = drain_seconds
    }
    local ____temp_3
    if dead_letter == nil then
        ____temp_3 = nil
    else
        ____temp_3 = sinks_create_dead_letter(dead_letter)
    end
    local dead_letter_sink = ____temp_3
    local its_ids = ids_new()
    local figures = figures_of_new(registry, name)
    local faults = fault_new(NAME, registry)
    local queue = open_queue(settings, name, registry, faults)
    local fields = {
        record = options.record,
        most_line_bytes = batch_bytes - 1,
        recorder = records_new(its_ids, options.record_query, options.record_variables),
        ids = its_ids,
        queue = queue,
        waits = queue.is_durable and options.fsync == "always",
        flusher = states_new(
            limits,
            queue,
            sink,
            dead_letter_sink,
            figures,
            faults
        ),
        figures = figures
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- A queue with its sink, from the options in docs/post_action.md. Phases: init. Raises with all problems.
local function alone(given)
    return create(settings_of_read_alone(given, NAME))
end
____exports.new = alone
return ____exports
