local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local string_find = string.find
local string_lower = string.lower
local body_forms = require("resty.openclaw.cache.body_form")
local body_forms_key_of = body_forms.key_of
local body_forms_new = body_forms.new
local body_forms_type_of = body_forms.type_of
local purge_list = require("resty.openclaw.cache.purges")
local purge_list_generation_of_key = purge_list.generation_of_key
local purge_list_part_of = purge_list.part_of
local request_controls = require("resty.openclaw.cache.request_control")
local request_controls_of_request = request_controls.of_request
local response_fields = require("resty.openclaw.cache.response_fields")
local response_fields_is_from_cache = response_fields.is_from_cache
local response_fields_show = response_fields.show
local settings = require("resty.openclaw.cache.settings")
local settings_SCHEMA = settings.SCHEMA
local settings_callers_of = settings.callers_of
local settings_check = settings.check
local settings_most_json_bytes = settings.most_json_bytes
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local cache_key = require("resty.openclaw.core.request.cache_key")
local cache_key_fill = cache_key.fill
local cache_key_has_variable = cache_key.has_variable
local cache_key_new = cache_key.new
local cache_key_present = cache_key.present
local cache_key_renew = cache_key.renew
local cache_key_withhold = cache_key.withhold
local preconditions = require("resty.openclaw.core.request.preconditions")
local preconditions_drop = preconditions.drop
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_read = request_body.read
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "cache"
local TENANT = "openclaw_tenant"
local REFRESH = "openclaw_cache_refresh"
local NO_STORE = "openclaw_cache_no_store"
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
end
local function skip_unreadable(plugin, err)
    plugin.faults:report("unreadable_body", err)
    skip(plugin, "unreadable")
end
--- Gives the request another key if its answer was purged alone.
local function renew(plugin, purges)
    local key = cache_key_present()
    while key ~= nil do
        local generation = purge_list_generation_of_key(purges, key)
        if generation == nil then
            return
        end
        key = cache_key_renew(plugin.key, key, generation)
    end
end
--- Reads the body, and sets the key of the request.
local function make_key(plugin)
    local body, err = request_body_read()
    if body == nil then
        return skip_unreadable(plugin, err)
    end
    if body.bytes > plugin.max_bytes then
        return skip(plugin, "too_large")
    end
    local content_type = request_variable("http_content_type")
    local encoding = request_variable("http_content_encoding")
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
    local is_shareable = cache_key_fill(
        plugin.key,
        body_forms_type_of(detail, content_type),
        detail,
        generations
    )
    if not is_shareable then
        plugin.skipped.personal:inc()
    elseif (purges and purges.has_keys) == true then
        renew(plugin, purges)
    end
end
local function access(self)
    preconditions_drop()
    if self.is_controlled then
        local wish = request_controls_of_request()
        if wish == "none" then
            return skip(self, "no_store")
        end
        if wish == "fresh" then
            request_set_variable(REFRESH, "1")
        end
    end
    make_key(self)
end
--- Whether the end of the response cannot be told from a node that broke off: it has no length, or it is a stream of events, whose last
-- one says that it is complete.
local function has_open_end()
    local content_type = request_variable("upstream_http_content_type")
    if content_type ~= nil then
        local stream = string_find(
            string_lower(content_type),
            "text/event-stream",
            1,
            true
        )
        if stream ~= nil then
            return true
        end
    end
    local length = string_find(
        request_variable("upstream_http_content_length") or "",
        "^%d+$"
    )
    if length ~= nil then
        return false
    end
    local coding = string_lower(request_variable("upstream_http_transfer_encoding") or "")
    local chunked = string_find(coding, "chunked", 1, true)
    return chunked == nil
end
local function header_filter(self)
    local status = request_variable("upstream_cache_status")
    if status == nil then
        return
    end
    if not response_fields_is_from_cache(status) and has_open_end() then
        request_set_variable(NO_STORE, "1")
    end
    response_fields_show(status)
end
local metatable = {__index = {access = access, header_filter = header_filter}}
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
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[the key of the cache](cache.md): which requests get the same answer, and who shares it",
    order = {access = 510, header_filter = 50},
    schema = settings_SCHEMA,
    readings = settings.readings,
    variables = {openclaw_cache_key = "none-$request_id", openclaw_cache_skip = "1", [REFRESH] = "", [NO_STORE] = ""},
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/cache.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
