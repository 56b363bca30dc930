local ____exports = {}
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local RETRY_SECONDS = 5
local function challenge(of, error_word, scope)
    if scope == nil then
        scope = ""
    end
    local text = ("Bearer realm=\"" .. of.realm) .. "\""
    if error_word ~= nil then
        text = text .. (", error=\"" .. error_word) .. "\""
    end
    if scope ~= "" then
        text = text .. (", scope=\"" .. scope) .. "\""
    end
    ngx.header["WWW-Authenticate"] = text
end
--- Answers, and ends the request. Phases: access; never returns.
local function refuse(of, reason)
    if reason == "no_keys" then
        return json_error_respond(503, "no_keys", "The gateway has no keys to check credentials with.", RETRY_SECONDS)
    end
    if reason == "unavailable" then
        return json_error_respond(503, "auth_unavailable", "Credentials cannot be checked now.", RETRY_SECONDS)
    end
    if reason == "scope" then
        challenge(of, "insufficient_scope", of.scope)
        return json_error_respond(403, "insufficient_scope", "The credentials do not allow this request.")
    end
    if reason == "route" then
        return json_error_respond(403, "route_not_allowed", "The credentials are not for this service.")
    end
    if reason == "missing" then
        challenge(of)
        local message = "The request has no credentials, or only one of two that are needed."
        return json_error_respond(401, "credentials_required", message)
    end
    if reason == "conflict" then
        challenge(of, "invalid_request")
        return json_error_respond(400, "conflicting_credentials", "The request has credentials that differ.")
    end
    challenge(of, "invalid_token")
    return json_error_respond(401, "invalid_credentials", "The credentials of the request are not valid.")
end
____exports.refuse = refuse
return ____exports
