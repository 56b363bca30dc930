local ____exports = {}
local fault = require("resty.openclaw.fault")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local keys = require("resty.openclaw.identity.keys")
local subjects = require("resty.openclaw.identity.subject")
local OWNER = "identity"
local REASONS = {
    "missing",
    "malformed",
    "unknown_key",
    "signature",
    "age",
    "body",
    "certificate"
}
local OPTIONS = {
    "accept",
    "key_files",
    "max_age_seconds",
    "peers",
    "sign",
    "tell",
    "required",
    "dict"
}
local function read_peers(options)
    if options.peers == nil then
        return nil
    end
    local peers = {}
    for ____, peer in ipairs(read.list(OWNER, options, "peers")) do
        peers[read.text(OWNER, {peers = peer}, "peers")] = true
    end
    return peers
end
--- An option of another way than the one that is chosen would promise what is not done.
local function only_for(options, way, needed, names)
    if way == needed then
        return
    end
    for ____, name in ipairs(names) do
        if options[name] ~= nil then
            error(((((OWNER .. ": \"") .. name) .. "\" is only for accept = \"") .. needed) .. "\"", 0)
        end
    end
end
local function read_way(options)
    local way = options.accept == nil and "own" or read.one_of(OWNER, options, "accept", {"signed", "mutual_tls"})
    only_for(options, way, "signed", {"key_files", "max_age_seconds"})
    only_for(options, way, "mutual_tls", {"peers"})
    if options.sign ~= nil and options.tell ~= nil then
        error(OWNER .. ": \"sign\" and \"tell\" cannot both be given", 0)
    end
    if way == "own" and options.sign == nil and options.tell == nil then
        error(OWNER .. ": one of \"accept\", \"sign\" and \"tell\" is needed", 0)
    end
    return way
end
--- Counts refused requests by reason; all reasons are shown from the start.
local function refused_by_reason(dict)
    local family = metric_registry.counter(
        metric_registry.open(dict),
        "openclaw_identity_refused_total",
        "Requests refused because of who asks, by reason.",
        {"reason"}
    )
    local counters = {}
    for ____, reason in ipairs(REASONS) do
        counters[reason] = family:labels(reason)
    end
    return counters
end
--- The settings. Raises when an option is wrong, and never shows a key. Phases: init.
function ____exports.read_all(given)
    local options = read.check(OWNER, given, OPTIONS)
    local way = read_way(options)
    local sign = read.group(OWNER, options, "sign")
    local tell = read.group(OWNER, options, "tell")
    local subject
    if sign ~= nil then
        local known = {"key_file", "subject", "trusted"}
        subject = subjects.read_subject(
            "identity: sign",
            read.check("identity: sign", sign, known)
        )
    elseif tell ~= nil then
        subject = subjects.read_subject(
            "identity: tell",
            read.check("identity: tell", tell, {"subject", "trusted"})
        )
    end
    local dict = read.text(OWNER, options, "dict", "openclaw")
    local ____way_1 = way
    local ____temp_2 = way == "signed" and keys.read_all(OWNER, options) or ({})
    local ____read_positive_result_3 = read.positive(OWNER, options, "max_age_seconds", 60)
    local ____read_peers_result_4 = read_peers(options)
    local ____read_flag_result_5 = read.flag(OWNER, options, "required", true)
    local ____subject_6 = subject
    local ____temp_7 = subject ~= nil and subjects.is_of_certificate(subject)
    local ____temp_8 = subject ~= nil and subjects.is_declared(subject)
    local ____temp_0
    if sign == nil then
        ____temp_0 = nil
    else
        ____temp_0 = keys.new("identity: sign", "key_file", sign.key_file)
    end
    return {
        way = ____way_1,
        keys = ____temp_2,
        max_age_seconds = ____read_positive_result_3,
        peers = ____read_peers_result_4,
        required = ____read_flag_result_5,
        subject = ____subject_6,
        is_of_certificate = ____temp_7,
        is_declared = ____temp_8,
        key = ____temp_0,
        refused = refused_by_reason(dict),
        faults = fault.new(
            OWNER,
            metric_registry.open(dict)
        )
    }
end
return ____exports
