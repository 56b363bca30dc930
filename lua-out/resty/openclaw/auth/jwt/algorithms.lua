local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local public_keys = require("resty.openclaw.core.bytes.public_key")
local public_keys_scheme = public_keys.scheme
--- In the order in which documents list them.
local REQUIREMENTS = {}
local by_name = {}
local function add(requirement)
    REQUIREMENTS[#REQUIREMENTS + 1] = requirement
    by_name[requirement.algorithm] = requirement
end
local function add_rsa(algorithm, padding, bits)
    add({
        algorithm = algorithm,
        key_type = "RSA",
        scheme = public_keys_scheme(
            padding,
            "sha" .. tostring(bits),
            bits / 8
        )
    })
end
local function add_ec(algorithm, curve, bits)
    add({
        algorithm = algorithm,
        key_type = "EC",
        curve = curve,
        scheme = public_keys_scheme(
            nil,
            "sha" .. tostring(bits),
            bits / 8
        )
    })
end
local function add_secret(algorithm, bits)
    add({
        algorithm = algorithm,
        key_type = "oct",
        digest = "sha" .. tostring(bits),
        secret_bytes = bits / 8
    })
end
add_rsa("RS256", "pkcs1", 256)
add_rsa("RS384", "pkcs1", 384)
add_rsa("RS512", "pkcs1", 512)
add_rsa("PS256", "pss", 256)
add_rsa("PS384", "pss", 384)
add_rsa("PS512", "pss", 512)
add_ec("ES256", "P-256", 256)
add_ec("ES384", "P-384", 384)
add_ec("ES512", "P-521", 512)
add({
    algorithm = "EdDSA",
    key_type = "OKP",
    scheme = public_keys_scheme(nil, nil, 0)
})
add_secret("HS256", 256)
add_secret("HS384", 384)
add_secret("HS512", 512)
--- The names of all algorithms.
local NAMES = {}
____exports.NAMES = NAMES
for ____, ____value in ipairs(REQUIREMENTS) do
    local algorithm = ____value.algorithm
    local ____exports_NAMES_0 = NAMES
    ____exports_NAMES_0[#____exports_NAMES_0 + 1] = algorithm
end
--- What an algorithm needs of a key; nothing for one that is not known here, such as "none". Phases: any.
function ____exports.requirement(algorithm)
    return by_name[algorithm]
end
--- The algorithms that a key fits by its type and curve, and by its member `alg` where it has one. Phases: any.
local function fitting(key_type, curve, alg)
    local found = {}
    for ____, each in ipairs(REQUIREMENTS) do
        local is_of_type = each.key_type == key_type and (each.curve == nil or each.curve == curve)
        if is_of_type and (alg == nil or alg == each.algorithm) then
            found[#found + 1] = each.algorithm
        end
    end
    return found
end
____exports.fitting = fitting
--- Whether an algorithm signs with a secret that both sides have. Phases: any.
local function takes_secret(algorithm)
    local ____opt_1 = by_name[algorithm]
    return (____opt_1 and ____opt_1.key_type) == "oct"
end
____exports.takes_secret = takes_secret
return ____exports
