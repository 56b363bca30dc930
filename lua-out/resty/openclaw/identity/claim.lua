local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local string_match = string.match
local HEADER = "X-OpenClaw-Identity"
____exports.HEADER = HEADER
local VARIABLE = "http_x_openclaw_identity"
____exports.VARIABLE = VARIABLE
local MOST_SUBJECT_BYTES = 256
local MOST_BYTES = 1024
--- Characters that are percent-encoded, and what an encoded subject consists of.
local UNSAFE = "[^%w._:/+=@-]"
local ENCODED = "^[%w._:/+=@%%-]+$"
local function escaped(letter)
    return (string_format(
        "%%%02X",
        string_byte(letter)
    ))
end
--- Percent-encodes a subject or id; nothing for an empty one, or one that is longer than 256 bytes when encoded. Phases: any.
local function encode(text)
    if text == nil or text == "" then
        return nil
    end
    local written = string_gsub(text, UNSAFE, escaped)
    local ____temp_0
    if #written > MOST_SUBJECT_BYTES then
        ____temp_0 = nil
    else
        ____temp_0 = written
    end
    return ____temp_0
end
____exports.encode = encode
--- Whether a subject consists of the characters of an encoded one. Phases: any.
local function is_encoded(subject)
    local found = string_find(subject, ENCODED)
    return found ~= nil and #subject <= MOST_SUBJECT_BYTES
end
____exports.is_encoded = is_encoded
--- A claim without its signature. Subject and ids must be encoded. Phases: any.
local function write(subject, time, request_id, key_id, body)
    local claim = string_format(
        "%s;t=%d;n=%s;k=%s",
        subject,
        time,
        request_id,
        key_id
    )
    return body == nil and claim or (claim .. ";b=") .. body
end
____exports.write = write
--- Splits a header into what is signed, the id of the key and the signature; nothing where it is malformed. Phases: any.
local function split(text)
    if #text > MOST_BYTES then
        return nil, nil, ""
    end
    local signed, signature = string_match(text, "^(.+);s=(%x+)$")
    local key_id = string_match(signed or "", ";k=(%x+)")
    return signed, key_id, signature or ""
end
____exports.split = split
--- Reads what is signed; nothing where it is malformed. Phases: any.
local function read(signed)
    local subject, time, rest = string_match(signed, "^([^;]+);t=(%d+);n=[^;]+;k=%x+(.*)$")
    if subject == nil or #time > 10 or (string_match(subject, ENCODED)) == nil then
        return nil
    end
    local body = string_match(rest, "^;b=(%x+)$")
    if body == nil and rest ~= "" then
        return nil
    end
    return {
        subject = subject,
        time = tonumber(time),
        body = body
    }
end
____exports.read = read
--- The subject of a header, signed or not; nothing where it is malformed. Phases: any.
local function subject_of(text)
    local subject = string_match(text, "^([^;]*)")
    local ____is_encoded_result_1
    if is_encoded(subject) then
        ____is_encoded_result_1 = subject
    else
        ____is_encoded_result_1 = nil
    end
    return ____is_encoded_result_1
end
____exports.subject_of = subject_of
return ____exports
