local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local answers = require("resty.openclaw.cache.answers")
local answers_body_filter = answers.body_filter
local answers_header_filter = answers.header_filter
local answers_log = answers.log
local askings = require("resty.openclaw.cache.asking")
local askings_NO_STORE = askings.NO_STORE
local body_forms = require("resty.openclaw.cache.body_form")
local body_forms_key_of = body_forms.key_of
local body_forms_new = body_forms.new
local body_forms_type_of = body_forms.type_of
local coalescing = require("resty.openclaw.cache.coalescing")
local coalescing_REFRESH = coalescing.REFRESH
local coalescing_before_balance = coalescing.before_balance
local coalescing_enter = coalescing.enter
local coalescing_refuse_cached = coalescing.refuse_cached
local coalescing_refuse_uncached = coalescing.refuse_uncached
local near_answers = require("resty.openclaw.cache.near_answers")
local near_answers_of_request = near_answers.of_request
local purge_list = require("resty.openclaw.cache.purges")
local purge_list_generation_of_key = purge_list.generation_of_key
local purge_list_part_of = purge_list.part_of
local request_controls = require("resty.openclaw.cache.request_control")
local request_controls_ANY = request_controls.ANY
local request_controls_of_request = request_controls.of_request
local settings = require("resty.openclaw.cache.settings")
local settings_SCHEMA = settings.SCHEMA
local settings_callers_of = settings.callers_of
local settings_check = settings.check
local settings_most_json_bytes = settings.most_json_bytes
local status_of = require("resty.openclaw.cache.status")
local status_of_document = status_of.document
local stores = require("resty.openclaw.cache.store")
local stores_new = stores.new
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local cache_key = require("resty.openclaw.core.request.cache_key")
local cache_key_fill = cache_key.fill
local cache_key_has_variable = cache_key.has_variable
local cache_key_new = cache_key.new
local cache_key_renew = cache_key.renew
local cache_key_withhold = cache_key.withhold
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_VARIABLE = cache_status.VARIABLE
local preconditions = require("resty.openclaw.core.request.preconditions")
local preconditions_drop = preconditions.drop
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_read = request_body.read
local request_headers = require("resty.openclaw.core.request.request_headers")
local request_headers_look = request_headers.look
local request_headers_value_of = request_headers.value_of
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "cache"
local TENANT = "openclaw_tenant"
local REASONS = {
    "too_large",
    "unreadable",
    "not_keyable",
    "personal",
    "no_store"
}
local function skip(plugin, reason)
    plugin.skipped[reason]:inc()
    cache_key_withhold(plugin.key)
    return nil
end
local function skip_unreadable(plugin, err)
    plugin.faults:report("unreadable_body", err)
    return skip(plugin, "unreadable")
end
--- The key of a request whose answer was purged alone: another one. Nothing if the request has none now.
local function renewed(plugin, purges, given)
    local key = given
    while key ~= nil do
        local generation = purge_list_generation_of_key(purges, key)
        if generation == nil then
            return key
        end
        key = cache_key_renew(plugin.key, key, generation)
    end
    return nil
end
--- Sets the key of a request with that body. Returns the key, nothing if the request has none; and its picture.
local function key_of_body(plugin, body)
    request_headers_look()
    local content_type = request_headers_value_of("content-type")
    local encoding = request_headers_value_of("content-encoding")
    local outcome, detail, model = body_forms_key_of(plugin.form, body, content_type, encoding)
    if outcome == "failed" then
        return skip_unreadable(plugin, detail)
    end
    if outcome ~= "keyed" then
        return skip(plugin, outcome == "too_large" and "too_large" or "not_keyable")
    end
    local ____plugin_0 = plugin
    local purges = ____plugin_0.purges
    local tenant = plugin.tells_tenants and (request_variable(TENANT) or "") or nil
    local generations = purges == nil and "" or purge_list_part_of(purges, plugin.route, tenant, model)
    local its_type = body_forms_type_of(detail, content_type)
    local key = cache_key_fill(plugin.key, its_type, detail, generations)
    if key == nil then
        plugin.skipped.personal:inc()
        return nil
    end
    local near = near_answers_of_request(
        plugin.key,
        its_type,
        model,
        generations,
        purges
    )
    if (purges and purges.has_keys) == true then
        return renewed(plugin, purges, key), near
    end
    return key, near
end
--- Reads the body, and sets the key. As `key_of_body`.
local function make_key(plugin)
    local body, err = request_body_read()
    if body == nil then
        return skip_unreadable(plugin, err)
    end
    if body.bytes > plugin.max_bytes then
        return skip(plugin, "too_large")
    end
    return key_of_body(plugin, body)
end
local function access(self)
    preconditions_drop()
    local wish = self.is_controlled and request_controls_of_request() or request_controls_ANY
    if wish.is_none then
        coalescing_refuse_cached()
        skip(self, "no_store")
        return
    end
    local key, near = make_key(self)
    if key ~= nil then
        coalescing_enter(self.store, key, wish, near)
    elseif wish.is_only_cached then
        coalescing_refuse_uncached()
    end
end
local function before_balance(self)
    return coalescing_before_balance()
end
local function header_filter(self)
    answers_header_filter(self.store)
end
local function body_filter(self)
    answers_body_filter()
end
local function log(self)
    answers_log()
end
local function status(self)
    local document = status_of_document(self.store)
    return document
end
local metatable = {__index = {
    access = access,
    before_balance = before_balance,
    header_filter = header_filter,
    body_filter = body_filter,
    log = log,
    status = status
}}
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    settings_check(options, path)
    local registry = metric_registry_open(options.dict)
    local family = metric_registry_counter(registry, "openclaw_cache_skipped_total", "Requests without a key for the cache, by reason.", {"route", "reason"})
    local skipped = {}
    for ____, reason in ipairs(REASONS) do
        skipped[reason] = family:labels(route, reason)
    end
    local ____options_3 = options
    local credentials = ____options_3.credentials
    local key_variables = ____options_3.key_variables
    local faults = fault_new(NAME, registry)
    local key = cache_key_new({
        credentials = credentials,
        key_variables = key_variables,
        callers = settings_callers_of(options)
    })
    local fields = {
        form = body_forms_new(
            options.key,
            options.ignore or ({}),
            settings_most_json_bytes(options)
        ),
        max_bytes = options.max_bytes,
        route = route,
        tells_tenants = cache_key_has_variable(key, TENANT),
        purges = nil,
        key = key,
        is_controlled = options.request_control,
        skipped = skipped,
        faults = faults,
        store = stores_new(
            options,
            path,
            route,
            registry,
            faults
        )
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[the key of the cache](cache.md): which requests get the same answer, and who shares it",
    order = {
        access = 510,
        before_balance = 40,
        header_filter = 50,
        body_filter = 50,
        log = 50
    },
    schema = settings_SCHEMA,
    readings = settings.readings,
    variables = {
        openclaw_cache_key = "none-$request_id",
        openclaw_cache_skip = "1",
        [coalescing_REFRESH] = "",
        [askings_NO_STORE] = "",
        [cache_status_VARIABLE] = ""
    },
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/cache.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
