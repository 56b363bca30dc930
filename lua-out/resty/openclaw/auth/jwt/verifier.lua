local ____exports = {}
local error = error
local ipairs = ipairs
local setmetatable = setmetatable
local algorithms = require("resty.openclaw.auth.jwt.algorithms")
local algorithms_requirement = algorithms.requirement
local algorithms_takes_secret = algorithms.takes_secret
local claim_rules = require("resty.openclaw.auth.jwt.claims")
local claim_rules_check = claim_rules.check
local claim_rules_new = claim_rules.new
local key_sets = require("resty.openclaw.auth.jwt.key_set")
local key_sets_misfit = key_sets.misfit
local tokens = require("resty.openclaw.auth.jwt.token")
local tokens_MOST_BYTES = tokens.MOST_BYTES
local tokens_claims_of = tokens.claims_of
local tokens_parse = tokens.parse
local verified_tokens = require("resty.openclaw.auth.jwt.verified_tokens")
local verified_tokens_new = verified_tokens.new
--- The key for a token among those that are configured; nothing else in the token has a part in it.
local function key_of(keys, token)
    local algorithm = token.algorithm
    local ____token_0 = token
    local kid = ____token_0.kid
    local set = keys:current()
    local key = set and set:find(algorithm, kid)
    local ____temp_6 = key == nil and kid ~= nil
    if ____temp_6 then
        local ____temp_5 = set and set:has(kid)
        if ____temp_5 == nil then
            ____temp_5 = false
        end
        ____temp_6 = not ____temp_5
    end
    if ____temp_6 then
        set = keys:find(kid)
        key = set and set:find(algorithm, kid)
    end
    if key ~= nil then
        return key
    end
    if set == nil then
        return nil, "no_keys"
    end
    return nil, kid ~= nil and set:has(kid) and "algorithm" or "unknown_key"
end
--- As `check`, of a token that is not known; keeps it.
local function verify(verifier, text, id, now)
    local token = tokens_parse(text)
    if token == nil then
        return nil, "malformed"
    end
    if not (verifier.allowed[token.algorithm] ~= nil) then
        return nil, "algorithm"
    end
    local key, reason = key_of(verifier.keys, token)
    if key == nil then
        return nil, reason
    end
    local ____verifier_keys_9 = verifier.keys
    local generation = ____verifier_keys_9.generation
    if not key:verifies(token.algorithm, token.signature, text, token.signed_bytes) then
        return nil, "signature"
    end
    local claims = tokens_claims_of(token)
    if claims == nil then
        return nil, "malformed"
    end
    local caller, refused = claim_rules_check(verifier.rules, claims, now, id)
    if caller == nil then
        return nil, refused
    end
    local expires = caller.expires_at + verifier.rules.settings.leeway_seconds
    if id ~= nil then
        verifier.verified:keep(
            id,
            generation,
            caller,
            now,
            expires
        )
    end
    return caller
end
local function check(self, credential, now)
    local verified = self.verified
    local keys = self.keys
    if #credential > tokens_MOST_BYTES then
        return nil, "malformed"
    end
    local id = verified:id_of(credential)
    local ____temp_10
    if id == nil then
        ____temp_10 = nil
    else
        ____temp_10 = verified:get(id, keys.generation, now)
    end
    local known = ____temp_10
    if known ~= nil then
        return known
    end
    local caller, reason = verify(self, credential, id, now)
    if caller == nil then
        return nil, reason
    end
    return caller
end
local function init_worker(self)
    if self.keys.init_worker ~= nil then
        self.keys:init_worker()
    end
end
local function exit_worker(self)
    if self.keys.exit_worker ~= nil then
        self.keys:exit_worker()
    end
end
local function status(self)
    local set = self.keys:current()
    local ____temp_11
    if self.keys.status == nil then
        ____temp_11 = nil
    else
        ____temp_11 = self.keys:status()
    end
    local source = ____temp_11
    return {
        keys = set and #set.keys or 0,
        skipped = set and set.skipped or ({}),
        verified_tokens = self.verified:count(),
        source = source
    }
end
local metatable = {__index = {check = check, init_worker = init_worker, exit_worker = exit_worker, status = status}}
--- Raises where algorithms and keys do not belong together: a public key must never be taken for a secret.
local function check_algorithms(path, names, has_secrets)
    for ____, name in ipairs(names) do
        if algorithms_requirement(name) == nil then
            error(((path .. ".algorithms: ") .. name) .. " is not known", 0)
        end
        if algorithms_takes_secret(name) ~= has_secrets then
            local other = has_secrets and "jwks_file or jwks_url" or "secret_file"
            error(((((path .. ".algorithms: ") .. name) .. " needs ") .. other) .. ", and nothing else beside it", 0)
        end
    end
end
--- Raises where keys are for none of the algorithms, so that every token would be refused. Phases: init.
local function check_fit(path, names, keys)
    local wrong = key_sets_misfit(keys.algorithms, names)
    if wrong ~= nil then
        error((path .. ".algorithms: ") .. wrong, 0)
    end
end
____exports.check_fit = check_fit
--- Verifies tokens with the keys of one source. Raises when an algorithm does not go with it; `path`: that of the options, for the
-- sentence. Phases: init.
local function create(path, settings, keys)
    local ____check_algorithms_19 = check_algorithms
    local ____path_17 = path
    local ____settings_algorithms_18 = settings.algorithms
    local ____keys_has_secrets_16 = keys.has_secrets
    if ____keys_has_secrets_16 == nil then
        ____keys_has_secrets_16 = false
    end
    ____check_algorithms_19(____path_17, ____settings_algorithms_18, ____keys_has_secrets_16)
    if keys.needs ~= nil then
        local ____keys_needs_20 = keys.needs
        ____keys_needs_20[#____keys_needs_20 + 1] = settings.algorithms
    end
    local allowed = {}
    for ____, name in ipairs(settings.algorithms) do
        allowed[name] = true
    end
    local rules = claim_rules_new(settings)
    local verifier = setmetatable(
        {
            name = "jwt",
            allowed = allowed,
            keys = keys,
            rules = rules,
            verified = verified_tokens_new()
        },
        metatable
    )
    return verifier
end
____exports.new = create
return ____exports
