local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local string_sub = string.sub
local contents = require("resty.openclaw.checks.contents")
local contents_check = contents.check
local json = require("resty.openclaw.checks.json")
local json_check_length = json.check_length
local refusals = require("resty.openclaw.checks.refusals")
local refusals_counters = refusals.counters
local refusals_refuse = refusals.refuse
local settings = require("resty.openclaw.checks.settings")
local settings_SCHEMA = settings.SCHEMA
local settings_of = settings.of
local methods = require("resty.openclaw.core.http.method")
local methods_may_be_empty = methods.may_be_empty
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_VARIABLE = rejections.VARIABLE
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_read = request_body.read
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "checks"
local function check_length(of, bytes)
    local ____of_0 = of
    local max_body_bytes = ____of_0.max_body_bytes
    if max_body_bytes ~= nil and bytes > max_body_bytes then
        return "body_too_large", ("The request body may have at most " .. tostring(max_body_bytes)) .. " bytes."
    end
    if of.is_only_json then
        return json_check_length(of.json, bytes)
    end
    return nil
end
--- What the header of the request tells: its method, and the length that it announces.
local function check_header(of, method)
    if of.methods ~= nil and not (of.methods[method] ~= nil) then
        ngx.header.Allow = of.allow
        return "method_not_allowed", ("The method must be one of these: " .. of.allow) .. "."
    end
    return check_length(
        of,
        request_whole_number("content_length")
    )
end
--- Whether there may be a body whose length the header does not tell: one in chunks, or one over HTTP/2 or 3.
local function is_open_ended()
    if request_variable("content_length") ~= nil then
        return false
    end
    if request_variable("http_transfer_encoding") ~= nil then
        return true
    end
    return string_sub(
        request_variable("server_protocol") or "",
        1,
        7
    ) ~= "HTTP/1."
end
--- Whether the body has to be read.
local function needs_body(of, method)
    if is_open_ended() then
        return of.types ~= nil or of.max_body_bytes ~= nil
    end
    if of.types == nil then
        return false
    end
    return not methods_may_be_empty(method) or request_whole_number("content_length") > 0
end
--- Checks the body. Where it cannot be read, the reason is `unreadable`, and the message why.
local function check_body(of, method)
    local body, err = request_body_read()
    if body == nil then
        return "unreadable", err
    end
    local reason, message = check_length(of, body.bytes)
    if reason ~= nil then
        return reason, message
    end
    if of.types == nil then
        return nil
    end
    if body.bytes > 0 then
        return contents_check(of, of.types, body)
    end
    if methods_may_be_empty(method) then
        return nil
    end
    return "empty_body", "The request has no body."
end
local function access(self)
    local method = request_variable("request_method") or ""
    local reason, message = check_header(self.settings, method)
    if reason == nil then
        if not needs_body(self.settings, method) then
            return
        end
        reason, message = check_body(self.settings, method)
        if reason == nil then
            return
        end
    end
    if reason == "unreadable" then
        self.faults:report("unreadable_body", message)
        message = "The gateway could not read the request body."
    end
    refusals_refuse(self.counters, reason, message)
end
local metatable = {__index = {access = access}}
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local registry = metric_registry_open(options.dict)
    local fields = {
        settings = settings_of(options, path),
        counters = refusals_counters(registry, route),
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[checks requests](checks.md): methods, length and type of the body, JSON, the size of images",
    order = {access = 400},
    schema = settings_SCHEMA,
    variables = {[rejections_VARIABLE] = ""},
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/checks.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
