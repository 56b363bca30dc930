local ____exports = {}
local json_error = require("resty.openclaw.core.request.json_error")
local request = require("resty.openclaw.core.request.request")
local contract = require("resty.openclaw.gateway.contract")
local checks = require("resty.openclaw.identity.checks")
local claims = require("resty.openclaw.identity.claim")
local settings = require("resty.openclaw.identity.settings")
local RESULT = "openclaw_identity"
--- All spellings of the header that nginx maps to one variable where `underscores_in_headers` is on.
local SPELLINGS = {claims.HEADER, "X_OpenClaw_Identity", "X-OpenClaw_Identity", "X_OpenClaw-Identity"}
local CHECKS = {signed = checks.signed, mutual_tls = checks.with_certificate, own = checks.own}
--- Removes the header from the request.
local function strip()
    if request.variable(claims.VARIABLE) == nil then
        return
    end
    for ____, name in ipairs(SPELLINGS) do
        ngx.req.clear_header(name)
    end
end
local function refuse(identity, reason)
    identity.settings.refused[reason]:inc()
    request.set_variable(RESULT, "")
    ngx.header["WWW-Authenticate"] = claims.HEADER
    if reason == "missing" then
        return json_error.respond(401, "identity_required", "The request has no identity.")
    end
    local why = checks.REASONS[reason]
    json_error.respond(401, "identity_refused", ("The identity of the request is refused: " .. why) .. ".")
end
local function access(self)
    if (request.variable(RESULT) or "") ~= "" then
        return
    end
    local subject, reason = self.check(self.settings)
    if subject == nil then
        return refuse(self, reason)
    end
    if subject == "" then
        if self.settings.required then
            refuse(self, "missing")
        end
        return
    end
    if not request.set_variable(RESULT, subject) then
        self.settings.faults:report("undeclared_variable", "add `map \"\" $", RESULT, " { default \"\"; }` to http in nginx.conf")
    end
end
--- The subject for the next gateway; nothing where there is none.
local function subject_of(its_settings)
    local found = its_settings.mode == "own" and (request.variable(RESULT) or "") or ""
    local ____temp_0
    if found == "" then
        ____temp_0 = checks.subject_of_variable(its_settings)
    else
        ____temp_0 = found
    end
    return ____temp_0
end
--- The header for the next gateway; nothing where none is sent.
local function claim_of(its_settings)
    if its_settings.subject == nil then
        return nil
    end
    local subject = subject_of(its_settings)
    local key = its_settings.key
    if subject == nil or key == nil then
        return subject
    end
    local id = claims.encode(request.variable("openclaw_request_id") or request.variable("request_id")) or "-"
    local claim = claims.write(
        subject,
        request.now(),
        id,
        key.id,
        checks.body_digest()
    )
    local signature, err = checks.signature_of(key, claim)
    if signature == nil then
        its_settings.faults:report("sign", err)
        return nil
    end
    return (claim .. ";s=") .. signature
end
local function admitted(self)
    if self.settings.mode == "signed" and checks.has_another_body() then
        return refuse(self, "body")
    end
    strip()
    local claim = claim_of(self.settings)
    if claim ~= nil then
        ngx.req.set_header(claims.HEADER, claim)
    end
end
local metatable = {__index = {access = access, admitted = admitted}}
local function create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local its_settings = settings.of(options, path)
    local fields = {settings = its_settings, check = CHECKS[its_settings.mode]}
    return setmetatable(fields, metatable)
end
local declaration = {
    name = settings.NAME,
    meaning = "[passes the caller's identity](identity.md) to the next gateway; without it `X-OpenClaw-Identity` is removed from requests",
    order = {access = 300, admitted = 100},
    schema = settings.SCHEMA,
    variables = {[RESULT] = ""},
    create = create,
    without = function() return {access = strip} end
}
____exports.plugin = contract.define(declaration)
--- The plugin alone, from the options in docs/identity.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local identity = contract.alone(declaration, options)
    identity.pass_on = admitted
    return identity
end
____exports.new = alone
return ____exports
