local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_one_of = kinds.one_of
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local required = ____schema.required
local table_of = ____schema.table_of
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local keys = require("resty.openclaw.identity.keys")
local keys_new = keys.new
local keys_read_all = keys.read_all
local subjects = require("resty.openclaw.identity.subject")
local subjects_check = subjects.check
local subjects_is_declared = subjects.is_declared
local subjects_is_of_certificate = subjects.is_of_certificate
local NAME = "identity"
____exports.NAME = NAME
local REASONS = {
    "missing",
    "malformed",
    "unknown_key",
    "signature",
    "age",
    "body",
    "certificate"
}
local MAX_AGE_SECONDS = 60
local TRUSTED = option(kinds.flag, false, "declares that clients cannot set the variable; permits variables outside the list; see below")
local SUBJECT = required(kinds.variable_name, "the variable that holds the caller, without `$`; see below")
local SCHEMA = {
    accept = optional(
        kinds_one_of("signed", "mutual_tls"),
        "which identities are accepted from the gateway before this one: signed ones, or those that come over a connection with a client certificate"
    ),
    key_files = optional(
        kinds_list_of(kinds.secret_file),
        "with `\"signed\"`: the files of the accepted keys"
    ),
    max_age_seconds = computed(
        kinds.positive,
        tostring(MAX_AGE_SECONDS),
        "with `\"signed\"`: maximum difference between the time of a signature and this machine's clock, in both directions"
    ),
    peers = computed(
        kinds_list_of(kinds.text),
        "all that nginx has verified",
        "with `\"mutual_tls\"`: the subjects of the accepted certificates, as `$ssl_client_s_dn` shows them"
    ),
    sign = optional(
        table_of({
            key_file = required(kinds.secret_file, "the file of the key"),
            subject = again(SUBJECT),
            trusted = again(TRUSTED)
        }),
        "signs the identity for the next gateway"
    ),
    tell = optional(
        table_of({
            subject = again(SUBJECT),
            trusted = again(TRUSTED)
        }),
        "sends the identity without a signature, for a next gateway that accepts `\"mutual_tls\"`"
    ),
    required = option(kinds.flag, true, "whether requests without an identity are rejected"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local function set_of(names)
    if names == nil then
        return nil
    end
    local known = {}
    for ____, name in ipairs(names) do
        known[name] = true
    end
    return known
end
--- Refuses an option that has no effect in this mode.
local function only_for(path, mode, needed, given)
    if mode ~= needed and given ~= nil then
        error(((path .. " is only for accept = \"") .. needed) .. "\"", 0)
    end
end
local function mode_of(options, path)
    local mode = options.accept or "own"
    only_for(path .. ".key_files", mode, "signed", options.key_files)
    only_for(path .. ".max_age_seconds", mode, "signed", options.max_age_seconds)
    only_for(path .. ".peers", mode, "mutual_tls", options.peers)
    if mode == "signed" and options.key_files == nil then
        problem_refuse(path .. ".key_files", "a list with at least one entry", nil)
    end
    if options.sign ~= nil and options.tell ~= nil then
        error(path .. ": \"sign\" and \"tell\" cannot both be given", 0)
    end
    if mode == "own" and options.sign == nil and options.tell == nil then
        error(path .. ": one of \"accept\", \"sign\" and \"tell\" is needed", 0)
    end
    return mode
end
local function subject_of(____bindingPattern0, path)
    local tell
    local sign
    sign = ____bindingPattern0.sign
    tell = ____bindingPattern0.tell
    if sign ~= nil then
        return subjects_check(path .. ".sign.subject", sign.subject, sign.trusted)
    end
    if tell ~= nil then
        return subjects_check(path .. ".tell.subject", tell.subject, tell.trusted)
    end
    return nil
end
--- Counts refused requests by reason; all reasons are shown from the start.
local function refused_by_reason(dict)
    local family = metric_registry_counter(
        metric_registry_open(dict),
        "openclaw_identity_refused_total",
        "Requests refused because of the identity of the caller, by reason.",
        {"reason"}
    )
    local counters = {}
    for ____, reason in ipairs(REASONS) do
        counters[reason] = family:labels(reason)
    end
    return counters
end
--- The settings. Raises when options contradict each other or a key is invalid, without showing it. Phases: init.
local function of(options, path)
    local mode = mode_of(options, path)
    local ____options_0 = options
    local dict = ____options_0.dict
    local sign = ____options_0.sign
    local subject = subject_of(options, path)
    local ____mode_2 = mode
    local ____keys_read_all_result_3 = keys_read_all(path .. ".key_files", options.key_files or ({}))
    local ____temp_4 = options.max_age_seconds or MAX_AGE_SECONDS
    local ____set_of_result_5 = set_of(options.peers)
    local ____options_required_6 = options.required
    local ____subject_7 = subject
    local ____temp_8 = subject ~= nil and subjects_is_of_certificate(subject)
    local ____temp_9 = subject ~= nil and subjects_is_declared(subject)
    local ____temp_1
    if sign == nil then
        ____temp_1 = nil
    else
        ____temp_1 = keys_new(path .. ".sign.key_file", sign.key_file)
    end
    return {
        mode = ____mode_2,
        keys = ____keys_read_all_result_3,
        max_age_seconds = ____temp_4,
        peers = ____set_of_result_5,
        required = ____options_required_6,
        subject = ____subject_7,
        is_of_certificate = ____temp_8,
        is_declared = ____temp_9,
        key = ____temp_1,
        refused = refused_by_reason(dict),
        faults = fault_new(
            NAME,
            metric_registry_open(dict)
        )
    }
end
____exports.of = of
return ____exports
