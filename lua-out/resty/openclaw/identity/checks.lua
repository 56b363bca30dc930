local ____exports = {}
local digests = require("resty.openclaw.core.bytes.digest")
local request = require("resty.openclaw.core.request.request")
local claims = require("resty.openclaw.identity.claim")
local keys = require("resty.openclaw.identity.keys")
--- The reasons, as the error response explains them.
____exports.REASONS = {
    malformed = "it is malformed",
    unknown_key = "its key is not known here",
    signature = "its signature is wrong",
    age = "it is too old, or from the future",
    body = "the body does not match the signed digest",
    certificate = "it did not come with an accepted certificate"
}
--- The signature of a claim for the current request. On failure nil and why.
function ____exports.signature_of(key, claim)
    local method = request.variable("request_method") or ""
    return keys.sign(
        key,
        claim,
        method,
        request.variable("request_uri") or ""
    )
end
--- The identity that the previous gateway has signed.
function ____exports.signed(settings)
    local text = request.variable(claims.VARIABLE)
    if text == nil then
        return ""
    end
    local written, key_id, signature = claims.split(text)
    if written == nil or key_id == nil then
        return nil, "malformed"
    end
    local key = settings.keys[key_id]
    if key == nil then
        return nil, "unknown_key"
    end
    local expected, err = ____exports.signature_of(key, written)
    if expected == nil then
        settings.faults:report("sign", err)
    end
    if not digests.same(expected or "", signature) then
        return nil, "signature"
    end
    local claim = claims.read(written)
    if claim == nil then
        return nil, "malformed"
    end
    if math.abs(request.now() - claim.time) > settings.max_age_seconds then
        return nil, "age"
    end
    return claim.subject
end
--- The identity that came over a connection with a client certificate.
function ____exports.with_certificate(settings)
    local text = request.variable(claims.VARIABLE)
    if text == nil then
        return ""
    end
    if request.variable("ssl_client_verify") ~= "SUCCESS" then
        return nil, "certificate"
    end
    local peers = settings.peers
    if peers ~= nil and not (peers[request.variable("ssl_client_s_dn") or ""] ~= nil) then
        return nil, "certificate"
    end
    local subject = claims.subject_of(text)
    if subject == nil then
        return nil, "malformed"
    end
    return subject
end
--- The identity in the variable of the options; nothing where it is empty.
function ____exports.subject_of_variable(settings)
    if settings.is_of_certificate and request.variable("ssl_client_verify") ~= "SUCCESS" then
        return nil
    end
    local value = request.variable(settings.subject)
    if value == nil and settings.is_declared then
        settings.faults:report("undeclared_subject", "nginx.conf declares no variable $", settings.subject)
    end
    local subject = claims.encode(value)
    return subject
end
--- The identity that this gateway establishes itself.
function ____exports.own(settings)
    return ____exports.subject_of_variable(settings) or ""
end
--- The SHA-256 of the body in hex, if body_digest has computed it.
function ____exports.body_digest()
    local digest = string.match(
        request.variable("request_body_sha256") or "",
        "^%x+$"
    )
    return digest
end
--- Whether the signed digest is that of another body; false where either digest is missing.
function ____exports.has_another_body()
    local written = claims.split(request.variable(claims.VARIABLE) or "")
    local claim = claims.read(written or "")
    local digest = request.variable("request_body_sha256") or ""
    return (claim and claim.body) ~= nil and digest ~= "" and digest ~= claim.body
end
return ____exports
