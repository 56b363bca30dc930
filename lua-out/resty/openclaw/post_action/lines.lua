local ____exports = {}
--- Where the line of this number ends: the place of its line end. Phases: any.
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
--- The lines without their ends. Phases: any.
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
--- The text of these lines. Phases: any.
function ____exports.join(lines)
    return #lines == 0 and "" or table.concat(lines, "\n") .. "\n"
end
return ____exports
