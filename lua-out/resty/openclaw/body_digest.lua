local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local digest = require("resty.openclaw.core.bytes.digest")
local digest_new = digest.new
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local cache_key = require("resty.openclaw.core.request.cache_key")
local cache_key_CALLER = cache_key.CALLER
local cache_key_fill = cache_key.fill
local cache_key_new = cache_key.new
local cache_key_withhold = cache_key.withhold
local preconditions = require("resty.openclaw.core.request.preconditions")
local preconditions_drop = preconditions.drop
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local request_body_read = request_body.read
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "body_digest"
local MIB = 1024 * 1024
local SCHEMA = {
    algorithm = option(
        kinds_one_of("md5", "sha256"),
        "md5",
        "the digest, and so the variable: `$request_body_md5` or `$request_body_sha256`"
    ),
    max_bytes = option(
        kinds_whole(1),
        100 * MIB,
        "maximum length of a body that is digested"
    ),
    credentials = option(
        kinds_one_of("bypass", "key"),
        "bypass",
        "whether requests with credentials bypass the cache, or have them in their key"
    ),
    key_variables = option(
        kinds_list_of(kinds.variable_name),
        {},
        "more variables for the key of the cache, without `$`"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself")
}
local SKIP_VARIABLE = "request_body_digest_skip"
--- Sets a variable; reports where nginx.conf does not declare it.
local function assign(faults, name, value)
    if request_set_variable(name, value) then
        return
    end
    faults:report("undeclared_variable", "add `set $", name, " \"\";` to the server or location in nginx.conf")
end
local function skip(plugin, reason)
    reason:inc()
    assign(
        plugin.faults,
        plugin.variable,
        "skip-" .. tostring(request_variable("request_id"))
    )
    assign(plugin.faults, SKIP_VARIABLE, "1")
    cache_key_withhold(plugin.key)
end
local function skip_unreadable(plugin, err)
    plugin.faults:report("unreadable_body", err)
    skip(plugin, plugin.unreadable)
end
local function access(self)
    preconditions_drop()
    local body, read_err = request_body_read()
    if body == nil then
        return skip_unreadable(self, read_err)
    end
    if body.bytes > self.max_bytes then
        return skip(self, self.too_large)
    end
    local context = self.digest:begin()
    local count, visit_err = request_body_each(body, digest.update, context)
    if count == nil then
        return skip_unreadable(self, visit_err)
    end
    local hex, finish_err = self.digest:finish(context)
    if hex == nil then
        return skip_unreadable(self, finish_err)
    end
    assign(self.faults, self.variable, hex)
    cache_key_fill(
        self.key,
        request_variable("http_content_type"),
        hex
    )
    self.bodies:inc()
    self.bytes:inc(count)
end
local function server_rewrite(self)
    if request_whole_number("content_length") > self.max_bytes then
        return skip(self, self.too_large)
    end
    self:access()
end
local metatable = {__index = {access = access, server_rewrite = server_rewrite}}
local function create(options)
    local ____options_0 = options
    local algorithm = ____options_0.algorithm
    local max_bytes = ____options_0.max_bytes
    local registry = metric_registry_open(options.dict)
    local bodies = metric_registry_counter(registry, "openclaw_body_digest_bodies_total", "Request bodies that were digested.")
    local bytes = metric_registry_counter(registry, "openclaw_body_digest_bytes_total", "Bytes of request bodies that were digested.")
    local skipped = metric_registry_counter(registry, "openclaw_body_digest_skipped_total", "Request bodies that were not digested, by reason.", {"reason"})
    local fields = {
        digest = digest_new(algorithm),
        variable = "request_body_" .. algorithm,
        max_bytes = max_bytes,
        key = cache_key_new({credentials = options.credentials, key_variables = options.key_variables, callers = cache_key_CALLER}),
        bodies = bodies:labels(),
        bytes = bytes:labels(),
        too_large = skipped:labels("too_large"),
        unreadable = skipped:labels("unreadable"),
        faults = fault_new(NAME, registry)
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
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/body_digest.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
