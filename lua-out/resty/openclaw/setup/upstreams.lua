local ____exports = {}
local balancer = require("resty.openclaw.balancer")
local read = require("resty.openclaw.options")
local ____groups = require("resty.openclaw.setup.groups")
local named_groups = ____groups.named_groups
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
            error((owner .. ": \"fallback\" comes back to ") .. fallback, 0)
        end
        given.fallback = read_balancer(balancers, groups, fallback, path)
    end
    local made = balancer.new(given)
    balancers[name] = made
    return made
end
--- The balancers by the names of their upstreams. Raises when an option is wrong. Phases: init.
function ____exports.read_all(options)
    local balancers = {}
    local groups = named_groups(options, "upstreams")
    for name in pairs(groups) do
        read_balancer(balancers, groups, name, "")
    end
    return balancers
end
return ____exports
