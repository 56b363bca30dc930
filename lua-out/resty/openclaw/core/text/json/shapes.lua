local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local math_huge = math.huge
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local json = require("resty.openclaw.core.text.json")
local json_short_text = json.short_text
local json_text = json.text
local outputs = require("resty.openclaw.core.text.json.output")
local outputs_step = outputs.step
--- Whether JSON has such a number.
local function is_number(value)
    return value ~= nil and value == value and value ~= math_huge and value ~= -math_huge
end
--- A number that counts: all its digits.
local function exact(output, value)
    if is_number(value) then
        output.text:putf("%.14g", value)
    else
        output.text:put("null")
    end
end
____exports.exact = exact
--- A number that was measured or worked out: six digits.
local function rounded(output, value)
    if is_number(value) then
        output.text:putf("%.6g", value)
    else
        output.text:put("null")
    end
end
____exports.rounded = rounded
--- A text; bytes that are not UTF-8 become "?".
local function text(output, value)
    output.text:put(json_text(value))
end
____exports.text = text
--- A text that comes again and again, such as a name: see `json.short_text`.
local function name(output, value)
    output.text:put(json_short_text(value))
end
____exports.name = name
--- True or false.
local function flag(output, value)
    output.text:put(value == nil and "null" or tostring(value))
end
____exports.flag = flag
--- A list. The output may yield after each entry.
local function list_of(write)
    return function(output, each)
        if each == nil then
            output.text:put("null")
            return
        end
        local separator = "["
        each(function(entry)
            output.text:put(separator)
            separator = ","
            write(output, entry)
            outputs_step(output)
        end)
        output.text:put(separator == "[" and "[]" or "]")
    end
end
____exports.list_of = list_of
--- A short list, such as the points of a chart: the output does not yield within it.
local function row_of(write)
    return function(output, each)
        if each == nil then
            output.text:put("null")
            return
        end
        local separator = "["
        each(function(entry)
            output.text:put(separator)
            separator = ","
            write(output, entry)
        end)
        output.text:put(separator == "[" and "[]" or "]")
    end
end
____exports.row_of = row_of
--- Values by their names. The output may yield after each entry.
local function map_of(write)
    return function(output, entries)
        if entries == nil then
            output.text:put("null")
            return
        end
        local separator = "{"
        entries(function(entry_name, entry)
            output.text:put(
                separator,
                json_short_text(entry_name),
                ":"
            )
            separator = ","
            write(output, entry)
            outputs_step(output)
        end)
        output.text:put(separator == "{" and "{}" or "}")
    end
end
____exports.map_of = map_of
--- An object with these fields, always in this order: `object<Type>()(["name", writer], …)`. A field that the type has as
-- optional ends in "optional", and is left out where there is nothing; any other is `null` then.
local function object()
    return function(...)
        local fields = {...}
        local listed = fields
        return function(output, value)
            local buffer = output.text
            if value == nil then
                buffer:put("null")
                return
            end
            local separator = "{"
            for ____, ____value in ipairs(listed) do
                local field = ____value[1]
                local write = ____value[2]
                local optional = ____value[3]
                local held = value[field]
                if held ~= nil or optional == nil then
                    buffer:put(separator, "\"", field, "\":")
                    separator = ","
                    write(output, held)
                end
            end
            buffer:put(separator == "{" and "{}" or "}")
        end
    end
end
____exports.object = object
--- The entries of a table, sorted by their names; `show` gives what is written of each. Phases: any.
local function sorted_entries(map, show)
    return function(put)
        for ____, entry_name in ipairs(names_sorted(map)) do
            put(
                entry_name,
                show(map[entry_name])
            )
        end
    end
end
____exports.sorted_entries = sorted_entries
return ____exports
