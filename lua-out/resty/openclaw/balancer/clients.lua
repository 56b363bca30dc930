local ____exports = {}
local client_network = require("resty.openclaw.core.request.client_network")
local client_network_of_request = client_network.of_request
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- Slots of the common block that a record takes.
local SLOTS = 3
____exports.SLOTS = SLOTS
--- The client of the last sample, and its time; the time of the last sample of another client than before.
local LAST = 0
local SAMPLED_AT = 1
local CHANGED_AT = 2
--- One answer is sampled in so many seconds.
local SECONDS_BETWEEN_SAMPLES = 0.1
--- A client counts for so many seconds.
local RECENT_SECONDS = 60
--- A number above 0 for a text. Two texts have the same one with a chance of 1 in 4 billion.
local function number_of(text)
    return 1 + ngx.crc32_short(text)
end
--- A number above 0 for the client of the request at hand. Phases: all with a request.
local function of_request()
    return number_of(client_network_of_request() .. (request_variable("openclaw_identity") or ""))
end
____exports.of_request = of_request
--- A number for the content of the request: its URI, and the digest, if there is one, and length of its body.
local function of_content()
    local digest = request_variable("request_body_sha256") or request_variable("request_body_md5") or ""
    local length = request_variable("content_length") or ""
    return number_of(((((request_variable("request_uri") or "") .. " ") .. length) .. " ") .. digest)
end
--- Whether a moment, 0 for never, was in the last so many seconds.
local function is_recent(moment, now, seconds)
    return moment ~= 0 and now - moment < seconds
end
--- Records a good answer to the client at hand. Cheap: nearly always a comparison. Phases: header_filter, log.
local function note(record, now)
    if is_recent(record[SAMPLED_AT], now, SECONDS_BETWEEN_SAMPLES) then
        return
    end
    local client = of_request()
    if record[LAST] ~= client and record[LAST] ~= 0 then
        record[CHANGED_AT] = now
    end
    record[LAST] = client
    record[SAMPLED_AT] = now
end
____exports.note = note
--- Whether another client than this one was answered well in the last minute. Phases: any.
local function has_other_clients(record, now, client)
    if is_recent(record[CHANGED_AT], now, RECENT_SECONDS) then
        return true
    end
    local last = record[LAST]
    return last ~= 0 and last ~= client and is_recent(record[SAMPLED_AT], now, RECENT_SECONDS)
end
____exports.has_other_clients = has_other_clients
--- The sender of the request at hand, which may be the cause of its failure. Phases: all with a request.
local function suspect(record, now)
    local client = of_request()
    return {
        client = client,
        request = of_content(),
        has_other_clients = has_other_clients(record, now, client)
    }
end
____exports.suspect = suspect
return ____exports
