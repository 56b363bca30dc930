local ____exports = {}
local error = error
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local digests_same = digests.same
local algorithms = require("resty.openclaw.auth.jwt.algorithms")
local algorithms_requirement = algorithms.requirement
local function verifies(self, algorithm, signature, text, count)
    if count == nil then
        count = #text
    end
    local digest = self.digests[algorithm]
    if digest == nil then
        return false
    end
    local expected = digest:hmac_bytes(self.secret, text, count)
    return expected ~= nil and digests_same(expected, signature)
end
--- Whatever id the token has: there is one secret.
local function find(self, algorithm)
    return self.secret.digests[algorithm] ~= nil and self.secret or nil
end
local function has(self)
    return true
end
local function current(self)
    return self.set
end
local secret_metatable = {__index = {verifies = verifies}}
local set_metatable = {__index = {find = find, has = has}}
local source_metatable = {__index = {current = current, find = current}}
--- The digests of the algorithms. Raises when the secret does not suffice for one.
local function digests_of(option, secret, names)
    local found = {}
    for ____, name in ipairs(names) do
        local ____algorithms_requirement_result_0 = algorithms_requirement(name)
        local digest = ____algorithms_requirement_result_0.digest
        local secret_bytes = ____algorithms_requirement_result_0.secret_bytes
        if digest == nil or secret_bytes == nil then
            error(((option .. ": ") .. name) .. " takes no secret", 0)
        end
        if #secret < secret_bytes then
            error(
                (((((option .. " must hold at least ") .. tostring(secret_bytes)) .. " bytes for ") .. name) .. ", got ") .. tostring(#secret),
                0
            )
        end
        found[name] = digests_new(digest)
    end
    return found
end
--- A source of one secret, for `names`, all of which must take one. Raises when the secret is shorter than the digest of one of them.
-- `option`: its path, for the sentence, which never shows the secret. Phases: init.
local function create(option, secret, names)
    local fields = {
        kid = nil,
        algorithms = names,
        secret = secret,
        digests = digests_of(option, secret, names)
    }
    local key = setmetatable(fields, secret_metatable)
    local set = setmetatable({keys = {key}, skipped = {}, secret = key}, set_metatable)
    return setmetatable({generation = 0, has_secrets = true, set = set}, source_metatable)
end
____exports.new = create
return ____exports
