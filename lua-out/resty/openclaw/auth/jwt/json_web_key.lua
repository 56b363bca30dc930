local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local type = type
local bit_arshift = bit.arshift
local string_byte = string.byte
local base64url = require("resty.openclaw.core.bytes.base64url")
local base64url_decode = base64url.decode
local der = require("resty.openclaw.core.bytes.der")
local der_ec_key = der.ec_key
local der_edwards_key = der.edwards_key
local der_rsa_key = der.rsa_key
local der_significant = der.significant
local public_keys = require("resty.openclaw.core.bytes.public_key")
local public_keys_from_der = public_keys.from_der
local public_keys_verifies = public_keys.verifies
local small_order = require("resty.openclaw.core.bytes.small_order")
local small_order_is_small = small_order.is_small
local algorithms = require("resty.openclaw.auth.jwt.algorithms")
local algorithms_fitting = algorithms.fitting
local algorithms_requirement = algorithms.requirement
--- Whoever publishes one of these gives the key away.
local PRIVATE_MEMBERS = {
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "oth",
    "k"
}
local LEAST_RSA_BITS = 2048
--- A larger one takes long to check signatures with.
local MOST_RSA_BITS = 8192
--- In use are 3 and 65537; Windows and Go accept no more than four bytes.
local MOST_EXPONENT_BYTES = 4
local MOST_LETTERS = 2048
local MOST_KID_BYTES = 256
local COORDINATE_BYTES = {}
COORDINATE_BYTES["P-256"] = 32
COORDINATE_BYTES["P-384"] = 48
COORDINATE_BYTES["P-521"] = 66
local EDWARDS_BYTES = {}
EDWARDS_BYTES.Ed25519 = 32
EDWARDS_BYTES.Ed448 = 57
--- The bytes of a member in base64url, or why there are none.
local function bytes_of(key, name)
    local text = key[name]
    if type(text) ~= "string" then
        return nil, ("has no \"" .. name) .. "\""
    end
    local ____temp_0
    if #text > MOST_LETTERS then
        ____temp_0 = nil
    else
        ____temp_0 = base64url_decode(text)
    end
    local bytes = ____temp_0
    if bytes == nil or bytes == "" then
        return nil, ("has a \"" .. name) .. "\" that is not base64url"
    end
    return bytes
end
--- The bits of a big-endian number without zeros at its front.
local function bits_of(number)
    local bits = 8 * (#number - 1)
    local first = string_byte(number, 1)
    while first > 0 do
        bits = bits + 1
        first = bit_arshift(first, 1)
    end
    return bits
end
local function is_even(number)
    return string_byte(number, #number) % 2 == 0
end
local function rsa_text(key)
    local n, no_n = bytes_of(key, "n")
    if n == nil then
        return nil, no_n
    end
    local e, no_e = bytes_of(key, "e")
    if e == nil then
        return nil, no_e
    end
    local modulus = der_significant(n)
    local bits = modulus == "" and 0 or bits_of(modulus)
    if bits < LEAST_RSA_BITS then
        return nil, ("has less than " .. tostring(LEAST_RSA_BITS)) .. " bits"
    end
    if bits > MOST_RSA_BITS then
        return nil, ("has more than " .. tostring(MOST_RSA_BITS)) .. " bits"
    end
    if is_even(modulus) then
        return nil, "has an even modulus"
    end
    local exponent = der_significant(e)
    if exponent == "" or exponent == "" or #exponent > MOST_EXPONENT_BYTES or is_even(exponent) then
        return nil, "has an exponent that is even, 1, or longer than 4 bytes"
    end
    return der_rsa_key(modulus, exponent)
end
local function ec_text(key, curve)
    local x, no_x = bytes_of(key, "x")
    if x == nil then
        return nil, no_x
    end
    local y, no_y = bytes_of(key, "y")
    if y == nil then
        return nil, no_y
    end
    local bytes = COORDINATE_BYTES[curve]
    if #x ~= bytes or #y ~= bytes then
        return nil, "has a coordinate of the wrong length"
    end
    return der_ec_key(curve, x, y)
end
local function edwards_text(key, curve)
    local x, no_x = bytes_of(key, "x")
    if x == nil then
        return nil, no_x
    end
    if #x ~= EDWARDS_BYTES[curve] then
        return nil, "has an \"x\" of the wrong length"
    end
    if small_order_is_small(curve, x) then
        return nil, "is a point with which anybody can sign"
    end
    return der_edwards_key(curve, x)
end
--- The key in DER.
local function text_of(key)
    local ____key_1 = key
    local kty = ____key_1.kty
    local crv = ____key_1.crv
    if kty == "RSA" then
        return rsa_text(key)
    end
    if kty == "EC" and COORDINATE_BYTES[crv] ~= nil then
        return ec_text(key, crv)
    end
    if kty == "OKP" and EDWARDS_BYTES[crv] ~= nil then
        return edwards_text(key, crv)
    end
    return nil, "has a type or curve that is not supported"
end
--- Whether a list has "verify".
local function may_verify(key_ops)
    if type(key_ops) ~= "table" then
        return false
    end
    for ____, operation in ipairs(key_ops) do
        if operation == "verify" then
            return true
        end
    end
    return false
end
--- Why a key is not for us, whatever its numbers are.
local function objection(key)
    for ____, name in ipairs(PRIVATE_MEMBERS) do
        if key[name] ~= nil then
            return ("has the private or symmetric member \"" .. name) .. "\""
        end
    end
    if key.use ~= nil and key.use ~= "sig" then
        return "has a \"use\" other than \"sig\""
    end
    if key.key_ops ~= nil and not may_verify(key.key_ops) then
        return "has \"key_ops\" without \"verify\""
    end
    local kid = key.kid
    if kid ~= nil and (type(kid) ~= "string" or #kid > MOST_KID_BYTES) then
        return ("has a \"kid\" that is no string of up to " .. tostring(MOST_KID_BYTES)) .. " bytes"
    end
    return nil
end
local function schemes_of(names)
    local schemes = {}
    for ____, name in ipairs(names) do
        local ____opt_2 = algorithms_requirement(name)
        local scheme = ____opt_2 and ____opt_2.scheme
        if scheme ~= nil then
            schemes[name] = scheme
        end
    end
    return schemes
end
local function verifies(self, algorithm, signature, text, count)
    if count == nil then
        count = #text
    end
    local scheme = self.schemes[algorithm]
    return scheme ~= nil and public_keys_verifies(
        self.public_key,
        scheme,
        signature,
        text,
        count
    )
end
local metatable = {__index = {verifies = verifies}}
--- The public key in a JSON Web Key, as decoded from JSON. Nil, and why it cannot be used: 'has no "n"'. No values of members are in
-- that. Phases: any; up to a millisecond.
local function read(given)
    if type(given) ~= "table" then
        return nil, "is no object"
    end
    local key = given
    local objected = objection(key)
    if objected ~= nil then
        return nil, objected
    end
    local text, err = text_of(key)
    if text == nil then
        return nil, err
    end
    local fitting = algorithms_fitting(key.kty, key.crv, key.alg)
    if #fitting == 0 then
        return nil, "has an \"alg\" that does not fit its type and curve"
    end
    local public_key, unsound = public_keys_from_der(text)
    if public_key == nil then
        return nil, "is no sound key: " .. unsound
    end
    local kid = key.kid
    local fields = {
        kid = kid,
        algorithms = fitting,
        text = text,
        public_key = public_key,
        schemes = schemes_of(fitting)
    }
    return setmetatable(fields, metatable)
end
____exports.read = read
return ____exports
