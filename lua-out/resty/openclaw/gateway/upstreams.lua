local ____exports = {}
local balancer = require("resty.openclaw.balancer")
local problem = require("resty.openclaw.config.problems")
local read = require("resty.openclaw.options")
local OPTIONS = balancer.option_names()
local function with_name(owner, options, known, name)
    local given = {name = name}
    for key, value in pairs(read.check(owner, options, known)) do
        given[key] = value
    end
    return given
end
--- Makes one upstream, and its fallback before it. `above`: those that fall back to it.
local function read_balancer(balancers, groups, name, above)
    local known = balancers[name]
    if known ~= nil then
        return known
    end
    local owner = "setup: upstreams." .. name
    local given = with_name(owner, groups[name], OPTIONS, name)
    if given.fallback ~= nil then
        local fallback = read.text(owner, given, "fallback")
        if not (groups[fallback] ~= nil) then
            read.refuse(owner, "fallback", "the name of one of upstreams", fallback)
        end
        local path = (above .. name) .. " "
        if (string.find(" " .. path, (" " .. fallback) .. " ", 1, true)) ~= nil then
            error((owner .. ": \"fallback\" forms a cycle through ") .. fallback, 0)
        end
        given.fallback = read_balancer(balancers, groups, fallback, path)
    end
    local made = balancer.new(given)
    balancers[name] = made
    return made
end
--- The balancers by the names of their upstreams; adds to the problems what is wrong with their options. Phases: init.
function ____exports.make_all(groups, problems)
    local balancers = {}
    local names = {}
    for name in pairs(groups) do
        names[#names + 1] = name
    end
    table.sort(names)
    for ____, name in ipairs(names) do
        local ok, err = pcall(
            read_balancer,
            balancers,
            groups,
            name,
            ""
        )
        if not ok then
            problem.add_once(
                problems,
                tostring(err)
            )
        end
    end
    return balancers
end
return ____exports
