local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local table_concat = table.concat
local balancer = require("resty.openclaw.balancer")
local balancer_UPSTREAM = balancer.UPSTREAM
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local map_of = ____schema.map_of
local placement = require("resty.openclaw.gateway.placement")
local placement_in_upstream = placement.in_upstream
local UPSTREAMS = map_of(balancer_UPSTREAM)
local PATH = "setup: upstreams"
local DICT = "openclaw"
local function fallback_of(upstreams, name)
    local ____upstreams_has_result_0
    if upstreams[name] ~= nil then
        ____upstreams_has_result_0 = upstreams[name].fallback
    else
        ____upstreams_has_result_0 = nil
    end
    return ____upstreams_has_result_0
end
--- The chain of fallbacks of an upstream; in a cycle, the last one is the upstream itself.
local function fallbacks(upstreams, name)
    local found = {}
    local seen = {}
    local next = fallback_of(upstreams, name)
    while next ~= nil and not (seen[next] ~= nil) do
        seen[next] = true
        found[#found + 1] = next
        next = fallback_of(upstreams, next)
    end
    return found
end
--- Removes the upstreams with an invalid fallback, and adds these to the problems.
local function drop_impossible(upstreams, groups, problems)
    for ____, name in ipairs(names_sorted(groups)) do
        local path = ((PATH .. ".") .. name) .. ".fallback"
        local fallback = fallback_of(upstreams, name)
        local chain = fallbacks(upstreams, name)
        if fallback ~= nil and not (groups[fallback] ~= nil) then
            problem_add(problems, path, "the name of one of upstreams", fallback)
            upstreams[name] = nil
        elseif chain[#chain] == name then
            local through = #chain == 1 and name or table_concat(chain, ", ", 1, #chain - 1)
            problems[#problems + 1] = (path .. " forms a cycle through ") .. through
            for ____, member in ipairs(chain) do
                upstreams[member] = nil
            end
        end
    end
end
--- Makes a balancer, after that of its fallback. Nothing if one of them cannot be made.
local function make(balancers, upstreams, name, problems)
    local known = balancers[name]
    if known ~= nil or not (upstreams[name] ~= nil) then
        return known
    end
    local options = upstreams[name]
    local has_fallback = options.fallback ~= nil
    local ____has_fallback_1
    if has_fallback then
        ____has_fallback_1 = make(balancers, upstreams, options.fallback, problems)
    else
        ____has_fallback_1 = nil
    end
    local fallback = ____has_fallback_1
    if has_fallback and fallback == nil then
        return nil
    end
    local ok, made = pcall(balancer.create, options, {name = name, path = (PATH .. ".") .. name, dict = DICT, fallback = fallback})
    if not ok then
        problems[#problems + 1] = tostring(made)
        upstreams[name] = nil
        return nil
    end
    balancers[name] = made
    return made
end
--- The balancers by the names of their upstreams. Adds the problems of their options. Phases: init.
local function make_all(groups, problems)
    local found = {}
    for ____, name in ipairs(names_sorted(groups)) do
        found[name] = placement_in_upstream(
            groups[name],
            problem_child(PATH, name),
            problems
        )
    end
    local upstreams = UPSTREAMS.read(found, PATH, problems)
    drop_impossible(upstreams, groups, problems)
    local balancers = {}
    for ____, name in ipairs(names_sorted(groups)) do
        make(balancers, upstreams, name, problems)
    end
    return balancers
end
____exports.make_all = make_all
return ____exports
