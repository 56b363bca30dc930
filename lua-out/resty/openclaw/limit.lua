local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_max = math.max
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_attend = shared_memory.attend
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_VARIABLE = rejections.VARIABLE
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
local fields_show = fields.show
local limits_of = require("resty.openclaw.limit.limits")
local limits_of_make = limits_of.make
local open_reservations = require("resty.openclaw.limit.open_reservations")
local operator = require("resty.openclaw.limit.operator")
local operator_change = operator.change
local operator_report = operator.report
local outages = require("resty.openclaw.limit.outage")
local outages_new = outages.new
local passages = require("resty.openclaw.limit.passage")
local passages_begin = passages.begin
local passages_held = passages.held
local passages_never_passes = passages.never_passes
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
local redis_stores_leave = redis_stores.leave
local redis_stores_new = redis_stores.new
local refusals = require("resty.openclaw.limit.refusals")
local refusals_beyond = refusals.beyond
local refusals_for_good = refusals.for_good
local refusals_uncounted = refusals.uncounted
local request_tokens = require("resty.openclaw.limit.request_tokens")
local request_tokens_read = request_tokens.read
local reservations = require("resty.openclaw.limit.reservation")
local reservations_cancel = reservations.cancel
local reservations_open = reservations.open
local reservations_settle = reservations.settle
local settings = require("resty.openclaw.limit.settings")
local settings_KIND = settings.KIND
local status_of = require("resty.openclaw.limit.status")
local status_of_document = status_of.document
local NAME = "limit"
local CLASS = "openclaw_class"
--- Has Redis count a request that has passed the other limits; the seconds that it has to wait.
local function pass_shared(shared, state, its_class, asked, limits)
    local held = passages_held(limits.limits)
    local answer = redis_passages_pass(shared, state, its_class, asked)
    local limit = answer.refused_by
    if limit == nil then
        return answer.wait
    end
    passages_release(held)
    reservations_cancel(state)
    if answer.rate == nil then
        return refusals_uncounted(state, limit)
    end
    return refusals_beyond(
        state,
        limit,
        answer.rate,
        answer.level,
        answer.seconds
    )
end
--- Whether the request is to be counted here, and was not before.
local function enter(plugin, state, route)
    if state.limited_by == plugin then
        return false
    end
    if state.is_delivery == true and state.delivery_of == route then
        return false
    end
    state.limited_by = plugin
    return true
end
--- Has the request pass all limits, or refuses it.
local function pass(plugin, state, its_class, reservation)
    local ____plugin_0 = plugin
    local limits = ____plugin_0.limits
    local shared = ____plugin_0.shared
    local passage = passages_begin(
        limits,
        plugin.faults,
        state,
        its_class,
        clock_now(),
        1,
        reservation
    )
    local refused_by = passage.refused_by
    local rate = passage.rate
    local level = passage.level
    if refused_by ~= nil then
        if reservation ~= nil then
            reservations_cancel(state)
        end
        local longest = passages_withdraw(limits, refused_by)
        if shared ~= nil then
            longest = math_max(
                longest,
                redis_passages_seconds_until_room(shared, state, its_class)
            )
        end
        return refusals_beyond(
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
                    plugin
                )
            )
        end
    end
    if wait > 0 then
        ngx.sleep(wait)
    end
end
local function access(self, route)
    if route == nil then
        route = ""
    end
    local state = request_state_open()
    if enter(self, state, route) then
        pass(
            self,
            state,
            request_variable(CLASS) or ""
        )
    end
end
--- The same where a limit is one of tokens.
local function access_with_tokens(self, route)
    if route == nil then
        route = ""
    end
    local state = request_state_open()
    if not enter(self, state, route) then
        return
    end
    reservations_cancel(state)
    if request_variable("request_method") ~= "POST" then
        return pass(
            self,
            state,
            request_variable(CLASS) or ""
        )
    end
    local asked = request_tokens_read(self.faults)
    local its_class = request_variable(CLASS) or ""
    local limit, rate, cost = passages_never_passes(self.limits, state, its_class, asked)
    if limit ~= nil then
        return refusals_for_good(state, limit, rate, cost)
    end
    local reservation = reservations_open(state, asked, self.faults)
    pass(self, state, its_class, reservation)
