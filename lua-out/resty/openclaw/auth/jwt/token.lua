local ____exports = {}
local ipairs = ipairs
local type = type
local string_find = string.find
local string_lower = string.lower
local base64url = require("resty.openclaw.core.bytes.base64url")
local base64url_decode = base64url.decode
local json_object = require("resty.openclaw.auth.jwt.json_object")
local json_object_read = json_object.read
local table_clear = require("table.clear")
local MOST_BYTES = 8192
____exports.MOST_BYTES = MOST_BYTES
local MOST_KID_BYTES = 256
local HEADER_LIMITS = {max_depth = 8, max_members = 64, unique_names = true}
local CLAIMS_LIMITS = {max_depth = 16, max_members = 1024, unique_names = true}
--- What `typ` may be, in small letters: of a JWT, or of an access token (RFC 9068, section 4).
local TYPES = {}
TYPES.jwt = true
TYPES["at+jwt"] = true
TYPES["application/jwt"] = true
TYPES["application/at+jwt"] = true
--- Members that are for encrypted tokens, or that we would have to understand. `jku`, `jwk`, `x5u` and `x5c` are never looked at.
local REFUSED_MEMBERS = {"crit", "enc", "zip"}
--- Whether a header is one of a token that we may look at further.
local function is_plain(header)
    for ____, name in ipairs(REFUSED_MEMBERS) do
        if header[name] ~= nil then
            return false
        end
    end
    local ____header_0 = header
    local typ = ____header_0.typ
    return typ == nil or type(typ) == "string" and TYPES[string_lower(typ)] ~= nil
end
--- Headers that came before, by their texts: all tokens that are signed by one key have the same.
local known = {}
local known_count = 0
local MOST_KNOWN = 64
local MOST_KNOWN_BYTES = 512
--- Reads what the header says; nothing when it is refused.
local function read_header(json)
    local header = json_object_read(json, HEADER_LIMITS)
    if header == nil or not is_plain(header) then
        return nil
    end
    local ____header_1 = header
    local alg = ____header_1.alg
    local kid = ____header_1.kid
    if type(alg) ~= "string" then
        return nil
    end
    if kid ~= nil and (type(kid) ~= "string" or #kid > MOST_KID_BYTES) then
        return nil
    end
    return {algorithm = alg, kid = kid}
end
local function header_of(json)
    local header = known[json] or read_header(json)
    if header == nil or #json > MOST_KNOWN_BYTES or known[json] ~= nil then
        return header
    end
    if known_count == MOST_KNOWN then
        table_clear(known)
        known_count = 0
    end
    known[json] = header
    known_count = known_count + 1
    return header
end
--- The parts of a token. Nothing unless it has three, in strict base64url, up to 8 KB, and a JSON object as its header, in which no name
-- comes twice. Refused as well: `crit`, since we understand no extension; encrypted tokens; a `typ` other than JWT and at+jwt; a `kid` that
-- is no string of up to 256 bytes. Phases: any.
local function parse(text)
    if #text > MOST_BYTES then
        return nil
    end
    local first = string_find(text, ".", 1, true)
    if first == nil then
        return nil
    end
    local second = string_find(text, ".", first + 1, true)
    if second == nil then
        return nil
    end
    local signature = base64url_decode(text, second + 1)
    local json = base64url_decode(text, 1, first - 1)
    if signature == nil or json == nil then
        return nil
    end
    local header = header_of(json)
    if header == nil then
        return nil
    end
    local algorithm = header.algorithm
    local kid = header.kid
    return {
        algorithm = algorithm,
        kid = kid,
        text = text,
        signed_bytes = second - 1,
        signature = signature,
        payload_at = first + 1
    }
end
____exports.parse = parse
--- The claims of a token whose signature is checked; nothing unless they are one JSON object in which no name comes twice. Phases: any.
local function claims_of(token)
    local json = base64url_decode(token.text, token.payload_at, token.signed_bytes)
    if json == nil then
        return nil
    end
    local claims = json_object_read(json, CLAIMS_LIMITS)
    return claims
end
____exports.claims_of = claims_of
return ____exports
