local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local math_huge = math.huge
local table_concat = table.concat
local table_insert = table.insert
--- LuaJIT's limit is 60 upvalues; each plugin takes two, the route one.
local MOST_STEPS = 29
local makers = {}
--- Lua code that makes a chain of so many steps from the route, the methods and the plugins.
local function write(count, may_decline)
    local names = {"route"}
    local calls = {}
    for place = 1, count do
        local call = ((("method_" .. tostring(place)) .. "(plugin_") .. tostring(place)) .. ", route)"
        names[#names + 1] = (("method_" .. tostring(place)) .. ", plugin_") .. tostring(place)
        calls[#calls + 1] = may_decline and ("if " .. call) .. " == false then return false end" or call
    end
    calls[#calls + 1] = "return true"
    return ((("local " .. table_concat(names, ", ")) .. " = ...\nreturn function()\n") .. table_concat(calls, "\n")) .. "\nend"
end
local function maker(count, may_decline)
    local key = (tostring(count) .. " ") .. tostring(may_decline)
    local known = makers[key]
    if known ~= nil then
        return known
    end
    local made, err = loadstring(
        write(count, may_decline),
        "=chain of " .. tostring(count)
    )
    if made == nil then
        error("gateway: " .. err, 0)
    end
    makers[key] = made
    return made
end
--- The place of a plugin in a phase: plugins without a number come last.
local function place_in(placed, phase)
    return placed.order[phase] or math_huge
end
--- The steps of a phase, sorted by the numbers of its plugins; plugins with equal numbers keep their order.
local function steps(plugins, phase)
    local taking_part = {}
    for ____, placed in ipairs(plugins) do
        if placed.plugin[phase] ~= nil then
            local at = #taking_part
            while at > 0 and place_in(taking_part[at], phase) > place_in(placed, phase) do
                at = at - 1
            end
            table_insert(taking_part, at + 1, placed)
        end
    end
    local all = {}
    for ____, ____value in ipairs(taking_part) do
        local plugin = ____value.plugin
        local log = ____value.log
        local ____temp_1
        if phase == "log" then
            local ____log_0 = log
            if ____log_0 == nil then
                ____log_0 = plugin.log
            end
            ____temp_1 = ____log_0
        else
            ____temp_1 = plugin[phase]
        end
        all[#all + 1] = {method = ____temp_1, plugin = plugin}
    end
    return all
end
____exports.steps = steps
--- Adds the steps of one list to those of another.
local function append(to, more)
    for ____, step in ipairs(more) do
        to[#to + 1] = step
    end
end
____exports.append = append
local function chain_of(all, route, may_decline)
    if #all > MOST_STEPS then
        error(
            ((((("setup: routes." .. route) .. " has ") .. tostring(#all)) .. " plugins in one phase; ") .. tostring(MOST_STEPS)) .. " are the most",
            0
        )
    end
    local values = {route}
    for ____, ____value in ipairs(all) do
        local method = ____value.method
        local plugin = ____value.plugin
        values[#values + 1] = method
        values[#values + 1] = plugin
    end
    return maker(#all, may_decline)(unpack(values))
end
--- A function that calls these steps in order, and returns true. Raises if there are too many. Phases: init.
local function chain(all, route)
    return chain_of(all, route, false)
end
____exports.chain = chain
--- As `chain`, but the function stops and returns false when a step returns false.
local function declining_chain(all, route)
    return chain_of(all, route, true)
end
____exports.declining_chain = declining_chain
return ____exports
