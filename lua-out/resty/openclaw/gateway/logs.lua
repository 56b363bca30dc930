local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local pcall = pcall
local tostring = tostring
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local ____misplaced = require("resty.openclaw.config.misplaced")
local take_out = ____misplaced.take_out
local problem = require("resty.openclaw.config.problems")
local problem_add_no_table = problem.add_no_table
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local optional = ____schema.optional
local post_action = require("resty.openclaw.post_action")
local settings = require("resty.openclaw.post_action.settings")
local settings_DEAD_LETTER = settings.DEAD_LETTER
local settings_NAME = settings.NAME
local settings_QUEUE_SCHEMA = settings.QUEUE_SCHEMA
local settings_check = settings.check
local sinks = require("resty.openclaw.post_action.sinks")
local sinks_SINK = sinks.SINK
local sinks_have = sinks.have
--- The slow log's options if `log` does not set them.
local DEFAULT_SLOW = {seconds = 5, lines_per_minute = 600}
local SLOW_SCHEMA = {
    slow_seconds = option(kinds.positive, DEFAULT_SLOW.seconds, "minimum duration of a slow request, in seconds"),
    slow_lines_per_minute = option(
        kinds_whole(1),
        DEFAULT_SLOW.lines_per_minute,
        "maximum number of lines per minute, over all workers"
    )
}
--- Options that may be set for all sinks, or in one of them.
local DEAD_LETTER_SCHEMA = {dead_letter = settings_DEAD_LETTER}
--- The options set for all sinks.
local COMMON_SCHEMA = joined(
    joined(DEAD_LETTER_SCHEMA, settings_QUEUE_SCHEMA),
    SLOW_SCHEMA
)
--- Options that do not belong to the sink's type.
local ENTRY_SCHEMA = joined({name = settings_NAME}, DEAD_LETTER_SCHEMA)
local function is_common(name)
    return COMMON_SCHEMA[name] ~= nil
end
local function is_of_entry(name)
    return ENTRY_SCHEMA[name] ~= nil
end
local function read_entry(given, path, problems)
    if type(given) ~= "table" then
        problem_add_no_table(problems, path, "a table", given)
        return given
    end
    local own = {}
    local rest = {}
    for name, value in pairs(given) do
        if is_of_entry(name) then
            own[name] = value
        else
            rest[name] = value
        end
    end
    local its_type = rest.type
    local function is_elsewhere(name)
        return is_common(name) and not sinks_have(name, its_type)
    end
    local options = take_out(
        rest,
        path,
        problems,
        is_elsewhere,
        "it stands beside sinks, in log"
    )
    local read = schemas_read(ENTRY_SCHEMA, own, path, problems)
    return {
        sink = sinks_SINK.read(options, path, problems),
        name = read and read.name,
        dead_letter = read and read.dead_letter
    }
end
local ENTRIES = kinds_list_of({name = "table", read = read_entry})
--- A list of sinks.
local SINKS = {
    name = "list of tables",
    read = function(given, path, problems)
        if type(given) ~= "table" or given.type == nil then
            return ENTRIES.read(given, path, problems)
        end
        problems[#problems + 1] = path .. " must be a list: write sinks = { { … } }"
        return {}
    end
}
local OWN_SCHEMA = {sinks = optional(SINKS, "sinks of the request records: a list of [sinks](post_action.md), each with the options of its type")}
--- The options of `log`.
local SCHEMA = joined(OWN_SCHEMA, COMMON_SCHEMA)
____exports.SCHEMA = SCHEMA
local PATH = "setup: log"
--- Whether the table is about sinks: it is empty, or has an option of their queues.
local function is_about_sinks(given)
    for name in pairs(given) do
        if is_common(name) and SLOW_SCHEMA[name] == nil then
            return true
        end
    end
    local first = next(given)
    return first == nil
end
--- The option `log` as read; nothing without it. Adds what is wrong to the problems. Phases: init.
function ____exports.read(given, problems)
    if given == nil then
        return nil
    end
    if type(given) ~= "table" then
        problem_add_no_table(problems, PATH, "a table", given)
        return nil
    end
    local before = #problems
    local function is_misplaced(name)
        return not is_common(name) and (is_of_entry(name) or sinks_have(name))
    end
    local options = take_out(
        given,
        PATH,
        problems,
        is_misplaced,
        "it belongs into a sink"
    )
    if options.sinks == nil and is_about_sinks(options) then
        ENTRIES.read(nil, PATH .. ".sinks", problems)
    end
    local log = schemas_read(SCHEMA, options, PATH, problems)
    if log ~= nil then
        settings_check(log, PATH, problems)
    end
    local ____temp_4
    if #problems == before then
        ____temp_4 = log
    else
        ____temp_4 = nil
    end
    return ____temp_4
end
--- The options of the slow logs of all routes. Phases: init.
local function slow_options(log)
    if log == nil then
        return DEFAULT_SLOW
    end
    return {seconds = log.slow_seconds, lines_per_minute = log.slow_lines_per_minute}
end
____exports.slow_options = slow_options
--- Makes one queue for each sink; the options beside `sinks` apply to all of them. Adds to the problems what the sinks raise.
-- Phases: init.
local function make_sinks(log, problems)
    local logs = {}
    for place, entry in ipairs(log and log.sinks or ({})) do
        local path = ((PATH .. ".sinks[") .. tostring(place)) .. "]"
        local made, queue = pcall(post_action.create, {
            path = path,
            sink = entry.sink,
            sink_path = path,
            name = entry.name,
            dead_letter = entry.dead_letter or log.dead_letter,
            queue = log
        })
        if made then
            logs[#logs + 1] = queue
        else
            problems[#problems + 1] = tostring(queue)
        end
    end
    return logs
end
____exports.make_sinks = make_sinks
return ____exports
