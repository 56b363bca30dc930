local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local digest = require("resty.openclaw.core.bytes.digest")
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local cache_key = require("resty.openclaw.core.request.cache_key")
local preconditions = require("resty.openclaw.core.request.preconditions")
local request = require("resty.openclaw.core.request.request")
local request_body = require("resty.openclaw.core.request.request_body")
local contract = require("resty.openclaw.gateway.contract")
local NAME = "body_digest"
local MIB = 1024 * 1024
local SCHEMA = {
    algorithm = option(
        kinds.one_of("md5", "sha256"),
        "md5",
        "the digest, and so the variable: `$request_body_md5` or `$request_body_sha256`"
    ),
    max_bytes = option(
        kinds.whole(1),
        100 * MIB,
        "maximum length of a body that is digested"
    ),
    credentials = option(
        kinds.one_of("bypass", "key"),
        "bypass",
        "whether requests with credentials bypass the cache, or have them in their key"
    ),
    key_variables = option(
        kinds.list_of(kinds.variable_name),
        {},
        "more variables for the key of the cache, without `$`"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself")
}
local SKIP_VARIABLE = "request_body_digest_skip"
--- Sets a variable; reports where nginx.conf does not declare it.
local function assign(faults, name, value)
    if request.set_variable(name, value) then
        return
    end
    faults:report("undeclared_variable", "add `set $", name, " \"\";` to the server or location in nginx.conf")
end
local function skip(plugin, reason)
    reason:inc()
    assign(
        plugin.faults,
        plugin.variable,
        "skip-" .. tostring(request.variable("request_id"))
    )
    assign(plugin.faults, SKIP_VARIABLE, "1")
    cache_key.withhold(plugin.key)
end
local function skip_unreadable(plugin, err)
    plugin.faults:report("unreadable_body", err)
    skip(plugin, plugin.unreadable)
end
local function access(self)
    preconditions.drop()
    local body, read_err = request_body.read()
    if body == nil then
        return skip_unreadable(self, read_err)
    end
    if body.bytes > self.max_bytes then
        return skip(self, self.too_large)
    end
    local context = self.digest:begin()
    local count, visit_err = request_body.each(body, digest.update, context)
    if count == nil then
        return skip_unreadable(self, visit_err)
    end
    local hex, finish_err = self.digest:finish(context)
    if hex == nil then
        return skip_unreadable(self, finish_err)
    end
    assign(self.faults, self.variable, hex)
    cache_key.fill(self.key, hex)
    self.bodies:inc()
    self.bytes:inc(count)
end
local function server_rewrite(self)
    if request.whole_number("content_length") > self.max_bytes then
        return skip(self, self.too_large)
    end
    self:access()
end
local metatable = {__index = {access = access, server_rewrite = server_rewrite}}
local function create(options)
    local ____options_0 = options
    local algorithm = ____options_0.algorithm
    local max_bytes = ____options_0.max_bytes
    local registry = metric_registry.open(options.dict)
    local bodies = metric_registry.counter(registry, "openclaw_body_digest_bodies_total", "Request bodies that were digested.")
    local bytes = metric_registry.counter(registry, "openclaw_body_digest_bytes_total", "Bytes of request bodies that were digested.")
    local skipped = metric_registry.counter(registry, "openclaw_body_digest_skipped_total", "Request bodies that were not digested, by reason.", {"reason"})
    local fields = {
        digest = digest.new(algorithm),
        variable = "request_body_" .. algorithm,
        max_bytes = max_bytes,
        key = cache_key.new(options),
        bodies = bodies:labels(),
        bytes = bytes:labels(),
        too_large = skipped:labels("too_large"),
        unreadable = skipped:labels("unreadable"),
        faults = fault.new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[digests of request bodies](body_digest.md), and the key of the cache",
    order = {access = 500},
    schema = SCHEMA,
    variables = {
        request_body_md5 = "",
        request_body_sha256 = "",
        [SKIP_VARIABLE] = "",
        openclaw_cache_key = "none-$request_id",
        openclaw_cache_skip = "1"
    },
    create = create
}
____exports.plugin = contract.define(declaration)
--- The plugin alone, from the options in docs/body_digest.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract.alone(declaration, options)
end
____exports.new = alone
return ____exports
