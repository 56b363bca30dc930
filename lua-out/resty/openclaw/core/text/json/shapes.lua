local ____exports = {}
local names = require("resty.openclaw.config.names")
local json = require("resty.openclaw.core.text.json")
local outputs = require("resty.openclaw.core.text.json.output")
--- Whether JSON has such a number.
local function is_number(value)
    return value ~= nil and value == value and value ~= math.huge and value ~= -math.huge
end
--- A number that counts: all its digits.
____exports.exact = function(output, value)
    if is_number(value) then
        output.text:putf("%.14g", value)
    else
        output.text:put("null")
    end
end
--- A number that was measured or worked out: six digits.
____exports.rounded = function(output, value)
    if is_number(value) then
        output.text:putf("%.6g", value)
    else
        output.text:put("null")
    end
end
--- A text; bytes that are not UTF-8 become "?".
____exports.text = function(output, value)
    output.text:put(json.text(value))
end
--- A text that comes again and again, such as a name: see `json.short_text`.
____exports.name = function(output, value)
    output.text:put(json.short_text(value))
end
--- True or false.
____exports.flag = function(output, value)
    output.text:put(value == nil and "null" or tostring(value))
end
--- A list. The output may yield after each entry.
function ____exports.list_of(write)
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
            outputs.step(output)
        end)
        output.text:put(separator == "[" and "[]" or "]")
    end
end
--- A short list, such as the points of a chart: the output does not yield within it.
function ____exports.row_of(write)
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
--- Values by their names. The output may yield after each entry.
function ____exports.map_of(write)
    return function(output, entries)
        if entries == nil then
            output.text:put("null")
            return
        end
        local separator = "{"
        entries(function(entry_name, entry)
            output.text:put(
                separator,
                json.short_text(entry_name),
                ":"
            )
            separator = ","
            write(output, entry)
            outputs.step(output)
        end)
        output.text:put(separator == "{" and "{}" or "}")
    end
end
--- An object with these fields, always in this order: `object<Type>()(["name", writer], …)`. A field that the type has as
-- optional ends in "optional", and is left out where there is nothing; any other is `null` then.
function ____exports.object()
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
--- The entries of a table, sorted by their names; `show` gives what is written of each. Phases: any.
function ____exports.sorted_entries(map, show)
    return function(put)
        for ____, entry_name in ipairs(names.sorted(map)) do
            put(
                entry_name,
                show(map[entry_name])
            )
        end
    end
end
return ____exports
