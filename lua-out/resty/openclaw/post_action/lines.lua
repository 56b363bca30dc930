local ____exports = {}
--- The position of the line end of the line with this number, counted from 1. Phases: any.
function ____exports.end_of(text, number)
    local at = 0
    for _ = 1, number do
        local found = string.find(text, "\n", at + 1, true)
        if found == nil then
            return #text
        end
        at = found
    end
    return at
end
--- The lines without their line ends. Phases: any.
function ____exports.split(text)
    local found = {}
    local at = 1
    local line_end = string.find(text, "\n", at, true)
    while line_end ~= nil do
        found[#found + 1] = string.sub(text, at, line_end - 1)
        at = line_end + 1
        line_end = string.find(text, "\n", at, true)
    end
    return found
end
--- One string of these lines, each with a line end. Phases: any.
function ____exports.join(lines)
    return #lines == 0 and "" or table.concat(lines, "\n") .. "\n"
end
return ____exports
