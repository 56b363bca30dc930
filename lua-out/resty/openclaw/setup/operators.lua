local ____exports = {}
local admin = require("resty.openclaw.admin")
local status = require("resty.openclaw.status")
local ____groups = require("resty.openclaw.setup.groups")
local named_groups = ____groups.named_groups
--- The API over all upstreams. Raises when an option is wrong. Phases: init.
function ____exports.read_admin(options, balancers)
    local ____options_admin_0 = options.admin
    if ____options_admin_0 == nil then
        ____options_admin_0 = {}
    end
    local given = ____options_admin_0
    if type(given) ~= "table" then
        error(
            "setup: \"admin\" must be a table, got a " .. type(given),
            0
        )
    end
    if given.upstreams ~= nil then
        error("setup: admin: \"upstreams\" must be left out; it has all of them", 0)
    end
    local all = {upstreams = balancers}
    for name, value in pairs(given) do
        all[name] = value
    end
    return admin.new(all)
end
--- The status of all upstreams and routes. Else as `read_admin`.
function ____exports.read_status(options, balancers)
    local ____options_status_1 = options.status
    if ____options_status_1 == nil then
        ____options_status_1 = {}
    end
    local given = ____options_status_1
    if type(given) ~= "table" then
        error(
            "setup: \"status\" must be a table, got a " .. type(given),
            0
        )
    end
    local routes = {}
    for name in pairs(named_groups(options, "routes")) do
        routes[#routes + 1] = name
    end
    local all = {upstreams = balancers, routes = routes}
    for name, value in pairs(given) do
        if name == "upstreams" or name == "routes" then
            error(("setup: status: \"" .. name) .. "\" must be left out; it is known", 0)
        end
        all[name] = value
    end
    return status.new(all)
end
return ____exports
