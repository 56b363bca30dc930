local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local math_abs = math.abs
local math_huge = math.huge
local string_byte = string.byte
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local string_sub = string.sub
local table_sort = table.sort
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local STANDARD = "standard"
local MOST_TEXT_BYTES = 256
local MOST_CLASS_BYTES = 64
--- Up to here, every whole number has digits of its own.
local MOST_WHOLE = 2 ^ 53
--- Makes settings ready. Phases: init.
local function create(settings)
    local ____settings_0 = settings
    local audience = ____settings_0.audience
    local headers = ____settings_0.headers
    local claims_of_headers = {}
    for claim in pairs(headers or ({})) do
        claims_of_headers[#claims_of_headers + 1] = claim
    end
    table_sort(claims_of_headers)
    local ____temp_1
    if audience == false then
        ____temp_1 = nil
    else
        ____temp_1 = type(audience) == "string" and ({audience}) or audience
    end
    local audiences = ____temp_1
    return {settings = settings, audiences = audiences, claims_of_headers = claims_of_headers}
end
____exports.new = create
--- Whether a claim is a moment; "1e999" is a number in JSON, too.
local function is_time(value)
    return type(value) == "number" and value > -math_huge and value < math_huge
end
--- What is wrong with the times of a token.
local function time_problem(claims, leeway, now)
    local ____claims_2 = claims
    local exp = ____claims_2.exp
    local nbf = ____claims_2.nbf
    local iat = ____claims_2.iat
    if not is_time(exp) then
        return "claims"
    end
    if nbf ~= nil and not is_time(nbf) or iat ~= nil and not is_time(iat) then
        return "claims"
    end
    if now >= exp + leeway then
        return "expired"
    end
    if nbf ~= nil and now < nbf - leeway then
        return "not_yet_valid"
    end
    if iat ~= nil and now < iat - leeway then
        return "not_yet_valid"
    end
    return nil
end
--- Whether one of the texts is in a list from a token.
local function has_any(list, wanted)
    if type(list) ~= "table" then
        return false
    end
    for ____, entry in ipairs(list) do
        for ____, text in ipairs(wanted) do
            if entry == text then
                return true
            end
        end
    end
    return false
end
local function is_for_us(aud, audiences)
    local ____temp_3
    if type(aud) == "string" then
        ____temp_3 = has_any({aud}, audiences)
    else
        ____temp_3 = has_any(aud, audiences)
    end
    return ____temp_3
end
--- Whether a token has all of the scopes: in `scope` or else `scp`, each of which may be a text with spaces, or a list.
local function has_scopes(claims, wanted)
    local ____claims_scope_4 = claims.scope
    if ____claims_scope_4 == nil then
        ____claims_scope_4 = claims.scp
    end
    local given = ____claims_scope_4
    for ____, scope in ipairs(wanted) do
        local is_there
        if type(given) == "string" then
            local found = string_find((" " .. given) .. " ", (" " .. scope) .. " ", 1, true)
            is_there = found ~= nil
        else
            is_there = has_any(given, {scope})
        end
        if not is_there then
            return false
        end
    end
    return true
end
--- A text, number or truth value as text; nothing for all else.
local function text_of(value)
    if type(value) == "string" then
        return value
    end
    if type(value) == "boolean" then
        return (tostring(value))
    end
    if not is_time(value) then
        return nil
    end
    local is_whole = value % 1 == 0 and math_abs(value) < MOST_WHOLE
    local digits = string_format(is_whole and "%.0f" or "%.14g", value)
    return digits
end
--- A claim that names somebody; empty where there is none, and nothing when it cannot stand in a log or a variable.
local function name_of(value)
    if value == nil then
        return ""
    end
    local text = text_of(value)
    if text == nil or #text > MOST_TEXT_BYTES then
        return nil
    end
    local control = string_find(text, "%c")
    return control == nil and text or nil
end
local NAME_BYTES = 8
--- The identity of a token without a subject. Each has one of its own: nothing that is kept for one caller may be given to another that
-- has no name either. `id`: the token's SHA-256.
local function name_without_subject(id)
    local digits = string_gsub(
        string_sub(
            id or random_hex(2),
            1,
            NAME_BYTES
        ),
        ".",
        function(byte) return (string_format(
            "%02x",
            string_byte(byte)
        )) end
    )
    return "token-" .. digits
end
local function class_of(claims, ____bindingPattern0)
    local classes
    local class_claim
    class_claim = ____bindingPattern0.class_claim
    classes = ____bindingPattern0.classes
    if class_claim == nil then
        return STANDARD
    end
    local text = text_of(claims[class_claim])
    if text == nil then
        return STANDARD
    end
    if classes ~= nil then
        return classes[text] or STANDARD
    end
    local found = string_find(text, "^[%w_.-]+$")
    return found ~= nil and #text <= MOST_CLASS_BYTES and text or STANDARD
end
--- The headers for nodes. A value that is no plain text is left out: it could end the header, or be another one to the node.
local function headers_of(claims, rules)
    local headers = {}
    for ____, claim in ipairs(rules.claims_of_headers) do
        local text = text_of(claims[claim]) or ""
        local plain = string_find(text, "^[ -~]+$")
        if plain ~= nil and #text <= MOST_TEXT_BYTES then
            headers[#headers + 1] = {rules.settings.headers[claim], text}
        end
    end
    return headers
end
--- What is wrong with a token, by the claims that RFC 7519 names.
local function problem(rules, claims, now)
    local ____rules_5 = rules
    local settings = ____rules_5.settings
    local audiences = ____rules_5.audiences
    local found = time_problem(claims, settings.leeway_seconds, now)
    if found ~= nil then
        return found
    end
    if settings.issuer ~= false and claims.iss ~= settings.issuer then
        return "issuer"
    end
    if audiences ~= nil and not is_for_us(claims.aud, audiences) then
        return "audience"
    end
    return nil
end
--- The caller that claims speak of, or why they are refused. `exp` must be there. Phases: any. Never raises.
-- 
-- The subject and the tenant are refused where they are no text, number or truth value of up to 256 bytes without control characters.
-- A class without an entry in `classes` is "standard". `id`: the token's SHA-256.
local function check(rules, claims, now, id)
    local ____rules_6 = rules
    local settings = ____rules_6.settings
    local found = problem(rules, claims, now)
    if found ~= nil then
        return nil, found
    end
    local identity = name_of(claims.sub)
    local ____settings_7 = settings
    local tenant_claim = ____settings_7.tenant_claim
    local tenant = tenant_claim == nil and "" or name_of(claims[tenant_claim])
    if identity == nil or tenant == nil then
        return nil, "claims"
    end
    if settings.required_scopes ~= nil and not has_scopes(claims, settings.required_scopes) then
        return nil, "scope"
    end
    return {
        identity = identity == "" and name_without_subject(id) or identity,
        tenant = tenant,
        class = class_of(claims, settings),
        headers = headers_of(claims, rules),
        expires_at = claims.exp
    }
end
____exports.check = check
return ____exports
