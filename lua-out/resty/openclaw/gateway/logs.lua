local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local read = require("resty.openclaw.options")
local post_action = require("resty.openclaw.post_action")
local SINKS = kinds.list_of(kinds.of(
    "table",
    "a table",
    function(given) return type(given) == "table" end
))
--- For the slow log; all else there is for the sinks.
local SLOW_OPTIONS = {"slow_seconds", "slow_lines_per_minute"}
local function is_slow_option(name)
    return type(name) == "string" and string.sub(name, 1, 5) == "slow_"
end
--- Where `log` does not say.
____exports.DEFAULT_SLOW = {seconds = 5, lines_per_minute = 600}
--- `log` as it is given: a table, or nothing.
local function table_in(log)
    return read.group("setup", {log = log}, "log")
end
--- What the slow logs of all routes are made of. Raises when an option is wrong. Phases: init.
function ____exports.slow_options(log)
    local given = {}
    for name, value in pairs(table_in(log) or ({})) do
        if is_slow_option(name) then
            given[name] = value
        end
    end
    local slow = read.check("setup: log", given, SLOW_OPTIONS)
    return {
        seconds = read.positive("setup: log", slow, "slow_seconds", 5),
        lines_per_minute = read.whole(
            "setup: log",
            slow,
            "slow_lines_per_minute",
            1,
            600
        )
    }
end
--- What `log` says of the sinks; nothing when it speaks of the slow log only.
local function about_sinks(log)
    local given = table_in(log)
    if given == nil then
        return nil
    end
    local about = {}
    local others = 0
    local slow = 0
    for name, value in pairs(given) do
        if is_slow_option(name) then
            slow = slow + 1
        else
            about[name] = value
            others = others + 1
        end
    end
    local ____temp_0
    if others == 0 and slow > 0 then
        ____temp_0 = nil
    else
        ____temp_0 = about
    end
    return ____temp_0
end
--- A list of tables. A variable that does not exist leaves a hole in it.
local function sinks_in(given)
    local problems = {}
    local sinks = SINKS.read(given.sinks, "setup: log.sinks", problems)
    problem.raise(problems)
    return sinks
end
--- One queue for each sink: what stands beside `sinks` holds for all of them. Raises when an option is wrong. Phases: init.
function ____exports.make_sinks(log)
    local logs = {}
    local given = about_sinks(log)
    if given == nil then
        return logs
    end
    if given.sink ~= nil then
        error("setup: log: unknown option \"sink\"; did you mean \"sinks\"?", 0)
    end
    for ____, entry in ipairs(sinks_in(given)) do
        local sink = {}
        local queue = {sink = sink}
        for name, value in pairs(given) do
            if name ~= "sinks" then
                queue[name] = value
            end
        end
        for name, value in pairs(entry) do
            if name == "name" or name == "dead_letter" then
                queue[name] = value
            else
                sink[name] = value
            end
        end
        logs[#logs + 1] = post_action.new(queue)
    end
    return logs
end
return ____exports
