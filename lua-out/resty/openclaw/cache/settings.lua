local ____exports = {}
local error = error
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local math_floor = math.floor
local math_min = math.min
local string_find = string.find
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local errors_in_answers = require("resty.openclaw.cache.error_in_answer")
local errors_in_answers_PATHS = errors_in_answers.PATHS
local redis_tiers = require("resty.openclaw.cache.redis_tier")
local redis_tiers_KIND = redis_tiers.KIND
local MIB = 1024 * 1024
--- Canonical JSON is made in memory, in up to three times its size.
local JSON_BYTES = 8 * MIB
local CALLERS = {identity = {"openclaw_identity", "openclaw_auth_method"}, tenant = {"openclaw_tenant"}, class = {"openclaw_class"}}
local BY = kinds_of(
    "`\"identity\"`, `\"tenant\"`, `\"class\"` or a variable",
    "\"identity\", \"tenant\", \"class\" or a variable such as \"$http_x_camera\"",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local variable = string_find(given, "^%$[%l%d_]+$")
        return variable ~= nil or CALLERS[given] ~= nil
    end
)
local LEAST_NEGATIVE = 300
--- Answers of 500 and above are failures of nodes.
local MOST_NEGATIVE = 499
local TOO_MANY_REQUESTS = 429
--- Numbers below are places in a list.
local FIRST_STATUS = 100
local NEGATIVE_EXAMPLE = "a table of statuses from 300 to 499 with a time each, such as { [404] = \"10s\" }"
--- Reads one status with its time.
local function read_negative(all, status, value, path, problems)
    if type(status) ~= "number" then
        problem_add(problems, path, NEGATIVE_EXAMPLE, status)
    elseif status == TOO_MANY_REQUESTS then
        problems[#problems + 1] = path .. "[429] has no effect: the next answer may be another one"
    elseif status >= LEAST_NEGATIVE and status <= MOST_NEGATIVE and math_floor(status) == status then
        all[status] = kinds.duration.read(
            value,
            ((path .. "[") .. tostring(status)) .. "]",
            problems
        )
    elseif status < FIRST_STATUS and type(value) == "number" then
        problems[#problems + 1] = ((((path .. " must be ") .. NEGATIVE_EXAMPLE) .. ", got ") .. tostring(value)) .. " without a time"
    else
        problem_add(problems, path, NEGATIVE_EXAMPLE, status)
    end
end
--- Statuses, and for how many seconds their answers may be used.
local NEGATIVE = {
    name = "table",
    read = function(given, path, problems)
        local seconds = {}
        if type(given) ~= "table" then
            problem_add(problems, path, NEGATIVE_EXAMPLE, given)
            return seconds
        end
        for status, value in pairs(given) do
            read_negative(
                seconds,
                status,
                value,
                path,
                problems
            )
        end
        return seconds
    end
}
local SCHEMA = {
    key = option(
        kinds_one_of("raw", "multipart", "json"),
        "raw",
        "what makes two bodies the same: their bytes, the [parts of a form](#forms), or what the [JSON](#json) says"
    ),
    ignore = optional(
        kinds_list_of(kinds.text),
        "with `key = \"json\"`: members of the outermost object that change no answer, such as `{ \"user\", \"stream_options\" }`"
    ),
    by = computed(
        kinds_list_of(BY),
        "`{ \"identity\", \"tenant\", \"class\" }`",
        "who shares answers: callers that are alike in all of these"
    ),
    shared = option(kinds.flag, false, "whether all callers of the route share answers; in place of `by`"),
    credentials = option(
        kinds_one_of("bypass", "key"),
        "bypass",
        "whether requests with credentials that `auth` has not taken away bypass the cache, or have them in their key"
    ),
    key_variables = option(
        kinds_list_of(kinds.variable_name),
        {},
        "more variables for the key, without `$`"
    ),
    request_control = option(kinds.flag, false, "whether clients may ask for [fresh answers](#fresh-answers) with `Cache-Control`"),
    max_bytes = option(
        kinds_whole(1),
        100 * MIB,
        "maximum length of a body that gets a key"
    ),
    max_json_bytes = computed(
        kinds_whole(1, 256 * MIB),
        tostring(JSON_BYTES),
        "with `key = \"json\"`: maximum length of such a body"
    ),
    coalesce = option(kinds.flag, true, "whether requests that ask the same [wait for one answer](#asking-once)"),
    coalesce_seconds = option(kinds.positive, 300, "for how long such a request waits before it asks a node itself"),
    ttl = optional(kinds.duration, "for how long an answer may be used; without it as long as `proxy_cache_valid` says, and an hour in shared memory"),
    negative = optional(NEGATIVE, "for how long answers with other statuses than 200 may be used, such as `{ [404] = \"10s\" }`"),
    errors = optional(errors_in_answers_PATHS, "what of a JSON answer with 200 says that [it is an error](#errors-with-200), such as `{ \"error\" }`; such answers are not stored"),
    stream_buffer_bytes = option(
        kinds_whole(1024, 16 * MIB),
        MIB,
        "how much of an answer shared memory keeps: longer ones are not kept there, and readers of a stream may be so far behind"
    ),
    store = option(
        kinds_one_of("local", "redis"),
        "local",
        "`\"redis\"`: gateways share answers, see [More than one machine](#more-than-one-machine)"
    ),
    redis = optional(redis_tiers_KIND, "with `store = \"redis\"`: where Redis or Valkey is, see [Options of Redis](#options-of-redis); `{}` is a Redis on this machine"),
    answers = option(kinds.text, "openclaw_answers", "the `lua_shared_dict` of answers"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself")
}
____exports.SCHEMA = SCHEMA
--- Raises where options do not go together. Phases: init.
local function check(options, path)
    if options.shared and options.by ~= nil then
        error(path .. " must have by or shared = true, not both", 0)
    end
    if options.store == "redis" and options.redis == nil then
        error(path .. ".redis must be where Redis is, such as { host = \"10.0.2.5\" }, with store = \"redis\"", 0)
    end
    if options.store ~= "redis" and options.redis ~= nil then
        error(path .. ".redis needs store = \"redis\"", 0)
    end
    if options.key == "json" then
        return
    end
    for ____, name in ipairs({"ignore", "max_json_bytes"}) do
        if options[name] ~= nil then
            error(
                problem_child(path, name) .. " needs key = \"json\"",
                0
            )
        end
    end
end
____exports.check = check
--- The variables that say whose answers they are. Phases: init.
local function callers_of(____bindingPattern0)
    local shared
    local by
    by = ____bindingPattern0.by
    shared = ____bindingPattern0.shared
    local found = {}
    if shared then
        return found
    end
    for ____, name in ipairs(by or ({"identity", "tenant", "class"})) do
        local variable = string_match(name, "^%$(.+)$")
        for ____, one in ipairs(variable == nil and CALLERS[name] or ({variable})) do
            found[#found + 1] = one
        end
    end
    return found
end
____exports.callers_of = callers_of
--- The variables that the options name: callers would share what a misspelled one is to keep apart. Phases: init.
local function readings(____bindingPattern0)
    local key_variables
    local by
    by = ____bindingPattern0.by
    key_variables = ____bindingPattern0.key_variables
    local found = {}
    for ____, name in ipairs(by or ({})) do
        local variable = string_match(name, "^%$(.+)$")
        if variable ~= nil then
            found[#found + 1] = {option = "cache.by", variable = variable}
        end
    end
    for ____, variable in ipairs(key_variables) do
        found[#found + 1] = {option = "cache.key_variables", variable = variable}
    end
    return found
end
____exports.readings = readings
--- The longest JSON that is made canonical. Phases: init.
local function most_json_bytes(____bindingPattern0)
    local max_json_bytes
    local max_bytes
    max_bytes = ____bindingPattern0.max_bytes
    max_json_bytes = ____bindingPattern0.max_json_bytes
    return (math_min(max_bytes, max_json_bytes or JSON_BYTES))
end
____exports.most_json_bytes = most_json_bytes
return ____exports
