local ____exports = {}
local json = require("resty.openclaw.json")
local read = require("resty.openclaw.options")
local turn = require("resty.openclaw.turn")
local ids = require("resty.openclaw.post_action.ids")
local lines = require("resty.openclaw.post_action.lines")
local NANOSECOND_DIGITS = 9
--- Enough until the year 5138.
local MOST_SECOND_DIGITS = 11
--- So many entries are put together at a stretch, at some microseconds each, before other requests have their turn.
local ENTRIES_AT_A_STRETCH = 100
local function line_itself(line)
    return line
end
local function as_text(line)
    return json.text(line)
end
local function id_text(line)
    return json.text(ids.of(line))
end
--- When the request of a record ended; of other lines, when they are sent.
local function nanoseconds(line)
    local seconds, decimals = string.match(line, "^{\"id\":\"[^\"\\]+\",\"time\":(%d+)%.?(%d*)")
    if seconds == nil or #seconds > MOST_SECOND_DIGITS then
        seconds, decimals = string.match(
            string.format(
                "%.3f",
                ngx.now()
            ),
            "^(%d+)%.(%d+)$"
        )
    end
    local rest = string.sub(decimals, 1, NANOSECOND_DIGITS)
    return (seconds .. rest) .. string.rep("0", NANOSECOND_DIGITS - #rest)
end
local VALUES = {line = line_itself, text = as_text, id = id_text, nanoseconds = nanoseconds}
--- Adds what stands in a text, with `$` before what stands for a part of the entry.
local function parse(owner, text)
    local parts = {}
    local at = 1
    local from, to, name = string.find(text, "%$(%l+)", at)
    while from ~= nil do
        local value = VALUES[name]
        if value == nil then
            read.refuse(owner, "entry", "a text with $line, $text, $id or $nanoseconds", text)
        end
        parts[#parts + 1] = string.sub(text, at, from - 1)
        parts[#parts + 1] = value
        at = to + 1
        from, to, name = string.find(text, "%$(%l+)", at)
    end
    parts[#parts + 1] = string.sub(text, at)
    return parts
end
local function optional(owner, options, name)
    local value = options[name]
    if value == nil then
        return ""
    end
    if type(value) ~= "string" then
        read.refuse(owner, name, "a text", value)
    end
    return value
end
--- The template that the options describe. Phases: init. Raises when they are wrong.
local function create(owner, options)
    read.check(owner, options, {"before", "entry", "between", "after"})
    return {
        before = optional(owner, options, "before"),
        between = optional(owner, options, "between"),
        after = optional(owner, options, "after"),
        parts = parse(
            owner,
            read.text(owner, options, "entry")
        )
    }
end
____exports.new = create
--- The body for lines, each with its line end. May yield. Phases: timer.
function ____exports.fill(template, text)
    local body = {template.before}
    for number, line in ipairs(lines.split(text)) do
        if number > 1 then
            body[#body + 1] = template.between
        end
        for ____, part in ipairs(template.parts) do
            body[#body + 1] = type(part) == "string" and part or part(line)
        end
        if number % ENTRIES_AT_A_STRETCH == 0 then
            turn.pass()
        end
    end
    body[#body + 1] = template.after
    return table.concat(body)
end
return ____exports
