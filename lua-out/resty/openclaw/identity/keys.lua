local ____exports = {}
local error = error
local tostring = tostring
local string_sub = string.sub
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local secret_file = require("resty.openclaw.core.files.secret_file")
local secret_file_check = secret_file.check
local secret_file_read = secret_file.read
local LEAST_BYTES = 32
local MOST_BYTES = 4096
local ID_DIGITS = 8
--- Separates these signatures from any other use of the same key.
local PURPOSE = "openclaw identity 1"
--- Reads the key in a file. `option`: the path of the option, for errors. Raises when the key is invalid, without showing it. Phases: init.
local function create(option, path)
    local secret = secret_file_read(option, path, MOST_BYTES)
    secret_file_check(option, secret, LEAST_BYTES, MOST_BYTES)
    local digest = digests_new("sha256")
    local name, err = digest:hmac(secret, PURPOSE .. " key id")
    if name == nil then
        error((option .. ": ") .. err, 0)
    end
    return {
        id = string_sub(name, 1, ID_DIGITS),
        secret = secret,
        digest = digest
    }
end
____exports.new = create
--- Reads the keys of a list of files, by their ids. Raises as `new`, and when two keys are the same. Phases: init.
local function read_all(option, paths)
    local keys = {}
    for place = 1, #paths do
        local key = create(
            ((option .. "[") .. tostring(place)) .. "]",
            paths[place]
        )
        if keys[key.id] ~= nil then
            error(
                ((option .. "[") .. tostring(place)) .. "] holds the same key as one before it",
                0
            )
        end
        keys[key.id] = key
    end
    return keys
end
____exports.read_all = read_all
--- The signature of a claim for one method and one URI: HMAC-SHA256 in hex. On failure nil and why.
-- Phases: any.
local function sign(key, claim, method, uri)
    local signed_method = method == "HEAD" and "GET" or method
    return key.digest:hmac(key.secret, (((((PURPOSE .. "\n") .. signed_method) .. "\n") .. uri) .. "\n") .. claim)
end
____exports.sign = sign
return ____exports
