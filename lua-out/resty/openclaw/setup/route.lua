local ____exports = {}
local body_digest = require("resty.openclaw.body_digest")
local deadline = require("resty.openclaw.deadline")
local delivery_header = require("resty.openclaw.delivery_header")
local edge = require("resty.openclaw.edge")
local identity = require("resty.openclaw.identity")
local image_check = require("resty.openclaw.image_check")
local inference = require("resty.openclaw.inference")
local read = require("resty.openclaw.options")
local slow_log = require("resty.openclaw.slow_log")
local ____groups = require("resty.openclaw.setup.groups")
local list_of_tables = ____groups.list_of_tables
local ____phases = require("resty.openclaw.setup.phases")
local in_line = ____phases.in_line
local one_by_one = ____phases.one_by_one
local PHASES = ____phases.PHASES
local OPTIONS = {
    "upstream",
    "edge",
    "deadline",
    "identity",
    "image_check",
    "body_digest",
    "inference",
    "metrics",
    "record",
    "slow_log",
    "plugins"
}
--- The user's own plugins. A table without any phase was meant to be another one.
local function read_plugins(owner, options)
    if options.plugins == nil then
        return {}
    end
    local plugins = list_of_tables(owner, options, "plugins")
    for place = 1, #plugins do
        local plugin = plugins[place]
        local methods = 0
        for ____, phase in ipairs(PHASES) do
            if read.callback(
                ((owner .. ": plugins[") .. tostring(place)) .. "]",
                plugin,
                phase
            ) ~= nil then
                methods = methods + 1
            end
        end
        if methods == 0 then
            read.refuse(
                owner,
                ("plugins[" .. tostring(place)) .. "]",
                "a table with a method of " .. table.concat(PHASES, ", "),
                plugin
            )
        end
    end
    return plugins
end
--- A route's slow log: as `log` says, with seconds of its own, or none.
local function read_slow_log(owner, options, slow)
    if options.slow_log == false then
        return nil
    end
    local of_route = owner .. ": slow_log"
    if options.slow_log ~= nil and type(options.slow_log) ~= "table" then
        read.refuse(owner, "slow_log", "false or a table", options.slow_log)
    end
    local ____read_check_1 = read.check
    local ____options_slow_log_0 = options.slow_log
    if ____options_slow_log_0 == nil then
        ____options_slow_log_0 = {}
    end
    local given = ____read_check_1(of_route, ____options_slow_log_0, {"seconds"})
    return slow_log.new({
        seconds = read.positive(of_route, given, "seconds", slow.seconds),
        lines_per_minute = slow.lines_per_minute
    })
end
--- What keeps a route going while its link is down, or nothing.
local function read_edge(owner, options, name, upstream, stores)
    local given = read.group(owner, options, "edge")
    if given == nil then
        return nil
    end
    local all = {route = name, upstream = upstream}
    for option, value in pairs(given) do
        if option == "route" or option == "upstream" then
            error(((owner .. ": edge: \"") .. option) .. "\" must be left out; it is known", 0)
        end
        all[option] = value
    end
    local made = edge.new(all)
    local store = made.jobs.settings.store
    if stores[store] ~= nil then
        read.refuse(owner .. ": edge", "store", "a folder that no other route has", store)
    end
    stores[store] = true
    return made
end
--- Raises where the route would refuse its own deliveries: they come from the gateway, and nothing of who asked is kept.
local function check_deliveries(owner, who)
    if who.way == "own" or not who.required then
        return
    end
    local why = "a kept request is delivered without its client's identity, so each delivery would be refused with 401"
    error((((owner .. ": \"edge\" cannot be used with identity.accept = \"") .. who.way) .. "\" unless identity.required = false: ") .. why, 0)
end
--- Raises where the next gateway would get another body than the one that is signed.
local function check_usage(owner, reader, who, digest)
    if reader.usage == nil or (who and who.key) == nil or (digest and digest.algorithm) ~= "sha256" then
        return
    end
    local why = "the next gateway would get another body than the one that is signed"
    error((owner .. ": inference.include_usage cannot be used with identity.sign and body_digest.algorithm = \"sha256\": ") .. why, 0)
