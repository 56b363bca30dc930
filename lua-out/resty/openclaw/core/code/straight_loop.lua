local ____exports = {}
local error = error
local tostring = tostring
local table_concat = table.concat
--- So many items are visited by straight code.
local STRAIGHT = 8
local function write()
    local lines = {"local visit = ...", "return function(items, count, first, second, third)"}
    for place = 1, STRAIGHT do
        lines[#lines + 1] = ("if count < " .. tostring(place)) .. " then return end"
        lines[#lines + 1] = ("visit(items[" .. tostring(place)) .. "], first, second, third)"
    end
    lines[#lines + 1] = ("for place = " .. tostring(STRAIGHT + 1)) .. ", count do visit(items[place], first, second, third) end"
    lines[#lines + 1] = "end"
    return (table_concat(lines, "\n"))
end
local CODE = write()
--- A function that calls `visit` with each of the first `count` items, in order, and with three more values. Call it once for
-- each `visit`, where a module is loaded. It makes the code anew each time, as LuaJIT has the same traces for all closures of one function.
-- Phases: any.
local function over(visit)
    local maker, err = loadstring(CODE, "=straight loop")
    if maker == nil then
        error("straight_loop: " .. err, 0)
    end
    return maker(visit)
end
____exports.over = over
return ____exports
