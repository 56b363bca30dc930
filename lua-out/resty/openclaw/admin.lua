local ____exports = {}
local addresses = require("resty.openclaw.address")
local calls = require("resty.openclaw.admin.call")
local paths = require("resty.openclaw.admin.path")
local ____resources = require("resty.openclaw.admin.resources")
local RESOURCES = ____resources.RESOURCES
local fault = require("resty.openclaw.fault")
local metric_registry = require("resty.openclaw.metric_registry")
local operator_access = require("resty.openclaw.operator_access")
local tokens = require("resty.openclaw.operator_access.token")
local read = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local NAME = "admin"
local OPTIONS = {
    "upstreams",
    "prefix",
    "token",
    "token_file",
    "dict"
}
local UPSTREAM_METHODS = {"report", "change", "forget_changes"}
local DEFAULT_PREFIX = "/openclaw/upstreams"
--- Sees to it that the client may do what it asks for; ends the request otherwise.
local function check_access(admin, call)
    local refusal = operator_access.refusal(admin.token, admin.faults)
    if refusal == nil then
        return
    end
    if refusal.status == 401 then
        ngx.header["WWW-Authenticate"] = "Bearer"
    end
    calls.refuse(call, refusal.status, refusal.code, refusal.message)
end
local function page(self)
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["X-Content-Type-Options"] = "nosniff"
    local upstreams = self.upstreams
    local requests = self.requests
    local faults = self.faults
    local target = paths.read(
        self.prefix,
        request.variable("request_uri") or ""
    )
    local call = {
        upstreams = upstreams,
        requests = requests,
        faults = faults,
        method = ngx.req.get_method(),
        upstream = target and target.upstream or "",
        address = (addresses.parse(target and target.node or ""))
    }
    check_access(self, call)
    if target == nil then
        return calls.refuse(call, 404, "not_found", "There is nothing at this address.")
    end
    local resource = RESOURCES[target.kind]
    local method = resource.methods[call.method]
    if method == nil then
        ngx.header.Allow = resource.allow
        return calls.refuse(call, 405, "method_not_allowed", ("This address takes " .. resource.allow) .. " only.")
    end
    local upstream = upstreams[call.upstream]
    if upstream == nil and target.kind ~= "upstreams" then
        return calls.refuse(call, 404, "unknown_upstream", "There is no such upstream.")
    end
    method(call, upstream)
end
local metatable = {__index = {page = page}}
local function read_upstreams(options)
    local given = read.group(NAME, options, "upstreams")
    if given == nil then
        read.refuse(NAME, "upstreams", "a table of upstreams by name", given)
    end
    local upstreams = {}
    for name, upstream in pairs(given) do
        if type(name) ~= "string" or name == "" then
            read.refuse(NAME, "upstreams", "a table whose keys are names", name)
        end
        if type(upstream) ~= "table" then
            read.refuse(NAME, "upstreams." .. name, "an upstream, such as a balancer", upstream)
        end
        for ____, method in ipairs(UPSTREAM_METHODS) do
            local has_it = type(upstream[method]) == "function"
            if not has_it then
                error(((((NAME .. ": \"upstreams.") .. name) .. "\" must have a method ") .. method) .. ", as a balancer has", 0)
            end
        end
        upstreams[name] = upstream
    end
    return upstreams
end
local function read_prefix(options)
    local prefix = read.text(NAME, options, "prefix", DEFAULT_PREFIX)
    local plain = string.find(prefix, "^/[%w/._~-]*[%w._~-]$")
    if plain == nil then
        read.refuse(NAME, "prefix", "a path of plain letters without a slash at its end", prefix)
    end
    return prefix
end
--- The API over some upstreams; see docs/admin.md for the options. Raises when one is wrong. Phases: init.
local function create(options)
    if type(options) ~= "table" then
        error(
            (NAME .. ": options must be a table, got a ") .. type(options),
            0
        )
    end
    local given = read.check(NAME, options, OPTIONS)
    local registry = metric_registry.open(read.text(NAME, given, "dict", "openclaw"))
    local fields = {
        upstreams = read_upstreams(given),
        prefix = read_prefix(given),
        token = tokens.new(NAME, given),
        requests = metric_registry.counter(registry, "openclaw_admin_requests_total", "Requests to see or change nodes, by method and status.", {"method", "status"}),
        faults = fault.new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
