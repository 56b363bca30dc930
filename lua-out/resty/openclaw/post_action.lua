local ____exports = {}
local fault = require("resty.openclaw.fault")
local json = require("resty.openclaw.json")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local clock = require("resty.openclaw.clock")
local request = require("resty.openclaw.request")
local durable_queue = require("resty.openclaw.post_action.durable_queue")
local figures_of = require("resty.openclaw.post_action.figures")
local flushers = require("resty.openclaw.post_action.flusher")
local ids = require("resty.openclaw.post_action.ids")
local queues = require("resty.openclaw.post_action.queue")
local records = require("resty.openclaw.post_action.record")
local states = require("resty.openclaw.post_action.state")
local ____state = require("resty.openclaw.post_action.state")
local drop = ____state.drop
local show = ____state.show
local sinks = require("resty.openclaw.post_action.sinks")
local worker_process = require("resty.openclaw.worker_process")
do
    local ____after = require("resty.openclaw.post_action.after")
    ____exports.after = ____after.after
    ____exports.limit_after = ____after.limit_after
end
local OPTIONS = {
    "sink",
    "dead_letter",
    "name",
    "max_entries",
    "max_bytes",
    "batch_entries",
    "batch_bytes",
    "batch_seconds",
    "drop",
    "retry_seconds",
    "drain_seconds",
    "record",
    "record_query",
    "record_variables",
    "dict"
}
for ____, option in ipairs(durable_queue.OPTIONS) do
    OPTIONS[#OPTIONS + 1] = option
end
local MIB = 1024 * 1024
local OPENING_BRACE = string.byte("{")
--- Books one entry that is not taken in.
local function refuse(post_action, reason, why)
    drop(post_action.flusher, reason, 1, why)
    return nil, why
end
--- Queues a line that is known to be one.
local function push_line(post_action, line)
    local flusher = post_action.flusher
    if #line > post_action.most_line_bytes then
        return refuse(
            post_action,
            "too_large",
            ("longer than " .. tostring(post_action.most_line_bytes)) .. " bytes"
        )
    end
    local awake, asleep = flushers.awaken(flusher)
    if awake == nil then
        return refuse(post_action, "exit", asleep)
    end
    local taken, dropped = post_action.queue:offer(
        line,
        clock.now()
    )
    drop(flusher, "overflow", dropped, "the queue is full")
    show(flusher)
    if not taken or dropped > 0 then
        flushers.overflowed(flusher)
    end
    if not taken then
        return refuse(post_action, "overflow", "the queue is full")
    end
    flushers.arrived(flusher)
    return true
end
--- A table as JSON that begins with its id: a new one, unless it brings one of its own or is a list.
local function line_of(post_action, entry)
    local line, err = json.encode(entry)
    if line == nil then
        return nil, err
    end
    if entry.id ~= nil or string.byte(line) ~= OPENING_BRACE then
        return line
    end
    local rest = line == "{}" and "}" or "," .. string.sub(line, 2)
    return (("{\"id\":\"" .. ids.next(post_action.ids)) .. "\"") .. rest
end
--- Queues the line of an entry, and sees to it that it is safe.
local function keep(post_action, line)
    local ok, err = push_line(post_action, line)
    if ok == nil then
        return nil, err
    end
    if post_action.waits then
        post_action.queue:wait()
    end
    return true
end
--- Queues an entry: a string as the line that it is, a table as JSON with an id. Never raises. Yields only with
-- `fsync = "always"`, until the disk has the entry, in phases that may. Phases: any but
-- init and exit_worker. Nil and why when the entry is dropped, which is counted and logged.
local function push(self, entry)
    if type(entry) == "string" then
        local line_end = string.find(entry, "\n", 1, true)
        if line_end ~= nil or entry == "" then
            return refuse(self, "invalid", "an entry must be one line")
        end
        return keep(self, entry)
    end
    if type(entry) ~= "table" then
        return refuse(self, "invalid", "an entry must be a string or a table")
    end
    local line, err = line_of(self, entry)
    if line == nil then
        return refuse(self, "invalid", err)
    end
    return keep(self, line)
end
--- Queues the record of this request. `route`: its name; `$openclaw_route` unless given. Phases: log.
local function log(self, route)
    if not self.record then
        return
    end
    if not request.is_there() then
        refuse(self, "invalid", "there is no request")
    else
        push_line(
            self,
            records.write(self.recorder, route)
        )
    end
end
--- Starts the background thread; without it the first entry does. Phases: init_worker.
local function init_worker(self)
    if worker_process.is_here() then
        flushers.awaken(self.flusher)
    end
end
--- Counts and logs what could not be delivered any more. Phases: exit_worker.
local function exit_worker(self)
    flushers.close(self.flusher)
end
local metatable = {__index = {push = push, log = log, init_worker = init_worker, exit_worker = exit_worker}}
local function read_variables(owner, options)
    local variables = read.group(owner, options, "record_variables") or ({})
    for name, variable in pairs(variables) do
        local legal = string.find(
            type(variable) == "string" and variable or "",
            "^[%w_]+$"
        )
        if type(name) ~= "string" or legal == nil then
            read.refuse(owner, "record_variables", "a table of field names and variable names without $", variable)
        end
    end
    return variables
end
--- Where entries wait: in memory, or on disk.
local function open_queue(options, registry, name, memory, faults)
    if read.flag("post_action", options, "durable", false) then
        return durable_queue.new(
            options,
            name,
            memory,
            figures_of.of_spool(registry, name),
            faults
        )
    end
    if options.spool ~= nil then
        read.refuse("post_action", "durable", "true where there is a \"spool\"", options.durable)
    end
    return memory
end
--- A queue with its sink. Phases: init. Raises one sentence when an option is wrong; the options stand in
-- docs/post_action.md.
local function create(given)
    local options = read.check("post_action", given, OPTIONS)
    local sink_options = read.group("post_action", options, "sink")
    if sink_options == nil then
        read.refuse("post_action", "sink", "a table", sink_options)
    end
    local sink = sinks.open("post_action sink", sink_options)
    local name = read.text("post_action", options, "name", sink_options.type)
    local registry = metric_registry.open(read.text("post_action", options, "dict", "openclaw"))
    if figures_of.is_taken(registry, name) then
        read.refuse("post_action", "name", "a name that no other post_action has", name)
    end
    local max_entries = read.whole(
        "post_action",
        options,
        "max_entries",
        1,
        10000,
        1000000
    )
    local max_bytes = read.whole(
        "post_action",
        options,
        "max_bytes",
        1,
        16 * MIB
    )
    local what_drops = read.one_of(
        "post_action",
        options,
        "drop",
        {"oldest", "newest"},
        "oldest"
    )
    local settings = {
        name = name,
        batch_entries = read.whole(
            "post_action",
            options,
            "batch_entries",
            1,
            math.min(500, max_entries),
            max_entries
        ),
        batch_bytes = read.whole(
            "post_action",
            options,
            "batch_bytes",
            1,
            math.min(MIB, max_bytes),
            max_bytes
        ),
        batch_seconds = read.positive("post_action", options, "batch_seconds", 1),
        retry_seconds = read.positive("post_action", options, "retry_seconds", 60),
        drain_seconds = read.positive("post_action", options, "drain_seconds", 5)
    }
    local record = read.flag("post_action", options, "record", true)
    local with_query = read.flag("post_action", options, "record_query", false)
    local ____temp_0
    if options.dead_letter == nil then
        ____temp_0 = nil
    else
        ____temp_0 = sinks.open_dead_letter("post_action", options.dead_letter)
    end
    local dead_letter = ____temp_0
    local its_ids = ids.new()
    local recorder = records.new(
        its_ids,
        with_query,
        read_variables("post_action", options)
    )
    local figures = figures_of.new(registry, name)
    local faults = fault.new("post_action", registry)
    local memory = queues.new(max_entries, max_bytes, what_drops == "oldest")
    local queue = open_queue(
        options,
        registry,
        name,
        memory,
        faults
    )
    local fields = {
        record = record,
        most_line_bytes = settings.batch_bytes - 1,
        recorder = recorder,
        ids = its_ids,
        queue = queue,
        waits = queue.is_durable and options.fsync == "always",
        flusher = states.new(
            settings,
            queue,
            sink,
            dead_letter,
            figures,
            faults
        ),
        figures = figures
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
