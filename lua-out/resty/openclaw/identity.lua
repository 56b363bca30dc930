local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_set_variable = request.set_variable
local request_variable = request.variable
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local checks = require("resty.openclaw.identity.checks")
local checks_REASONS = checks.REASONS
local checks_body_digest = checks.body_digest
local checks_has_another_body = checks.has_another_body
local checks_signature_of = checks.signature_of
local checks_subject_of_variable = checks.subject_of_variable
local claims = require("resty.openclaw.identity.claim")
local claims_HEADER = claims.HEADER
local claims_VARIABLE = claims.VARIABLE
local claims_encode = claims.encode
local claims_is_encoded = claims.is_encoded
local claims_write = claims.write
local settings = require("resty.openclaw.identity.settings")
local settings_NAME = settings.NAME
local settings_SCHEMA = settings.SCHEMA
local settings_of = settings.of
local RESULT = "openclaw_identity"
--- All spellings of the header that nginx maps to one variable where `underscores_in_headers` is on.
local SPELLINGS = {claims_HEADER, "X_OpenClaw_Identity", "X-OpenClaw_Identity", "X_OpenClaw-Identity"}
local CHECKS = {signed = checks.signed, mutual_tls = checks.with_certificate, own = checks.own}
--- Removes the header from the request.
local function strip()
    if request_variable(claims_VARIABLE) == nil then
        return
    end
    for ____, name in ipairs(SPELLINGS) do
        ngx.req.clear_header(name)
    end
end
local function refuse(identity, reason)
    identity.settings.refused[reason]:inc()
    request_set_variable(RESULT, "")
    ngx.header["WWW-Authenticate"] = claims_HEADER
    if reason == "missing" then
        return json_error_respond(401, "identity_required", "The request has no identity.")
    end
    local why = checks_REASONS[reason]
    json_error_respond(401, "identity_refused", ("The identity of the request is refused: " .. why) .. ".")
end
local function access(self)
    if (request_variable(RESULT) or "") ~= "" then
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
    if not request_set_variable(RESULT, subject) then
        self.settings.faults:report("undeclared_variable", "add `map \"\" $", RESULT, " { default \"\"; }` to http in nginx.conf")
    end
end
--- The subject for the next gateway; nothing where there is none. What others have set as the identity, such as `auth`, may have any
-- characters, and is encoded here; what this plugin has set itself is encoded already.
local function subject_of(its_settings)
    local found = its_settings.mode == "own" and (request_variable(RESULT) or "") or ""
    if found == "" or its_settings.subject == RESULT then
        return checks_subject_of_variable(its_settings)
    end
    return claims_is_encoded(found) and found or claims_encode(found)
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
    local id = claims_encode(request_variable("openclaw_request_id") or request_variable("request_id")) or "-"
    local claim = claims_write(
        subject,
        request_now(),
        id,
        key.id,
        checks_body_digest()
    )
    local signature, err = checks_signature_of(key, claim)
    if signature == nil then
        its_settings.faults:report("sign", err)
        return nil
    end
    return (claim .. ";s=") .. signature
end
local function admitted(self)
    if self.settings.mode == "signed" and checks_has_another_body() then
        return refuse(self, "body")
    end
    strip()
    local claim = claim_of(self.settings)
    if claim ~= nil then
        ngx.req.set_header(claims_HEADER, claim)
    end
end
local metatable = {__index = {access = access, admitted = admitted}}
local function create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local its_settings = settings_of(options, path)
    local fields = {settings = its_settings, check = CHECKS[its_settings.mode]}
    return setmetatable(fields, metatable)
end
local declaration = {
    name = settings_NAME,
    meaning = "[passes the caller's identity](identity.md) to the next gateway; without it `X-OpenClaw-Identity` is removed from requests",
    order = {access = 300, admitted = 100},
    schema = settings_SCHEMA,
    variables = {[RESULT] = ""},
    create = create,
    without = function() return {access = strip} end
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/identity.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local identity = contract_alone(declaration, options)
    identity.pass_on = admitted
    return identity
end
____exports.new = alone
return ____exports
