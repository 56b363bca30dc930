local ____exports = {}
____exports.HEADER = "X-OpenClaw-Identity"
____exports.VARIABLE = "http_x_openclaw_identity"
local MOST_SUBJECT_BYTES = 256
local MOST_BYTES = 1024
--- As in the id of a request. All else is written as "%" and two digits.
local UNFIT = "[^%w._:/+=@-]"
local FIT = "^[%w._:/+=@%%-]+$"
local function escaped(letter)
    return string.format(
        "%%%02X",
        string.byte(letter)
    )
end
--- A text in letters that may stand anywhere; nothing when it has none, or more than 256 of them. Phases: any.
function ____exports.fit(text)
    if text == nil or text == "" then
        return nil
    end
    local written = string.gsub(text, UNFIT, escaped)
    local ____temp_0
    if #written > MOST_SUBJECT_BYTES then
        ____temp_0 = nil
    else
        ____temp_0 = written
    end
    return ____temp_0
end
--- All of a claim but its signature. The texts must be fit. Phases: any.
function ____exports.write(subject, time, request_id, key_id, body)
    local claim = string.format(
        "%s;t=%d;n=%s;k=%s",
        subject,
        time,
        request_id,
        key_id
    )
    return body == nil and claim or (claim .. ";b=") .. body
end
--- A header as what is signed, the id of the key and the signature; nothing where it is not of that form. Phases: any.
function ____exports.split(text)
    if #text > MOST_BYTES then
        return nil, nil, ""
    end
    local signed, signature = string.match(text, "^(.+);s=(%x+)$")
    local key_id = string.match(signed or "", ";k=(%x+)")
    return signed, key_id, signature or ""
end
--- What was signed; nothing where it is not of that form. Phases: any.
function ____exports.read(signed)
    local subject, time, rest = string.match(signed, "^([^;]+);t=(%d+);n=[^;]+;k=%x+(.*)$")
    if subject == nil or #time > 10 or (string.match(subject, FIT)) == nil then
        return nil
    end
    local body = string.match(rest, "^;b=(%x+)$")
    if body == nil and rest ~= "" then
        return nil
    end
    return {
        subject = subject,
        time = tonumber(time),
        body = body
    }
end
--- The subject of a header, whether or not it is signed; nothing where there is none that is fit. Phases: any.
function ____exports.subject_of(text)
    local subject = string.match(text, "^([^;]*)")
    local is_fit = #subject <= MOST_SUBJECT_BYTES and (string.match(subject, FIT)) ~= nil
    local ____is_fit_1
    if is_fit then
        ____is_fit_1 = subject
    else
        ____is_fit_1 = nil
    end
    return ____is_fit_1
end
return ____exports
