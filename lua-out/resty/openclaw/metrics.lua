local ____exports = {}
local error = error
local setmetatable = setmetatable
local tostring = tostring
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_beginning = problem.beginning
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local computed = ____schema.computed
local option = ____schema.option
local read_or_raise = ____schema.read_or_raise
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_DEFAULT_IDLE_SECONDS = metric_registry.DEFAULT_IDLE_SECONDS
local metric_registry_DEFAULT_MOST_SERIES = metric_registry.DEFAULT_MOST_SERIES
local metric_registry_DEFAULT_MOST_VALUES = metric_registry.DEFAULT_MOST_VALUES
local metric_registry_MOST_BOUNDS = metric_registry.MOST_BOUNDS
local metric_registry_SECONDS = metric_registry.SECONDS
local metric_registry_allow_labels = metric_registry.allow_labels
local metric_registry_counter = metric_registry.counter
local metric_registry_gauge = metric_registry.gauge
local metric_registry_histogram = metric_registry.histogram
local metric_registry_open = metric_registry.open
local ____allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_LABELS = ____allow_list.LABELS
local LABELS = allow_list_LABELS
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local catalogues_of = catalogues.of
local catalogues_refresh = catalogues.refresh
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local operator_access = require("resty.openclaw.core.request.operator_access")
local operator_access_refusal_on_this_machine = operator_access.refusal_on_this_machine
local tokens = require("resty.openclaw.core.request.operator_access.token")
local tokens_TOKEN_FILE_OPTION = tokens.TOKEN_FILE_OPTION
local tokens_TOKEN_OPTION = tokens.TOKEN_OPTION
local tokens_new = tokens.new
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local declaration = require("resty.openclaw.metrics.declaration")
local declaration_forget = declaration.forget
local exposition = require("resty.openclaw.metrics.exposition")
local exposition_render = exposition.render
local built_in = require("resty.openclaw.metrics.families")
local built_in_new = built_in.new
local first_byte = require("resty.openclaw.metrics.first_byte")
local first_byte_note = first_byte.note
local negotiation = require("resty.openclaw.metrics.negotiation")
local negotiation_choose = negotiation.choose
local ____pause = require("resty.openclaw.metrics.pause")
local pause = ____pause.pause
local process = require("resty.openclaw.metrics.process")
local process_show_all = process.show_all
local recorders = require("resty.openclaw.metrics.recorder")
local recorders_new = recorders.new
local NAME = "metrics"
local BOUNDS = kinds_list_of(kinds.positive)
local BUCKETS = {
    name = "list of rising numbers > 0",
    read = function(given, path, problems)
        local bounds = BOUNDS.read(given, path, problems)
        local most = metric_registry_MOST_BOUNDS
        if #bounds > most then
            problem_add(
                problems,
                path,
                ("a list of at most " .. tostring(most)) .. " numbers",
                given
            )
        end
        for place = 2, #bounds do
            local bound, before = bounds[place], bounds[place - 2 + 1]
            if bound <= before then
                problem_add(
                    problems,
                    ((path .. "[") .. tostring(place)) .. "]",
                    "a number above " .. tostring(before),
                    bound
                )
            end
        end
        return bounds
    end
}
--- The options of docs/metrics.md.
local SCHEMA = {
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` to use; `nginx.metric` always uses `openclaw`"),
    max_series = option(
        kinds_whole(1),
        metric_registry_DEFAULT_MOST_SERIES,
        "maximum number of combinations of label values each metric may have; later ones count as `_other`"
    ),
    max_bytes = computed(
        kinds_whole(1),
        "three quarters of the dict",
        "maximum size of the names of all series in the `lua_shared_dict`; past it, new combinations of label values count as `_other`; the error log says so if the series at the start take it all"
    ),
    max_values = option(
        kinds_whole(1),
        metric_registry_DEFAULT_MOST_VALUES,
        "maximum number of values of labels from outside (`model`, `finish_reason`, and `variant` of inference and slow log); later ones count as `_other`"
    ),
    idle_seconds = option(kinds.not_negative, metric_registry_DEFAULT_IDLE_SECONDS, "seconds after which a series that no worker has counted in is dropped; 0: never"),
    labels = option(LABELS, {}, "labels to keep, by metric; metrics that are not listed keep all; see [below](#fewer-labels-labels)"),
    buckets = option(
        BUCKETS,
        metric_registry_SECONDS,
        "upper bounds of the built-in histograms, in seconds, at most " .. tostring(metric_registry_MOST_BOUNDS)
    ),
    route = option(kinds.text, "default", "the label `route` of what `log` counts"),
    token = again(tokens_TOKEN_OPTION),
    token_file = again(tokens_TOKEN_FILE_OPTION)
}
____exports.SCHEMA = SCHEMA
local function counter(self, name, help, label_names)
    return metric_registry_counter(self.registry, name, help, label_names)
end
local function gauge(self, name, help, label_names)
    return metric_registry_gauge(self.registry, name, help, label_names)
end
local function histogram(self, name, help, label_names, bounds)
    return metric_registry_histogram(
        self.registry,
        name,
        help,
        label_names,
        bounds
    )
end
local function recorder(self, route)
    return recorders_new(self.families, route)
end
local function header_filter(self)
    first_byte_note()
end
local function log(self)
    self.default_recorder = self.default_recorder or recorders_new(self.families, self.route)
    self.default_recorder:log()
end
--- Sends a piece, waits until the client has received it, and lets nginx serve other requests.
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
    local refusal = operator_access_refusal_on_this_machine(self.token, self.faults)
    if refusal == nil then
        return
    end
    if refusal.status == 401 then
        ngx.header["WWW-Authenticate"] = "Basic realm=\"openclaw\", charset=\"UTF-8\""
    end
    json_error_respond(refusal.status, refusal.code, refusal.message)
end
local function page(self)
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        ngx.exit(405)
        return
    end
    local format = negotiation_choose(request_variable("http_accept"))
    ngx.header["Content-Type"] = format.content_type
    ngx.header.Vary = "Accept"
    if method == "HEAD" then
        return
    end
    catalogues_refresh(
        self.catalogue,
        time_slice_paced(pause)
    )
    if not exposition_render(self.catalogue, self.faults, format, send) then
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
--- The metrics of one shared dict. Raises when the options contradict nginx.conf. Phases: init.
local function create(options, path)
    local ____options_0 = options
    local dict = ____options_0.dict
    local max_bytes = ____options_0.max_bytes
    local registry = metric_registry_open(dict)
    if not registry.region.shared then
        error(
            ((problem_beginning(path) .. " nginx.conf needs \"lua_shared_dict ") .. dict) .. " 10m;\"",
            0
        )
    end
    local capacity = registry.dict:capacity()
    if max_bytes ~= nil and max_bytes > capacity then
        local most = ((("at most " .. tostring(capacity)) .. ", as \"lua_shared_dict ") .. dict) .. "\" has no more"
        problem_refuse(path .. ".max_bytes", most, max_bytes)
    end
    registry.most_series = options.max_series
    registry.most_bytes = max_bytes
    registry.most_values = options.max_values
    registry.idle_seconds = options.idle_seconds
    metric_registry_allow_labels(registry, options.labels, path)
    declaration_forget(registry)
    local families = built_in_new(registry, options.buckets)
    process_show_all(registry)
    local fields = {
        registry = registry,
        faults = fault_new(NAME, registry),
        catalogue = catalogues_of(registry),
        families = families,
        route = options.route,
        token = tokens_new(path, options)
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- The metrics alone, from the options in docs/metrics.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local ____exports_create_3 = create
    local ____read_or_raise_2 = read_or_raise
    local ____options_1 = options
    if ____options_1 == nil then
        ____options_1 = {}
    end
    return ____exports_create_3(
        ____read_or_raise_2(SCHEMA, ____options_1, NAME),
        NAME
    )
end
____exports.new = alone
return ____exports
