local ____exports = {}
local ipairs = ipairs
local type = type
local string_find = string.find
local string_format = string.format
local string_match = string.match
local string_rep = string.rep
local string_sub = string.sub
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local required = ____schema.required
local json = require("resty.openclaw.core.text.json")
local json_text = json.text
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local ids = require("resty.openclaw.post_action.ids")
local ids_of = ids.of
local lines = require("resty.openclaw.post_action.lines")
local lines_split = lines.split
local NANOSECOND_DIGITS = 9
--- Enough until the year 5138.
local MOST_SECOND_DIGITS = 11
--- So many entries are written, at some microseconds each, before other requests are served.
local ENTRIES_AT_A_STRETCH = 100
local function line_itself(line)
    return line
end
local function as_text(line)
    return json_text(line)
end
local function id_text(line)
    return json_text(ids_of(line))
end
--- When the request of a record ended; for other lines the time of sending.
local function nanoseconds(line)
    local seconds, decimals = string_match(line, "^{\"id\":\"[^\"\\]+\",\"time\":(%d+)%.?(%d*)")
    if seconds == nil or #seconds > MOST_SECOND_DIGITS then
        seconds, decimals = string_match(
            string_format(
                "%.3f",
                ngx.now()
            ),
            "^(%d+)%.(%d+)$"
        )
    end
    local rest = string_sub(decimals, 1, NANOSECOND_DIGITS)
    return (seconds .. rest) .. string_rep("0", NANOSECOND_DIGITS - #rest)
end
local VALUES = {line = line_itself, text = as_text, id = id_text, nanoseconds = nanoseconds}
--- Parses a template with variables such as `$line`; nothing where it has an unknown one.
local function parse(text)
    local parts = {}
    local at = 1
    local from, to, name = string_find(text, "%$(%l+)", at)
    while from ~= nil do
        local value = VALUES[name]
        if value == nil then
            return nil
        end
        parts[#parts + 1] = string_sub(text, at, from - 1)
        parts[#parts + 1] = value
        at = to + 1
        from, to, name = string_find(text, "%$(%l+)", at)
    end
    parts[#parts + 1] = string_sub(text, at)
    return parts
end
--- A string that may be empty.
local TEXT = kinds_of(
    "string",
    "a string",
    function(given) return type(given) == "string" end
)
local ENTRY = {
    name = "string",
    read = function(given, path, problems)
        local ____temp_0
        if type(given) == "string" and given ~= "" then
            ____temp_0 = parse(given)
        else
            ____temp_0 = nil
        end
        local parts = ____temp_0
        if parts == nil then
            problem_add(problems, path, "a non-empty string with $line, $text, $id or $nanoseconds", given)
        end
        return parts or ({})
    end
}
local SCHEMA = {
    before = option(TEXT, "", "text before all entries"),
    entry = required(ENTRY, "text of each entry: `$line` is the entry, `$text` the entry as a JSON string, `$id` its id as a JSON string (null if the entry does not begin with an id), `$nanoseconds` the time of a record in nanoseconds since 1970 (of other entries the time of sending)"),
    between = option(TEXT, "", "text between two entries"),
    after = option(TEXT, "", "text after all entries")
}
____exports.SCHEMA = SCHEMA
--- The template that the options describe. Phases: init.
local function create(____bindingPattern0)
    local entry
    local after
    local between
    local before
    before = ____bindingPattern0.before
    between = ____bindingPattern0.between
    after = ____bindingPattern0.after
    entry = ____bindingPattern0.entry
    return {before = before, between = between, after = after, parts = entry}
end
____exports.new = create
--- The body for lines, each with its line end. May yield. Phases: timer.
local function fill(template, text)
    local body = {template.before}
    for number, line in ipairs(lines_split(text)) do
        if number > 1 then
            body[#body + 1] = template.between
        end
        for ____, part in ipairs(template.parts) do
            body[#body + 1] = type(part) == "string" and part or part(line)
        end
        if number % ENTRIES_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
    body[#body + 1] = template.after
    return (table_concat(body))
end
____exports.fill = fill
return ____exports
