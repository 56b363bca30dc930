local ____exports = {}
local client_network = require("resty.openclaw.core.request.client_network")
local request = require("resty.openclaw.core.request.request")
--- Slots of the common block that a record takes.
____exports.SLOTS = 3
--- The client of the last answer that was looked at, and when; and when that was another one than before.
local LAST = 0
local LOOKED_AT = 1
local CHANGED_AT = 2
--- Answers are looked at once in so many seconds.
local SECONDS_BETWEEN_LOOKS = 0.1
--- Who was there so many seconds ago still counts.
local SEEN_SECONDS = 60
--- A number above 0 for a text; two texts may have the same one, once in four thousand million.
local function number_of(text)
    return 1 + ngx.crc32_short(text)
end
--- A number above 0 for the client of the request at hand. Phases: all with a request.
function ____exports.of_request()
    return number_of(client_network.of_request() .. (request.variable("openclaw_identity") or ""))
end
--- A number for what it asks; the body counts by its digest, where there is one, and by its length.
local function of_content()
    local digest = request.variable("request_body_sha256") or request.variable("request_body_md5") or ""
    local length = request.variable("content_length") or ""
    return number_of(((((request.variable("request_uri") or "") .. " ") .. length) .. " ") .. digest)
end
--- Notes whose a good answer is. Cheap: nearly always a comparison. Phases: header_filter, log.
function ____exports.note(record, now)
    if math.abs(now - record[LOOKED_AT]) < SECONDS_BETWEEN_LOOKS then
        return
    end
    local client = ____exports.of_request()
    if record[LAST] ~= client and record[LAST] ~= 0 then
        record[CHANGED_AT] = now
    end
    record[LAST] = client
    record[LOOKED_AT] = now
end
--- Whether another client than this one was answered well lately. Phases: any.
function ____exports.has_company(record, now, client)
    if math.abs(now - record[CHANGED_AT]) < SEEN_SECONDS then
        return true
    end
    local last = record[LAST]
    return last ~= 0 and last ~= client and math.abs(now - record[LOOKED_AT]) < SEEN_SECONDS
end
--- Whom to suspect of a failure of the request at hand. Phases: all with a request.
function ____exports.suspect(record, now)
    local client = ____exports.of_request()
    return {
        client = client,
        request = of_content(),
        has_company = ____exports.has_company(record, now, client)
    }
end
return ____exports
