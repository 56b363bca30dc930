local ____exports = {}
local checks = require("resty.openclaw.identity.checks")
local claims = require("resty.openclaw.identity.claim")
local settings = require("resty.openclaw.identity.settings")
local json_error = require("resty.openclaw.json_error")
local request = require("resty.openclaw.request")
local RESULT = "openclaw_identity"
--- The header's name in all ways that nginx reads as one where `underscores_in_headers` is on.
local SPELLINGS = {claims.HEADER, "X_OpenClaw_Identity", "X-OpenClaw_Identity", "X_OpenClaw-Identity"}
local CHECKS = {signed = checks.signed, mutual_tls = checks.with_certificate, own = checks.own}
--- Takes away what the request says of who asks.
local function strip()
    if request.variable(claims.VARIABLE) == nil then
        return
    end
    for ____, name in ipairs(SPELLINGS) do
        ngx.req.clear_header(name)
    end
end
local function refuse(identity, reason)
    identity.refused[reason]:inc()
    request.set_variable(RESULT, "")
    ngx.header["WWW-Authenticate"] = claims.HEADER
    if reason == "missing" then
        return json_error.respond(401, "identity_required", "The request does not say who asks.")
    end
    local why = checks.REASONS[reason]
    json_error.respond(401, "identity_refused", ("What the request says of who asks is refused: " .. why) .. ".")
end
local function access(self)
    if (request.variable(RESULT) or "") ~= "" then
        return
    end
    local subject, reason = self.check(self)
    if subject == nil then
        return refuse(self, reason)
    end
    if subject == "" then
        if self.required then
            refuse(self, "missing")
        end
        return
    end
    if not request.set_variable(RESULT, subject) then
        self.faults:report("undeclared_variable", "add `map \"\" $", RESULT, " { default \"\"; }` to http in nginx.conf")
    end
end
--- The subject for the next gateway; nothing where there is none.
local function subject_of(identity)
    local found = identity.way == "own" and (request.variable(RESULT) or "") or ""
    local ____temp_0
    if found == "" then
        ____temp_0 = checks.named(identity)
    else
        ____temp_0 = found
    end
    return ____temp_0
end
--- The header for the next gateway; nothing where nobody is told.
local function word_of(identity)
    if identity.subject == nil then
        return nil
    end
    local subject = subject_of(identity)
    local key = identity.key
    if subject == nil or key == nil then
        return subject
    end
    local id = claims.fit(request.variable("openclaw_request_id") or request.variable("request_id")) or "-"
    local claim = claims.write(
        subject,
        request.now(),
        id,
        key.id,
        checks.body_digest()
    )
    local signature, err = checks.signature_of(key, claim)
    if signature == nil then
        identity.faults:report("sign", err)
        return nil
    end
    return (claim .. ";s=") .. signature
end
local function pass_on(self)
    if self.way == "signed" and checks.is_of_another_body() then
        return refuse(self, "body")
    end
    strip()
    local word = word_of(self)
    if word ~= nil then
        ngx.req.set_header(claims.HEADER, word)
    end
end
local metatable = {__index = {access = access, pass_on = pass_on}}
--- Makes the plugin. Raises when an option is wrong, and never shows a key. Phases: init.
-- Options: `accept` ("signed" or "mutual_tls"), `key_files`, `max_age_seconds` (60), `peers`, `sign` ({ key_file,
-- subject }), `tell` ({ subject }), `required` (true), `dict` ("openclaw"). See docs/identity.md.
local function create(given)
    if given == nil then
        given = {}
    end
    local identity = settings.read_all(given)
    identity.check = CHECKS[identity.way]
    return setmetatable(identity, metatable)
end
____exports.new = create
--- A plugin for routes that know nothing of who asks: takes away what clients say of it. Phases: init.
function ____exports.stripper()
    return {access = strip}
end
return ____exports
