local ____exports = {}
--- All phases in which a plugin can take part.
____exports.PHASES = {
    "access",
    "before_balance",
    "balance",
    "header_filter",
    "body_filter",
    "log"
}
local function nothing()
    return
end
--- One function that calls the phase's method of every plugin that has it. The first four are written out: LuaJIT does
-- not compile short loops well, nor functions that call others made in the same place. Phases: init.
function ____exports.in_line(plugins, phase, route)
    local methods = {}
    for ____, plugin in ipairs(plugins) do
        if plugin[phase] ~= nil then
            methods[#methods + 1] = function()
                plugin[phase](plugin, route)
            end
        end
    end
    local first, second, third, fourth = unpack(methods, 1, 4)
    if first == nil then
        first = nothing
    end
    if second == nil then
        second = nothing
    end
    if third == nil then
        third = nothing
    end
    if fourth == nil then
        fourth = nothing
    end
    return function()
        first()
        second()
        third()
        fourth()
        for place = 5, #methods do
            methods[place]()
        end
    end
end
local function agree()
    return true
end
--- One function that asks the plugins that take part in the phase before_balance, one after the other, until one returns
-- false; it returns false then, else true. Phases: init.
function ____exports.one_by_one(plugins, route)
    local asked = {}
    for ____, plugin in ipairs(plugins) do
        if plugin.before_balance ~= nil then
            asked[#asked + 1] = plugin
        end
    end
    if #asked == 0 then
        return agree
    end
    local only = asked[1]
    if #asked == 1 then
        return function() return only:before_balance(route) ~= false end
    end
    return function()
        for ____, plugin in ipairs(asked) do
            if plugin:before_balance(route) == false then
                return false
            end
        end
        return true
    end
end
return ____exports
