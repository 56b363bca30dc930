local ____exports = {}
local fault = require("resty.openclaw.fault")
local json_error = require("resty.openclaw.json_error")
local metric_registry = require("resty.openclaw.metric_registry")
local catalogues = require("resty.openclaw.metric_registry.catalogue")
local declaration = require("resty.openclaw.metrics.declaration")
local exposition = require("resty.openclaw.metrics.exposition")
local built_in = require("resty.openclaw.metrics.families")
local first_byte = require("resty.openclaw.metrics.first_byte")
local negotiation = require("resty.openclaw.metrics.negotiation")
local ____pause = require("resty.openclaw.metrics.pause")
local pause = ____pause.pause
local process = require("resty.openclaw.metrics.process")
local recorders = require("resty.openclaw.metrics.recorder")
local operator_access = require("resty.openclaw.operator_access")
local tokens = require("resty.openclaw.operator_access.token")
local options = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local turn = require("resty.openclaw.turn")
local NAME = "metrics"
local OPTIONS = {
    "dict",
    "max_series",
    "max_bytes",
    "max_values",
    "idle_seconds",
    "labels",
    "buckets",
    "route",
    "token",
    "token_file"
}
local function counter(self, name, help, label_names)
    return metric_registry.counter(self.registry, name, help, label_names)
end
local function gauge(self, name, help, label_names)
    return metric_registry.gauge(self.registry, name, help, label_names)
end
local function histogram(self, name, help, label_names, bounds)
    return metric_registry.histogram(
        self.registry,
        name,
        help,
        label_names,
        bounds
    )
end
local function recorder(self, route)
    return recorders.new(self.families, route)
end
local function header_filter(self)
    first_byte.note()
end
local function log(self)
    self.default_recorder = self.default_recorder or recorders.new(self.families, self.route)
    self.default_recorder:log()
end
--- Sends a piece, waits until the client has taken it, and lets other requests have their turn.
local function send(piece)
    local sent = ngx.print(piece)
    if sent ~= 1 then
        return false
    end
    local ____, err = ngx.flush(true)
    pause()
    return err == nil or err == "buffering" or err == "nothing to flush"
end
local function access(self)
    local refusal = operator_access.refusal_on_this_machine(self.token, self.faults)
    if refusal == nil then
        return
    end
    if refusal.status == 401 then
        ngx.header["WWW-Authenticate"] = "Basic realm=\"openclaw\", charset=\"UTF-8\""
    end
    json_error.respond(refusal.status, refusal.code, refusal.message)
end
local function page(self)
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        ngx.exit(405)
        return
    end
    local format = negotiation.choose(request.variable("http_accept"))
    ngx.header["Content-Type"] = format.content_type
    ngx.header.Vary = "Accept"
    if method == "HEAD" then
        return
    end
    catalogues.refresh(
        self.catalogue,
        turn.paced(pause)
    )
    if not exposition.render(self.catalogue, self.faults, format, send) then
        ngx.exit(ngx.ERROR)
    end
end
local metatable = {__index = {
    counter = counter,
    gauge = gauge,
    histogram = histogram,
    recorder = recorder,
    header_filter = header_filter,
    log = log,
    access = access,
    page = page
}}
local function read_buckets(given)
    local buckets = options.list(NAME, given, "buckets", metric_registry.SECONDS)
    local before = 0
    for ____, bound in ipairs(buckets) do
        if type(bound) ~= "number" or not (bound > before and bound < math.huge) then
            options.refuse(NAME, "buckets", "a list of rising numbers above 0", bound)
        end
        before = bound
    end
    local most = metric_registry.MOST_BOUNDS
    if #buckets > most then
        options.refuse(
            NAME,
            "buckets",
            ("a list of at most " .. tostring(most)) .. " numbers",
            buckets
        )
    end
    return buckets
end
local function read_idle_seconds(given)
    if given.idle_seconds == 0 then
        return 0
    end
    return options.positive(NAME, given, "idle_seconds", metric_registry.DEFAULT_IDLE_SECONDS)
end
--- The metrics of one shared dict; see docs/metrics.md for the options. Raises when an option is wrong. Phases: init.
local function create(given)
    local ____options_check_1 = options.check
    local ____given_0 = given
    if ____given_0 == nil then
        ____given_0 = {}
    end
    local read = ____options_check_1(NAME, ____given_0, OPTIONS)
    local dict = options.text(NAME, read, "dict", "openclaw")
    local max_series = options.whole(
        NAME,
        read,
        "max_series",
        1,
        metric_registry.DEFAULT_MOST_SERIES
    )
    local max_values = options.whole(
        NAME,
        read,
        "max_values",
        1,
        metric_registry.DEFAULT_MOST_VALUES
    )
    local ____temp_2
    if read.max_bytes == nil then
        ____temp_2 = nil
    else
        ____temp_2 = options.whole(
            NAME,
            read,
            "max_bytes",
            1,
            1
        )
    end
    local max_bytes = ____temp_2
    local idle_seconds = read_idle_seconds(read)
    local buckets = read_buckets(read)
    local registry = metric_registry.open(dict)
    if not registry.region.shared then
        error(((NAME .. ": nginx.conf needs \"lua_shared_dict ") .. dict) .. " 10m;\"", 0)
    end
    local capacity = registry.dict:capacity()
    if max_bytes ~= nil and max_bytes > capacity then
        options.refuse(
            NAME,
            "max_bytes",
            ((("at most " .. tostring(capacity)) .. ", as \"lua_shared_dict ") .. dict) .. "\" has no more",
            max_bytes
        )
    end
    registry.most_series = max_series
    registry.most_bytes = max_bytes
    registry.most_values = max_values
    registry.idle_seconds = idle_seconds
    metric_registry.allow_labels(registry, NAME, read)
    declaration.forget(registry)
    local families = built_in.new(registry, buckets)
    process.show_all(registry)
    local fields = {
        registry = registry,
        faults = fault.new(NAME, registry),
        catalogue = catalogues.of(registry),
        families = families,
        route = options.text(NAME, read, "route", "default"),
        token = tokens.new(NAME, read)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
