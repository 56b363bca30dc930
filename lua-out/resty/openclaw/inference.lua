local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local math_min = math.min
local kind = require("resty.openclaw.config.kinds")
local kind_whole = kind.whole
local ____problems = require("resty.openclaw.config.problems")
local refuse = ____problems.refuse
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local request = require("resty.openclaw.core.request.request")
local request_last_seconds = request.last_seconds
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local chunk = require("resty.openclaw.core.request.response_chunk")
local chunk_is_here = chunk.is_here
local chunk_is_last = chunk.is_last
local chunk_look = chunk.look
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local figures = require("resty.openclaw.inference.figures")
local figures_count = figures.count
local figures_new = figures.new
local inflations = require("resty.openclaw.inference.inflation")
local inflations_feed = inflations.feed
local inflations_finish = inflations.finish
local kinds = require("resty.openclaw.inference.kinds")
local kinds_is_made_now = kinds.is_made_now
local kinds_reader_of = kinds.reader_of
local usages = require("resty.openclaw.inference.usage")
local usages_ask = usages.ask
local usages_begin = usages.begin
local usages_new = usages.new
local usages_pass = usages.pass
local usages_settle = usages.settle
local variables = require("resty.openclaw.inference.variables")
local variables_VARIABLES = variables.VARIABLES
local variables_show_all = variables.show_all
local NAME = "inference"
local HTTP_OK = 200
local USAGE_BODY_BYTES = 1024 * 1024
--- A body is in memory twice while it is changed.
local MOST_USAGE_BODY_BYTES = 64 * 1024 * 1024
local SCHEMA = {
    include_usage = option(kind.flag, false, "whether the gateway asks for the usage of each stream; see [below](#exact-figures-of-streams)"),
    max_body_bytes = computed(
        kind_whole(1, MOST_USAGE_BODY_BYTES),
        tostring(USAGE_BODY_BYTES),
        "maximum size of a request body that is changed; only with `include_usage`"
    ),
    dict = option(kind.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
--- Readers read so much at a time.
local PIECE_BYTES = 16 * 1024
local function admitted(self)
    usages_ask(self.usage)
end
local function header_filter(self)
    if self.usage ~= nil then
        usages_begin()
    end
    if request_status() ~= HTTP_OK or not kinds_is_made_now() then
        return
    end
    local reader, more = kinds_reader_of()
    local answer = reader == nil and ({
        reader = nil,
        reason = more,
        inflation = nil,
        is_seen = false,
        is_whole = false
    }) or ({
        reader = reader,
        reason = nil,
        inflation = more,
        is_seen = false,
        is_whole = false
    })
    request_state_open().inference_answer = answer
end
local function give(answer, memory, bytes)
    local inflation = answer.inflation
    if inflation == nil then
        answer.reader:feed(memory, bytes)
    else
        inflations_feed(inflation, answer.reader, memory, bytes)
    end
end
local function give_in_pieces(answer, memory, bytes)
    for at = 0, bytes - 1, PIECE_BYTES do
        give(
            answer,
            memory + at,
            math_min(PIECE_BYTES, bytes - at)
        )
    end
end
local function take(answer)
    if not chunk_is_here() then
        return
    end
    answer.is_seen = true
    local memory, bytes = chunk_look()
    if memory ~= nil then
        if bytes <= PIECE_BYTES then
            give(answer, memory, bytes)
        else
            give_in_pieces(answer, memory, bytes)
        end
    end
    if chunk_is_last() then
        answer.is_whole = true
    end
end
local function body_filter(self)
    local state = request_state_present()
    local answer = state and state.inference_answer
    if (answer and answer.reader) ~= nil then
        local ok = guard_call(self.faults, "unread_answer", take, answer)
        if not ok then
            state.inference_answer = nil
        end
    end
    if self.usage ~= nil then
        usages_pass(self.usage)
    end
end
--- Tokens per second: for a stream the tokens after the first, in the time from the first to the last.
local function rate_of(reader, fields)
    local tokens = fields.completion_tokens or 0
    local made = reader.is_stream and tokens - 1 or tokens
    if reader.is_stream and reader.first_token_seconds == nil then
        return nil
    end
    local seconds = reader.is_stream and reader.last_time - reader.first_time or (request_last_seconds("upstream_response_time") or 0)
    return made > 0 and seconds > 0 and made / seconds or nil
end
local function settle(plugin, answer, route)
    local reader = answer.reader
    if reader == nil then
        plugin.families.unread:labels(route, answer.reason):inc()
        return
    end
    if not answer.is_seen then
        if request_whole_number("body_bytes_sent") > 0 then
            plugin.faults:report("no_body_filter", "include nginx/inference.conf in the location of the route ", route)
        end
        return
    end
    local fields = reader:finish(answer.is_whole)
    local ____opt_4 = answer.inflation
    local broken = ____opt_4 and ____opt_4.problem or reader.problem
    if broken ~= nil then
        plugin.faults:report("broken_answer", broken)
    end
    if fields == nil then
        plugin.families.unread:labels(route, "no_figures"):inc()
        return
    end
    local rate = rate_of(reader, fields)
    local ____reader_is_stream_6
    if reader.is_stream then
        ____reader_is_stream_6 = reader.first_token_seconds
    else
        ____reader_is_stream_6 = nil
    end
    local first_token_seconds = ____reader_is_stream_6
    local variant = request_variable("openclaw_variant") or ""
    figures_count(
        plugin.families,
        route,
        variant,
        fields,
        rate,
        first_token_seconds
    )
    variables_show_all(fields, rate, first_token_seconds)
end
local function log(self, route)
    if route == nil then
        route = ""
    end
    if self.usage ~= nil then
        usages_settle(self.usage)
    end
    local state = request_state_present()
    local answer = state and state.inference_answer
    if answer == nil then
        return
    end
    state.inference_answer = nil
    guard_call(
        self.faults,
        "uncounted_answer",
        settle,
        self,
        answer,
        route
    )
    if answer.inflation ~= nil then
        inflations_finish(answer.inflation)
    end
end
local metatable = {__index = {header_filter = header_filter, body_filter = body_filter, log = log}}
local function usage_of(options, path, registry, faults)
    local ____options_9 = options
    local include_usage = ____options_9.include_usage
    local max_body_bytes = ____options_9.max_body_bytes
    if not include_usage and max_body_bytes ~= nil then
        refuse(path .. ".max_body_bytes", "left out unless include_usage = true", max_body_bytes)
    end
    return include_usage and usages_new(registry, faults, max_body_bytes or USAGE_BODY_BYTES) or nil
end
local function create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local registry = metric_registry_open(options.dict)
    local faults = fault_new(NAME, registry)
    local usage = usage_of(options, path, registry, faults)
    local fields = {
        families = figures_new(registry),
        faults = faults,
        usage = usage
    }
    local inference = setmetatable(fields, metatable)
    if usage ~= nil then
        inference.admitted = admitted
    end
    return inference
end
local declaration = {
    name = NAME,
    meaning = "[counts tokens](inference.md) of responses; the location needs `inference.conf`",
    order = {admitted = 300, header_filter = 200, body_filter = 100, log = 200},
    schema = SCHEMA,
    variables = variables_VARIABLES,
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/inference.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local inference = contract_alone(declaration, options)
    if inference.usage ~= nil then
        inference.access = admitted
    end
    return inference
end
____exports.new = alone
return ____exports
