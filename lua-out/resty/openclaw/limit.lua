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
local passages_held = passages.held
local passages_release = passages.release
local passages_withdraw = passages.withdraw
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_key_prefix = redis_options.key_prefix
local redis_options_place_of = redis_options.place_of
local redis_passages = require("resty.openclaw.limit.redis_passage")
local redis_passages_pass = redis_passages.pass
local redis_passages_questions = redis_passages.questions
local redis_passages_seconds_until_room = redis_passages.seconds_until_room
local redis_stores = require("resty.openclaw.limit.redis_store")
local redis_stores_new = redis_stores.new
local settings = require("resty.openclaw.limit.settings")
local settings_KIND = settings.KIND
local settings_limits = settings.limits
local NAME = "limit"
local CLASS = "openclaw_class"
--- For requests that a limit rejects because it cannot count them.
local SECONDS_UNTIL_REDIS_REPLIES = 5
--- Less than the resolution of nginx's clock.
local TOLERANCE = 0.0001
--- `longest`: seconds until the request would pass all limits.
local function refuse(state, limit, rate, level, longest)
    local seconds = math_max(
        1,
        math_ceil(longest - TOLERANCE)
    )
    limit.counters.refused:inc()
    rejections_note(NAME, limit.name)
    fields_note_refusal(
        state,
        limit,
        rate,
        level,
        seconds
    )
    fields_show(state)
    return json_error_respond(429, "rate_limited", ((("The limit \"" .. limit.name) .. "\" is ") .. rate.text) .. ".", seconds)
end
local function refuse_uncounted(state, limit)
    rejections_note(NAME, limit.name)
    fields_forget(state)
    local message = ("The limit \"" .. limit.name) .. "\" cannot be checked at the moment."
    return json_error_respond(503, "limit_unavailable", message, SECONDS_UNTIL_REDIS_REPLIES)
end
--- Has Redis count a request that has passed the other limits; the seconds that it has to wait.
local function pass_shared(shared, state, its_class, asked, limits)
    local held = passages_held(limits.limits)
    local answer = redis_passages_pass(shared, state, its_class, asked)
    local limit = answer.refused_by
    if limit == nil then
        return answer.wait
    end
    passages_release(held)
    if answer.rate == nil then
        return refuse_uncounted(state, limit)
    end
    return refuse(
        state,
        limit,
        answer.rate,
        answer.level,
        answer.seconds
    )
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
    local limits = self.limits
    local shared = self.shared
    local its_class = request_variable(CLASS) or ""
    local passage = passages_begin(
        limits,
        self.faults,
        state,
        its_class,
        clock_now()
    )
    local refused_by = passage.refused_by
    local rate = passage.rate
    local level = passage.level
    if refused_by ~= nil then
        local longest = passages_withdraw(limits, refused_by)
        if shared ~= nil then
            longest = math_max(
                longest,
                redis_passages_seconds_until_room(shared, state, its_class)
            )
        end
        return refuse(
            state,
            refused_by,
            rate,
            level,
            longest
        )
    end
    local wait = passage.wait
    if shared ~= nil then
        local asked = redis_passages_questions(shared, state, its_class)
        if #asked > 0 then
            wait = math_max(
                wait,
                pass_shared(
                    shared,
                    state,
                    its_class,
                    asked,
                    self
                )
            )
        end
    end
    if wait > 0 then
        ngx.sleep(wait)
    end
end
local function header_filter(self)
    local state = request_state_present()
    if state ~= nil then
        fields_show(state)
    end
end
local metatable = {__index = {access = access}}
local function shared_of(all, place, route, faults)
    local limits = {}
    local ____local = {}
    for ____, limit in ipairs(all) do
        do
            if not limit.is_shared then
                goto __continue18
            end
            limits[#limits + 1] = limit
            if limit.on_error == "local" then
                ____local[#____local + 1] = limit
            end
        end
        ::__continue18::
    end
    local prefix = redis_options_key_prefix(place.options, route)
    local store = redis_stores_new(
        place.options,
        place.path,
        prefix,
        limits[1].dict,
        faults
    )
    return {limits = limits, ["local"] = ____local, store = store, faults = faults}
end
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local registry = metric_registry_open(options[1].dict)
    local faults = fault_new(NAME, registry)
    local place = redis_options_place_of(options, path)
    local all = settings_limits(
        options,
        path,
        route,
        place and place.options,
        registry
    )
    local limits = {}
    for ____, limit in ipairs(all) do
        if not limit.is_shared then
            limits[#limits + 1] = limit
        end
    end
    local ____temp_2
    if place == nil then
        ____temp_2 = nil
    else
        ____temp_2 = shared_of(all, place, route, faults)
    end
    local shared = ____temp_2
    local plugin = setmetatable({limits = limits, shared = shared, faults = faults}, metatable)
    for ____, ____value in ipairs(all) do
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
