local ____exports = {}
local error = error
local type = type
local string_lower = string.lower
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local ____schema = require("resty.openclaw.config.schema")
local optional = ____schema.optional
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local secret_file = require("resty.openclaw.core.files.secret_file")
local secret_file_check = secret_file.check
local secret_file_read = secret_file.read
local LEAST_BYTES = 16
local MOST_BYTES = 4096
--- A secret in the configuration. A wrong one is not shown.
local TOKEN = {
    name = "string",
    read = function(given, path, problems)
        if type(given) == "string" then
            return given
        end
        problems[#problems + 1] = (path .. " must be a string, got a ") .. type(given)
        return ""
    end
}
--- The option `token`, and `token_file`.
local TOKEN_OPTION = optional(TOKEN, "16 to 4096 bytes of printable ASCII without spaces; clients with it have access from any address")
____exports.TOKEN_OPTION = TOKEN_OPTION
local TOKEN_FILE_OPTION = optional(kinds.secret_file, "file with the token; must not be readable by all users; read when nginx starts or reloads")
____exports.TOKEN_FILE_OPTION = TOKEN_FILE_OPTION
--- The token of the options `token` or `token_file` of a table; nothing without them. Raises when it is no good, and then says
-- so without it. Phases: init.
local function create(path, ____bindingPattern0)
    local token_file
    local token
    token = ____bindingPattern0.token
    token_file = ____bindingPattern0.token_file
    if token ~= nil and token_file ~= nil then
        error(
            problem_beginning(path) .. " \"token\" and \"token_file\" cannot both be given",
            0
        )
    end
    if token == nil and token_file == nil then
        return nil
    end
    local option = (path .. ".") .. (token == nil and "token_file" or "token")
    local secret = token or secret_file_read(option, token_file, MOST_BYTES)
    secret_file_check(option, secret, LEAST_BYTES, MOST_BYTES)
    local digest = digests_new("sha256")
    local expected, err = digest:of(secret)
    if expected == nil then
        error((option .. ": ") .. err, 0)
    end
    return {digest = digest, expected = expected}
end
____exports.new = create
--- What an Authorization header presents as the token; nothing when it presents none.
local function presented(authorization, takes_basic)
    local scheme, credentials = string_match(authorization, "^(%a+) +(%S+)$")
    if scheme == nil then
        return nil
    end
    local name = string_lower(scheme)
    if name == "bearer" then
        return credentials
    end
    if name ~= "basic" or not takes_basic then
        return nil
    end
    local password = string_match(
        ngx.decode_base64(credentials) or "",
        "^[^:]*:(.*)$"
    )
    return password
end
--- Whether the value of an Authorization header holds the token: RFC 6750, section 2.1, and where `takes_basic` is true
-- RFC 7617 as well, with any name. On failure false and why: nobody is let in then. Phases: any.
local function matches(token, authorization, takes_basic)
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
____exports.matches = matches
return ____exports
