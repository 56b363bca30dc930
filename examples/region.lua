--- A plugin that accepts requests from some regions only. A header names the region. See docs/plugins.md.
local json_error = require("resty.openclaw.core.request.json_error")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local plugin = require("resty.openclaw.plugin")

local SCHEMA = {
    allowed = plugin.required(plugin.kind.list_of(plugin.kind.text), "the accepted regions"),
    dict = plugin.option(plugin.kind.text, "openclaw", "the `lua_shared_dict` of the metrics"),
}

local Region = {}
Region.__index = Region

--- Rejects requests from other regions. Phases: access.
function Region:access()
    local region = ngx.var.http_x_region or ""
    if self.allowed[region] then return end
    self.last_rejected = region -- in this worker
    self.rejected:inc()
    json_error.respond(403, "region_not_allowed", "This service does not answer requests from your region.")
end

--- What the status page shows of it. Phases: content.
function Region:status()
    return { allowed = self.regions, last_rejected = self.last_rejected }
end

--- Makes the plugin of one route, from valid options. Phases: init.
local function create(options, context)
    local registry = metric_registry.open(options.dict)
    local help = "Requests rejected because of their region."
    local rejected = metric_registry.counter(registry, "region_rejected_total", help, { "route" })
    local allowed = {}
    for _, region in ipairs(options.allowed) do allowed[region] = true end
    local fields = { regions = options.allowed, allowed = allowed, rejected = rejected:labels(context.route) }
    return setmetatable(fields, Region)
end

return plugin.define({
    name = "region",
    meaning = "accepts requests from some regions only",
    -- After identity, before checks.
    order = { access = 350 },
    schema = SCHEMA,
    create = create,
})
