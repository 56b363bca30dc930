local ____exports = {}
local math_floor = math.floor
local string_byte = string.byte
local string_char = string.char
local string_sub = string.sub
local INTEGER = string_char(2)
local BIT_STRING = string_char(3)
local NULL = string_char(5, 0)
local OBJECT_IDENTIFIER = string_char(6)
local SEQUENCE = string_char(48)
--- From here on, a length takes more than one byte.
local LONG_LENGTH = 128
--- The first byte of a point that is written with both coordinates (SEC 1, 2.3.3).
local UNCOMPRESSED = string_char(4)
--- A length up to 65,535.
local function length_bytes(length)
    if length < LONG_LENGTH then
        return string_char(length)
    end
    if length < 256 then
        return string_char(LONG_LENGTH + 1, length)
    end
    return string_char(
        LONG_LENGTH + 2,
        math_floor(length / 256),
        length % 256
    )
end
local function element(tag, content)
    return (tag .. length_bytes(#content)) .. content
end
local function identifier(...)
    return element(
        OBJECT_IDENTIFIER,
        string_char(...)
    )
end
--- What a key is for: rsaEncryption, id-ecPublicKey with the curve, id-Ed25519, id-Ed448.
local RSA_ENCRYPTION = identifier(
    42,
    134,
    72,
    134,
    247,
    13,
    1,
    1,
    1
) .. NULL
local EC_PUBLIC_KEY = identifier(
    42,
    134,
    72,
    206,
    61,
    2,
    1
)
local CURVES = {
    ["P-256"] = EC_PUBLIC_KEY .. identifier(
        42,
        134,
        72,
        206,
        61,
        3,
        1,
        7
    ),
    ["P-384"] = EC_PUBLIC_KEY .. identifier(
        43,
        129,
        4,
        0,
        34
    ),
    ["P-521"] = EC_PUBLIC_KEY .. identifier(
        43,
        129,
        4,
        0,
        35
    ),
    Ed25519 = identifier(43, 101, 112),
    Ed448 = identifier(43, 101, 113)
}
--- The number without zero bytes at its front; empty for 0. Big-endian. Phases: any.
local function significant(number)
    local first = 1
    local last = #number
    while first <= last and string_byte(number, first) == 0 do
        first = first + 1
    end
    return (string_sub(number, first))
end
____exports.significant = significant
--- A number that is not negative; `number`: its bytes, big-endian, with or without zeros at the front.
local function integer(number)
    local bytes = significant(number)
    local is_plain = bytes ~= "" and string_byte(bytes, 1) < 128
    return element(INTEGER, is_plain and bytes or "\0" .. bytes)
end
local function public_key(algorithm, key)
    return element(
        SEQUENCE,
        element(SEQUENCE, algorithm) .. element(BIT_STRING, "\0" .. key)
    )
end
--- An RSA key as SubjectPublicKeyInfo, from modulus and exponent, big-endian, of less than 32 KB together. Phases: any.
local function rsa_key(modulus, exponent)
    return public_key(
        RSA_ENCRYPTION,
        element(
            SEQUENCE,
            integer(modulus) .. integer(exponent)
        )
    )
end
____exports.rsa_key = rsa_key
--- A point of an elliptic curve as SubjectPublicKeyInfo. Both coordinates have the full length of the curve's. Phases: any.
local function ec_key(curve, x, y)
    return public_key(CURVES[curve], (UNCOMPRESSED .. x) .. y)
end
____exports.ec_key = ec_key
--- A key of EdDSA as SubjectPublicKeyInfo. Phases: any.
local function edwards_key(curve, key)
    return public_key(CURVES[curve], key)
end
____exports.edwards_key = edwards_key
--- An ECDSA signature as OpenSSL reads it, from its two numbers in one string, each of half its length. Phases: any.
local function ecdsa_signature(numbers)
    local half = #numbers / 2
    return element(
        SEQUENCE,
        integer(string_sub(numbers, 1, half)) .. integer(string_sub(numbers, half + 1))
    )
end
____exports.ecdsa_signature = ecdsa_signature
return ____exports
