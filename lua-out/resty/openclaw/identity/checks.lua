local ____exports = {}
local math_abs = math.abs
local string_match = string.match
local digests = require("resty.openclaw.core.bytes.digest")
local digests_same = digests.same
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_variable = request.variable
local claims = require("resty.openclaw.identity.claim")
local claims_VARIABLE = claims.VARIABLE
local claims_encode = claims.encode
local claims_read = claims.read
local claims_split = claims.split
local claims_subject_of = claims.subject_of
local keys = require("resty.openclaw.identity.keys")
local keys_sign = keys.sign
--- The reasons, as the error response explains them.
local REASONS = {
    malformed = "it is malformed",
    unknown_key = "its key is not known here",
    signature = "its signature is wrong",
    age = "it is too old, or from the future",
    body = "the body does not match the signed digest",
    certificate = "it did not come with an accepted certificate"
}
____exports.REASONS = REASONS
--- The signature of a claim for the current request. On failure nil and why.
local function signature_of(key, claim)
    local method = request_variable("request_method") or ""
    return keys_sign(
        key,
        claim,
        method,
        request_variable("request_uri") or ""
    )
end
____exports.signature_of = signature_of
--- The identity that the previous gateway has signed.
local function signed(settings)
    local text = request_variable(claims_VARIABLE)
    if text == nil then
        return ""
    end
    local written, key_id, signature = claims_split(text)
    if written == nil or key_id == nil then
        return nil, "malformed"
    end
    local key = settings.keys[key_id]
    if key == nil then
        return nil, "unknown_key"
    end
    local expected, err = signature_of(key, written)
    if expected == nil then
        settings.faults:report("sign", err)
    end
    if not digests_same(expected or "", signature) then
        return nil, "signature"
    end
    local claim = claims_read(written)
    if claim == nil then
        return nil, "malformed"
    end
    if math_abs(request_now() - claim.time) > settings.max_age_seconds then
        return nil, "age"
    end
    return claim.subject
end
____exports.signed = signed
--- The identity that came over a connection with a client certificate.
local function with_certificate(settings)
    local text = request_variable(claims_VARIABLE)
    if text == nil then
        return ""
    end
    if request_variable("ssl_client_verify") ~= "SUCCESS" then
        return nil, "certificate"
    end
    local peers = settings.peers
    if peers ~= nil and not (peers[request_variable("ssl_client_s_dn") or ""] ~= nil) then
        return nil, "certificate"
    end
    local subject = claims_subject_of(text)
    if subject == nil then
        return nil, "malformed"
    end
    return subject
end
____exports.with_certificate = with_certificate
--- The identity in the variable of the options; nothing where it is empty.
local function subject_of_variable(settings)
    if settings.is_of_certificate and request_variable("ssl_client_verify") ~= "SUCCESS" then
        return nil
    end
    local value = request_variable(settings.subject)
    if value == nil and settings.is_declared then
        settings.faults:report("undeclared_subject", "nginx.conf declares no variable $", settings.subject)
    end
    local subject = claims_encode(value)
    return subject
end
____exports.subject_of_variable = subject_of_variable
--- The identity that this gateway establishes itself.
local function own(settings)
    return subject_of_variable(settings) or ""
end
____exports.own = own
--- The SHA-256 of the body in hex, if body_digest has computed it.
local function body_digest()
    local digest = string_match(
        request_variable("request_body_sha256") or "",
        "^%x+$"
    )
    return digest
end
____exports.body_digest = body_digest
--- Whether the signed digest is that of another body; false where either digest is missing.
local function has_another_body()
    local written = claims_split(request_variable(claims_VARIABLE) or "")
    local claim = claims_read(written or "")
    local digest = request_variable("request_body_sha256") or ""
    return (claim and claim.body) ~= nil and digest ~= "" and digest ~= claim.body
end
____exports.has_another_body = has_another_body
return ____exports
