local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local math_abs = math.abs
local math_huge = math.huge
local string_format = string.format
local buffer = require("string.buffer")
local buffer_new = buffer.new
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local json = require("resty.openclaw.core.text.json")
local json_text = json.text
local nkeys = require("table.nkeys")
--- The least that an entry of a table takes: `1,`.
local ENTRY_BYTES = 2
--- Whether all digits of a number count: doubles have every integer up to here.
local function is_integer(value)
    return value % 1 == 0 and math_abs(value) <= 9007199254740992
end
--- Whether there is room for so many bytes; where there is not, nothing more is written.
local function has_room(writing, bytes)
    if #writing.text + bytes > writing.bounds.bytes then
        writing.is_too_long = true
    end
    return not writing.is_too_long
end
local function leave_out(writing, problem)
    if writing.problem == nil then
        writing.problem = problem
    end
    writing.text:put("null")
end
--- The keys of a list in their order, or those of a table with names, sorted; nothing for any other table.
local function keys_of(value, count)
    local places = {}
    for place = 1, count do
        if value[place] ~= nil then
            places[#places + 1] = place
        end
    end
    if count > 0 and #places == count then
        return places
    end
    for key in pairs(value) do
        if type(key) ~= "string" then
            return nil
        end
    end
    return names_sorted(value)
end
local function put_scalar(writing, value)
    local ____writing_0 = writing
    local text = ____writing_0.text
    if type(value) == "string" then
        if has_room(writing, #value) then
            text:put(json_text(value))
        end
    elseif type(value) == "number" then
        local is_finite = value == value and value ~= math_huge and value ~= -math_huge
        text:put(is_finite and string_format(
            is_integer(value) and "%.0f" or "%.14g",
            value
        ) or "null")
    elseif type(value) == "boolean" then
        text:put(tostring(value))
    elseif value == nil or value == ngx.null then
        text:put("null")
    else
        leave_out(
            writing,
            "JSON has no " .. type(value)
        )
    end
end
--- Writes a value; breaks off where the text becomes too long. `depth`: how many tables it is in.
local function put_value(writing, value, depth)
    if type(value) ~= "table" then
        return put_scalar(writing, value)
    end
    local ____writing_1 = writing
    local text = ____writing_1.text
    local bounds = ____writing_1.bounds
    if depth >= bounds.depth then
        return leave_out(
            writing,
            ("tables are nested over " .. tostring(bounds.depth)) .. " deep"
        )
    end
    local count = nkeys(value)
    if not has_room(writing, count * ENTRY_BYTES) then
        return
    end
    local keys = keys_of(value, count)
    if keys == nil then
        return leave_out(writing, "a table has keys that are neither all names nor those of a list")
    end
    local is_list = type(keys[1]) == "number"
    local separator = is_list and "[" or "{"
    for ____, key in ipairs(keys) do
        if not has_room(writing, is_list and 0 or #key) then
            return
        end
        text:put(separator)
        separator = ","
        if not is_list then
            text:put(
                json_text(key),
                ":"
            )
        end
        put_value(writing, value[key], depth + 1)
        writing.yield_if_due()
    end
    if #keys == 0 then
        text:put("{")
    end
    text:put(is_list and "]" or "}")
end
--- The value as JSON, with the keys of tables sorted; an empty table is `{}`. A number that is not finite is `null`. So is what
-- JSON does not have, such as a function, and what is nested too deep; these are a problem. Phases: those in which `yield_if_due`
-- may be called; raises only where a metatable does.
local function encode(value, bounds, yield_if_due)
    local writing = {
        text = buffer_new(),
        bounds = bounds,
        yield_if_due = yield_if_due,
        problem = nil,
        is_too_long = false
    }
    put_value(writing, value, 0)
    if not has_room(writing, 0) then
        return {
            text = nil,
            problem = ("it takes over " .. tostring(bounds.bytes)) .. " bytes"
        }
    end
    return {
        text = writing.text:get(),
        problem = writing.problem
    }
end
____exports.encode = encode
return ____exports