end
--- The route of that name. Raises when an option is wrong. Phases: init.
function ____exports.read_route(shared, name, entry)
    local owner = "setup: routes." .. name
    if type(entry) == "table" and entry.retry_post ~= nil then
        error(owner .. ": \"retry_post\" is said in nginx.conf: include nginx/retry_post.conf in the route's location", 0)
    end
    local given = read.check(owner, entry, OPTIONS)
    local ____temp_6
    if given.upstream == nil then
        ____temp_6 = nil
    else
        ____temp_6 = read.text(owner, given, "upstream")
    end
    local upstream = ____temp_6
    if upstream ~= nil and not (shared.balancers[upstream] ~= nil) then
        read.refuse(owner, "upstream", "the name of one of upstreams", upstream)
    end
    local plugins = {}
    local ____temp_7
    if upstream == nil then
        ____temp_7 = nil
    else
        ____temp_7 = shared.balancers[upstream]
    end
    local its_upstream = ____temp_7
    local its_edge = read_edge(
        owner,
        given,
        name,
        its_upstream,
        shared.stores
    )
    plugins[#plugins + 1] = its_edge or ({access = delivery_header.strip})
    local deadline_options = read.group(owner, given, "deadline")
    if deadline_options ~= nil then
        plugins[#plugins + 1] = deadline.new(deadline_options)
    end
    local identity_options = read.group(owner, given, "identity")
    local ____temp_8
    if identity_options == nil then
        ____temp_8 = nil
    else
        ____temp_8 = identity.new(identity_options)
    end
    local who = ____temp_8
    if its_edge ~= nil and who ~= nil then
        check_deliveries(owner, who)
    end
    plugins[#plugins + 1] = who or identity.stripper()
    local image_options = read.group(owner, given, "image_check")
    if image_options ~= nil then
        plugins[#plugins + 1] = image_check.new(image_options)
    end
    local digest_options = read.group(owner, given, "body_digest")
    if digest_options ~= nil then
        plugins[#plugins + 1] = body_digest.new(digest_options)
    end
    if who ~= nil then
        plugins[#plugins + 1] = {access = function()
            who:pass_on()
        end}
    end
    if its_edge ~= nil then
        plugins[#plugins + 1] = {access = function()
            its_edge:read_body()
        end}
    end
    local inference_options = read.group(owner, given, "inference")
    if inference_options ~= nil then
        local reader = inference.new(inference_options)
        check_usage(owner, reader, who, digest_options)
        plugins[#plugins + 1] = reader
    end
    if read.flag(owner, given, "metrics", true) then
        plugins[#plugins + 1] = shared.metrics:recorder(name)
    end
    if read.flag(owner, given, "record", true) then
        for ____, log in ipairs(shared.logs) do
            plugins[#plugins + 1] = log
        end
    end
    local slow = read_slow_log(owner, given, shared.slow)
    if slow ~= nil then
        plugins[#plugins + 1] = slow
    end
    for ____, plugin in ipairs(read_plugins(owner, given)) do
        plugins[#plugins + 1] = plugin
    end
    local filters_headers = false
    local balances = false
    for ____, plugin in ipairs(plugins) do
        if plugin.header_filter ~= nil then
            filters_headers = true
        end
        if plugin.before_balance ~= nil or plugin.balance ~= nil then
            balances = true
        end
    end
    return {
        name = name,
        upstream = upstream,
        access = in_line(plugins, "access", name),
        before_balance = one_by_one(plugins, name),
        balance = in_line(plugins, "balance", name),
        header_filter = in_line(plugins, "header_filter", name),
        body_filter = in_line(plugins, "body_filter", name),
        log = in_line(plugins, "log", name),
        filters_headers = filters_headers,
        edge = its_edge,
        balances = balances
    }
end
return ____exports
