local ____exports = {}
local tostring = tostring
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask_within = redis_client.ask_within
local links = require("resty.openclaw.redis_client.link")
local links_fail = links.fail
local links_may_ask = links.may_ask
local links_recover = links.recover
local links_report = links.report
local outages = require("resty.openclaw.redis_client.outage")
local outages_last_sentence = outages.last_sentence
local outages_sentence = outages.sentence
local scripts = require("resty.openclaw.cache.redis_tier.scripts")
local scripts_READ = scripts.READ
local values = require("resty.openclaw.cache.redis_tier.value")
local values_MOST_BYTES = values.MOST_BYTES
--- A timer's first question may take longer than a request's: it may need a new connection, which a request then uses.
local CONNECTION_SECONDS = 1
--- Reports why an answer was neither read nor written; whether the log says so. Phases: any.
local function report(____bindingPattern0, err)
    local link
    local outage
    local faults
    faults = ____bindingPattern0.faults
    outage = ____bindingPattern0.outage
    link = ____bindingPattern0.link
    return links_report(
        faults,
        outages_sentence(outage, err, link.routes)
    )
end
____exports.report = report
--- Redis has not answered. Phases: any.
local function fail(tier, err)
    links_fail(
        tier.link,
        report(tier, err)
    )
end
____exports.fail = fail
--- Reads the value of a key. Phases: those that may yield; `seconds` at most.
local function ask(tier, key, seconds)
    local ____tier_0 = tier
    local link = ____tier_0.link
    local prefix = ____tier_0.prefix
    local most = tostring(values_MOST_BYTES)
    return redis_client_ask_within(
        link.redis,
        seconds,
        values_MOST_BYTES,
        "eval",
        scripts_READ,
        "1",
        prefix .. key,
        most
    )
end
____exports.ask = ask
local function probe(tier)
    local first, first_err = ask(tier, "", CONNECTION_SECONDS)
    if first == nil then
        return fail(tier, first_err)
    end
    local reply, err = ask(tier, "", tier.timeout_seconds)
    if reply == nil then
        return fail(tier, err)
    end
    links_recover(
        tier.link,
        tier.faults.plugin,
        outages_last_sentence(tier.outage)
    )
end
--- Whether Redis may be asked now. If it may not, a timer asks it. Phases: any with a request or a timer; does not yield.
local function is_closed(tier)
    return links_may_ask(tier, probe, CONNECTION_SECONDS + tier.timeout_seconds, tier.outage.address)
end
____exports.is_closed = is_closed
--- Whether answers may be taken from Redis and written there at that moment: it replies, and all purges of other gateways are known. Phases: as
-- `is_closed`.
local function is_usable(tier, now)
    local ____tier_1 = tier
    local known_until = ____tier_1.known_until
    return (known_until == nil or now < known_until[0]) and is_closed(tier)
end
____exports.is_usable = is_usable
return ____exports
