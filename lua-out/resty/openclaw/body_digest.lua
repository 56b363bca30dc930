local ____exports = {}
local cache_key = require("resty.openclaw.cache_key")
local digest = require("resty.openclaw.digest")
local fault = require("resty.openclaw.fault")
local metric_registry = require("resty.openclaw.metric_registry")
local options_reader = require("resty.openclaw.options")
local preconditions = require("resty.openclaw.preconditions")
local request_body = require("resty.openclaw.request_body")
local OWNER = "body_digest"
local SKIP_VARIABLE = "request_body_digest_skip"
local function set_variable(name, value)
    ngx.var[name] = value
end
--- Sets a variable, or says what nginx.conf lacks.
local function assign(faults, name, value)
    local ok = pcall(set_variable, name, value)
    if not ok then
        faults:report("undeclared_variable", "add `set $", name, " \"\";` to the server or location in nginx.conf")
    end
end
local function skip(plugin, reason)
    reason:inc()
    assign(
        plugin.faults,
        plugin.variable,
        "skip-" .. tostring(ngx.var.request_id)
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
    if (tonumber(ngx.var.content_length) or 0) > self.max_bytes then
        return skip(self, self.too_large)
    end
    self:access()
end
local metatable = {__index = {access = access, server_rewrite = server_rewrite}}
--- Makes the plugin. Raises when an option is wrong, or OpenSSL does not offer the algorithm. Phases: init.
-- Options: `algorithm` ("md5"), `max_bytes` (104857600), `credentials` ("bypass" or "key"), `key_variables`, `dict`
-- ("openclaw").
local function create(options)
    if options == nil then
        options = {}
    end
    options_reader.check(OWNER, options, {
        "algorithm",
        "max_bytes",
        "credentials",
        "key_variables",
        "dict"
    })
    local words = {"md5", "sha256"}
    local algorithm = options_reader.one_of(
        OWNER,
        options,
        "algorithm",
        words,
        "md5"
    )
    local max_bytes = options_reader.whole(
        OWNER,
        options,
        "max_bytes",
        1,
        100 * 1024 * 1024
    )
    local registry = metric_registry.open(options_reader.text(OWNER, options, "dict", "openclaw"))
    local bodies = metric_registry.counter(registry, "openclaw_body_digest_bodies_total", "Request bodies that were digested.")
    local bytes = metric_registry.counter(registry, "openclaw_body_digest_bytes_total", "Bytes of request bodies that were digested.")
    local skipped = metric_registry.counter(registry, "openclaw_body_digest_skipped_total", "Request bodies that were not digested, by reason.", {"reason"})
    local fields = {
        digest = digest.new(algorithm),
        variable = "request_body_" .. algorithm,
        max_bytes = max_bytes,
        key = cache_key.new(OWNER, options),
        bodies = bodies:labels(),
        bytes = bytes:labels(),
        too_large = skipped:labels("too_large"),
        unreadable = skipped:labels("unreadable"),
        faults = fault.new(OWNER, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
