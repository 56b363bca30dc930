local ____exports = {}
local digests = require("resty.openclaw.digest")
local secret_file = require("resty.openclaw.secret_file")
local LEAST_BYTES = 16
local MOST_BYTES = 4096
--- The token of the options `token` or `token_file`; nothing without them. Raises when it is no good, and then says so
-- without it. Phases: init.
local function create(owner, options)
    local ____options_0 = options
    local token = ____options_0.token
    local token_file = ____options_0.token_file
    if token ~= nil and token_file ~= nil then
        error(owner .. ": \"token\" and \"token_file\" cannot both be given", 0)
    end
    if token == nil and token_file == nil then
        return nil
    end
    local name = token == nil and "token_file" or "token"
    if token ~= nil and type(token) ~= "string" then
        error(
            (owner .. ": \"token\" must be a text, got a ") .. type(token),
            0
        )
    end
    local secret = token or secret_file.read(owner, "token_file", token_file, MOST_BYTES)
    secret_file.check(
        owner,
        name,
        secret,
        LEAST_BYTES,
        MOST_BYTES
    )
    local digest = digests.new("sha256")
    local expected, err = digest:of(secret)
    if expected == nil then
        error((owner .. ": ") .. err, 0)
    end
    return {digest = digest, expected = expected}
end
____exports.new = create
--- What an Authorization header presents as the token; nothing when it presents none.
local function presented(authorization, takes_basic)
    local scheme, credentials = string.match(authorization, "^(%a+) +(%S+)$")
    if scheme == nil then
        return nil
    end
    local name = string.lower(scheme)
    if name == "bearer" then
        return credentials
    end
    if name ~= "basic" or not takes_basic then
        return nil
    end
    local password = string.match(
        ngx.decode_base64(credentials) or "",
        "^[^:]*:(.*)$"
    )
    return password
end
--- Whether the value of an Authorization header holds the token: RFC 6750, section 2.1, and where `takes_basic` is true
-- RFC 7617 as well, with any name. On failure false and why: nobody is let in then. Phases: any.
function ____exports.matches(token, authorization, takes_basic)
    local secret = presented(authorization or "", takes_basic)
    if secret == nil then
        return false
    end
    local given, err = token.digest:of(secret)
    if given == nil then
        return false, err
    end
    return given == token.expected
end
return ____exports
