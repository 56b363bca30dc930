local ____exports = {}
local tostring = tostring
local type = type
local math_min = math.min
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local ____misplaced = require("resty.openclaw.config.misplaced")
local take_out = ____misplaced.take_out
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_raise = problem.raise
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local computed = ____schema.computed
local joined = ____schema.joined
local map_of = ____schema.map_of
local option = ____schema.option
local optional = ____schema.optional
local read = ____schema.read
local required = ____schema.required
local durable_queue = require("resty.openclaw.post_action.durable_queue")
local durable_queue_SCHEMA = durable_queue.SCHEMA
local durable_queue_check = durable_queue.check
local sinks = require("resty.openclaw.post_action.sinks")
local sinks_SINK = sinks.SINK
local sinks_have = sinks.have
local ____file = require("resty.openclaw.post_action.sinks.file")
local file_PATH = ____file.PATH
local PATH = file_PATH
local MIB = 1024 * 1024
local BATCH_ENTRIES = 500
local BATCH_BYTES = MIB
local MEMORY_SCHEMA = {
    max_entries = option(
        kinds_whole(1, 1000000),
        10000,
        "maximum number of entries in a worker's queue, those being sent included"
    ),
    max_bytes = option(
        kinds_whole(1),
        16 * MIB,
        "maximum size of the queue, line ends included"
    ),
    drop = option(
        kinds_one_of("oldest", "newest"),
        "oldest",
        "which entries are dropped when the queue is full; a batch being sent is never dropped"
    ),
    batch_entries = computed(
        kinds_whole(1),
        tostring(BATCH_ENTRIES) .. ", or `max_entries` if that is less",
        "number of entries at which a batch is sent; at most `max_entries`"
    ),
    batch_bytes = computed(
        kinds_whole(1),
        tostring(BATCH_BYTES) .. ", or `max_bytes` if that is less",
        "size at which a batch is sent; a longer entry is dropped; at most `max_bytes`"
    ),
    batch_seconds = option(kinds.positive, 1, "age of the oldest entry at which a batch is sent"),
    retry_seconds = option(kinds.positive, 60, "seconds after its first attempt in which a batch is retried; then it is dropped"),
    drain_seconds = option(kinds.positive, 5, "the same for a worker that exits, counted from its last entry"),
    record = option(kinds.flag, true, "whether `log` queues a record; with false only your own entries are sent"),
    record_query = option(kinds.flag, false, "whether `uri` has the query string, which may hold secrets"),
    record_variables = option(
        map_of(kinds.variable_name),
        {},
        "more fields of the record: `{ pond = \"arg_pond\" }` shows `$arg_pond` as `\"pond\"`; null when empty. What nginx or the gateway writes as a number (`$status`, `$request_time`, `$openclaw_prompt_tokens`, …) is a number; all other values are strings, even if a client writes a number into it"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
--- The options of a queue without those of its sink, which several queues may share.
local QUEUE_SCHEMA = joined(MEMORY_SCHEMA, durable_queue_SCHEMA)
____exports.QUEUE_SCHEMA = QUEUE_SCHEMA
--- The path of the dead-letter file.
local DEAD_LETTER = optional(PATH, "absolute path of a file for the entries that the sink rejects; [see below](#when-a-sink-fails)")
____exports.DEAD_LETTER = DEAD_LETTER
local NAME = computed(kinds.text, "the sink's type", "name of the sink in metrics and log lines; each sink needs its own")
____exports.NAME = NAME
local SINK_SCHEMA = {
    sink = required(sinks_SINK, "the sink to which entries are sent: its `type`, and the [options of that type](#sinks)"),
    dead_letter = again(DEAD_LETTER),
    name = again(NAME)
}
--- All options of a queue that stands alone.
local SCHEMA = joined(SINK_SCHEMA, QUEUE_SCHEMA)
____exports.SCHEMA = SCHEMA
local function check_most(path, given, most, problems)
    if given ~= nil and given > most then
        kinds_whole(1, most).read(given, path, problems)
    end
end
--- Adds to the problems where options of a queue contradict each other. `path`: of their table. Phases: init.
local function check(queue, path, problems)
    check_most(
        problem_child(path, "batch_entries"),
        queue.batch_entries,
        queue.max_entries,
        problems
    )
    check_most(
        problem_child(path, "batch_bytes"),
        queue.batch_bytes,
        queue.max_bytes,
        problems
    )
    durable_queue_check(queue, path, problems)
end
____exports.check = check
--- The size at which a batch is sent: entries, and bytes.
local function batch_limits(queue)
    return queue.batch_entries or math_min(BATCH_ENTRIES, queue.max_entries), queue.batch_bytes or math_min(BATCH_BYTES, queue.max_bytes)
end
____exports.batch_limits = batch_limits
--- Adds problems for options beside `sink` that belong into it, and the other way round.
local function sorted(given, path, problems)
    if type(given) ~= "table" then
        return given
    end
    local function is_of_sink(name)
        return SCHEMA[name] == nil and sinks_have(name)
    end
    local options = take_out(
        given,
        path,
        problems,
        is_of_sink,
        "it belongs into sink"
    )
    local sink = options.sink
    if type(sink) ~= "table" then
        return options
    end
    local ____sink_0 = sink
    local its_type = ____sink_0.type
    local function is_of_queue(name)
        return SCHEMA[name] ~= nil and not sinks_have(name, its_type)
    end
    options.sink = take_out(
        sink,
        path .. ".sink",
        problems,
        is_of_queue,
        "it stands beside sink"
    )
    return options
end
--- The settings of a queue that is used alone. Raises with all problems. Phases: init.
local function read_alone(given, path)
    local problems = {}
    local options = read(
        SCHEMA,
        sorted(given, path, problems),
        path,
        problems
    )
    if options ~= nil then
        check(options, path, problems)
    end
    problem_raise(problems)
    local ____options_1 = options
    local sink = ____options_1.sink
    local name = ____options_1.name
    local dead_letter = ____options_1.dead_letter
    return {
        path = path,
        sink = sink,
        sink_path = path .. ".sink",
        name = name,
        dead_letter = dead_letter,
        queue = options
    }
end
____exports.read_alone = read_alone
return ____exports
