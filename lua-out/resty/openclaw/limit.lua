local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_ceil = math.ceil
local math_max = math.max
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_VARIABLE = rejections.VARIABLE
local rejections_note = rejections.note
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local contract = require("resty.openclaw.gateway.contract")
local contract_alone_kind = contract.alone_kind
local contract_define_kind = contract.define_kind
local fields = require("resty.openclaw.limit.fields")
local fields_forget = fields.forget
local fields_note_refusal = fields.note_refusal
local fields_show = fields.show
local passages = require("resty.openclaw.limit.passage")
local passages_begin = passages.begin
local passages_withdraw = passages.withdraw
local settings = require("resty.openclaw.limit.settings")
local settings_KIND = settings.KIND
local settings_limits = settings.limits
local NAME = "limit"
local CLASS = "openclaw_class"
--- Less than the resolution of nginx's clock.
local TOLERANCE = 0.0001
local function refuse(limits, state, passage)
    local limit = passage.refused_by
    local rate = passage.rate
    local seconds = math_max(
        1,
        math_ceil(passages_withdraw(limits.limits, limit) - TOLERANCE)
    )
    limit.counters.refused:inc()
    rejections_note(NAME, limit.name)
    fields_note_refusal(
        state,
        limit,
        rate,
        passage.level,
        seconds
    )
    fields_show(state)
    return json_error_respond(429, "rate_limited", ((("The limit \"" .. limit.name) .. "\" is ") .. rate.text) .. ".", seconds)
end
local function access(self, route)
    if route == nil then
        route = ""
    end
    local state = request_state_open()
    if state.limited_by == self then
        return
    end
    if state.is_delivery == true and state.delivery_of == route then
        return
    end
    state.limited_by = self
    local passage = passages_begin(
        self.limits,
        self.faults,
        state,
        request_variable(CLASS) or "",
        clock_now()
    )
    if passage.refused_by ~= nil then
        return refuse(self, state, passage)
    end
    if passage.wait > 0 then
        ngx.sleep(passage.wait)
    end
end
local function header_filter(self)
    local state = request_state_present()
    if state ~= nil then
        fields_show(state)
    end
end
local metatable = {__index = {access = access}}
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local registry = metric_registry_open(options[1].dict)
    local limits = settings_limits(options, path, route, registry)
    local plugin = setmetatable(
        {
            limits = limits,
            faults = fault_new(NAME, registry)
        },
        metatable
    )
    for ____, ____value in ipairs(limits) do
        local headers = ____value.headers
        if headers ~= "refused" then
            plugin.header_filter = header_filter
        end
    end
    return plugin
end
local function log(self)
    local state = request_state_present()
    if state == nil then
        return
    end
    state.limited_by = nil
    fields_forget(state)
end
local declaration = {
    name = NAME,
    meaning = "[limits](limit.md) how many requests callers may send",
    order = {access = 270},
    kind = settings_KIND,
    variables = {[rejections_VARIABLE] = ""},
    create = create
}
____exports.plugin = contract_define_kind(declaration)
--- The plugin alone, from the list of limits in docs/limit.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local limits = contract_alone_kind(declaration, options)
    limits.log = log
    return limits
end
____exports.new = alone
return ____exports