end
local function header_filter(self)
    local state = request_state_present()
    if state ~= nil then
        fields_show(state)
    end
end
--- Ends what is still under way of a request.
local function finish(state)
    if state.reservation ~= nil then
        reservations_settle(state)
    end
    redis_stores_leave(state)
end
local function ____end(self)
    local state = request_state_present()
    if state ~= nil then
        finish(state)
    end
end
--- Its workers look after the region from the start, not only when they count.
local function init_worker(self)
    shared_memory_attend(self.registry.region)
end
local function status(self)
    local document = status_of_document(self.all)
    return document
end
local function report(self)
    local reports = operator_report(self.all)
    return reports
end
local function change(self, name, its_class, patch)
    local is_changed, err = operator_change(self.all, name, its_class, patch)
    return is_changed, err
end
local metatable = {__index = {access = access, status = status, report = report, change = change}}
local function shared_of(all, place, route, faults)
    local limits = {}
    local ____local = {}
    for ____, limit in ipairs(all) do
        do
            if not limit.is_shared then
                goto __continue32
            end
            limits[#limits + 1] = limit
            if limit.on_error == "local" then
                ____local[#____local + 1] = limit
            end
        end
        ::__continue32::
    end
    local prefix = redis_options_key_prefix(place.options, route)
    local outage = outages_new(place.options, route, limits)
    local store = redis_stores_new(
        place.options,
        place.path,
        prefix,
        limits[1].dict,
        faults,
        outage
    )
    return {limits = limits, ["local"] = ____local, store = store, faults = faults}
end
local watched = {}
--- Has the workers give back what dead ones have reserved.
local function watch_over(notes, registry, faults)
    if watched[notes] ~= nil then
        return
    end
    watched[notes] = true
    local ____registry_region_duties_1 = registry.region.duties
    ____registry_region_duties_1[#____registry_region_duties_1 + 1] = function()
        guard_call(faults, "reservations", open_reservations.sweep, notes)
    end
end
local function add_tokens(plugin, limits)
    for ____, ____value in ipairs(limits) do
        local budget = ____value.budget
        if budget ~= nil then
            plugin.access = access_with_tokens
            plugin.log = ____end
            plugin.init_worker = init_worker
            watch_over(budget.notes, plugin.registry, plugin.faults)
        end
    end
end
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local registry = metric_registry_open(options[1].dict)
    local faults = fault_new(NAME, registry)
    local place = redis_options_place_of(options, path)
    local all = limits_of_make(
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
    local ____temp_4
    if place == nil then
        ____temp_4 = nil
    else
        ____temp_4 = shared_of(all, place, route, faults)
    end
    local shared = ____temp_4
    local plugin = setmetatable({
        all = all,
        limits = limits,
        shared = shared,
        faults = faults,
        registry = registry
    }, metatable)
    for ____, ____value in ipairs(all) do
        local headers = ____value.headers
        if headers ~= "refused" then
            plugin.header_filter = header_filter
        end
    end
    if shared ~= nil then
        plugin.log = ____end
    end
    add_tokens(plugin, limits)
    return plugin
end
--- The end of a request, where nobody else forgets it.
local function log(self)
    local state = request_state_present()
    if state == nil then
        return
    end
    finish(state)
    state.limited_by = nil
    fields_forget(state)
end
local declaration = {
    name = NAME,
    meaning = "[limits](limit.md) how many requests callers may send, and how many tokens they may use",
    order = {access = 270, log = 250},
    kind = settings_KIND,
    readings = settings.readings,
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
