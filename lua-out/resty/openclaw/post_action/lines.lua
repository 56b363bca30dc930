local ____exports = {}
local string_find = string.find
local string_sub = string.sub
local table_concat = table.concat
--- The position of the line end of the line with this number, counted from 1. Phases: any.
local function end_of(text, number)
    local at = 0
    for _ = 1, number do
        local found = string_find(text, "\n", at + 1, true)
        if found == nil then
            return #text
        end
        at = found
    end
    return at
end
____exports.end_of = end_of
--- The lines without their line ends. Phases: any.
local function split(text)
    local found = {}
    local at = 1
    local line_end = string_find(text, "\n", at, true)
    while line_end ~= nil do
        found[#found + 1] = string_sub(text, at, line_end - 1)
        at = line_end + 1
        line_end = string_find(text, "\n", at, true)
    end
    return found
end
____exports.split = split
--- One string of these lines, each with a line end. Phases: any.
local function join(lines)
    return #lines == 0 and "" or table_concat(lines, "\n") .. "\n"
end
____exports.join = join
return ____exports
