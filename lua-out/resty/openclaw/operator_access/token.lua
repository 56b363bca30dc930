local ____exports = {}
local ffi = require("ffi")
local digests = require("resty.openclaw.digest")
ffi.cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);")
local LEAST_BYTES = 16
local MOST_BYTES = 4096
--- From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine.
local AT_FDCWD = -100
local STATX_MODE = 2
--- In words of 16 bits.
local STATX_WORDS = 128
local MODE_AT = 14
local OTHERS_MAY_READ = 4
--- What any user may do with a file, as the last digit of its mode; nothing when that cannot be told.
local function rights_of_others(path)
    local result = ffi.new("uint16_t[?]", STATX_WORDS)
    local ok, failed = pcall(function() return ffi.C.statx(
        AT_FDCWD,
        path,
        0,
        STATX_MODE,
        result
    ) end)
    if not ok or failed ~= 0 then
        return nil
    end
    return bit.band(result[MODE_AT], 7)
end
local function content(owner, path)
    if type(path) ~= "string" or string.byte(path) ~= string.byte("/") then
        error(owner .. ": \"token_file\" must be a path from the root", 0)
    end
    local file, err = io.open(path, "r")
    if file == nil then
        error((owner .. ": cannot read \"token_file\": ") .. err, 0)
    end
    local text = file:read(MOST_BYTES + 1)
    file:close()
    local rights = rights_of_others(path)
    if rights == nil then
        error((owner .. ": cannot tell who may read \"token_file\" ") .. path, 0)
    end
    if bit.band(rights, OTHERS_MAY_READ) ~= 0 then
        error(((owner .. ": \"token_file\" ") .. path) .. " may be read by all users; chmod it to 600", 0)
    end
    local trimmed = string.match(text or "", "^%s*(.-)%s*$")
    return trimmed
end
local function check(owner, name, token)
    local plain = string.find(token, "^[!-~]*$")
    if plain == nil then
        error(((owner .. ": \"") .. name) .. "\" must hold printable ASCII without blanks only", 0)
    end
    if #token < LEAST_BYTES or #token > MOST_BYTES then
        error(
            (((((((owner .. ": \"") .. name) .. "\" must hold ") .. tostring(LEAST_BYTES)) .. " to ") .. tostring(MOST_BYTES)) .. " bytes, got ") .. tostring(#token),
            0
        )
    end
end
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
    local secret = token or content(owner, token_file)
    check(owner, name, secret)
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
