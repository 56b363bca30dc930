local ____exports = {}
--- Takes the text of a stream of server-sent events apart: WHATWG HTML, section 9.2.6. Pure Lua.
local CARRIAGE_RETURN = 13
local FIELD = "data:"
--- The value of a line that is a data field.
local function value_of(line)
    local has_blank = string.sub(line, #FIELD + 1, #FIELD + 1) == " "
    return string.sub(line, #FIELD + (has_blank and 2 or 1))
end
--- The next event from `at` on: its data, nothing when it has none, and where the one after it begins. Nothing at all
-- when the text ends before the event does. Lines end with LF or CRLF.
function ____exports.next_of(text, at)
    local values = {}
    local begin = at
    while true do
        local line_feed = string.find(text, "\n", begin, true)
        if line_feed == nil then
            return nil
        end
        local is_crlf = line_feed > begin and string.byte(text, line_feed - 1) == CARRIAGE_RETURN
        local last = is_crlf and line_feed - 2 or line_feed - 1
        if last < begin then
            local ____temp_0
            if #values == 0 then
                ____temp_0 = nil
            else
                ____temp_0 = table.concat(values, "\n")
            end
            return ____temp_0, line_feed + 1
        end
        if string.sub(text, begin, begin + #FIELD - 1) == FIELD then
            values[#values + 1] = value_of(string.sub(text, begin, last))
        end
        begin = line_feed + 1
    end
end
--- The data of all events. `is_cut`: the text may begin in the middle of one, which is then left out.
function ____exports.all_of(text, is_cut)
    local found = {}
    local data, after = ____exports.next_of(text, 1)
    if is_cut and after ~= nil then
        data, after = ____exports.next_of(text, after)
    end
    while after ~= nil do
        if data ~= nil then
            found[#found + 1] = data
        end
        data, after = ____exports.next_of(text, after)
    end
    return found
end
return ____exports
