local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local string_char = string.char
local string_gsub = string.gsub
local string_rep = string.rep
local string_sub = string.sub
--- The points of Edwards curves that are no key: signatures by them fit many texts, and anybody can make them. Among them are a key of
-- zero bytes and one that begins with 1, as mistakes make them; OpenSSL accepts them. Sources: RFC 8032, section 5; "Taming the many
-- EdDSAs" (Chalkias et al., 2020), table 1, for Ed25519, without the bit of the sign.
local function byte_of(digits)
    return string_char(tonumber(digits, 16))
end
--- No text of TypeScript holds a byte above 127: it would become two.
local function from_hex(digits)
    local bytes = string_gsub(digits, "%x%x", byte_of)
    return bytes
end
--- y = 0, 1, -1, the two of order 8, and 0 and 1 once more, written as p and p + 1. Little-endian.
local ED25519 = {}
ED25519[from_hex(string_rep("00", 32))] = true
ED25519[from_hex("01" .. string_rep("00", 31))] = true
ED25519[from_hex(("ec" .. string_rep("ff", 30)) .. "7f")] = true
ED25519[from_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")] = true
ED25519[from_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")] = true
ED25519[from_hex(("ed" .. string_rep("ff", 30)) .. "7f")] = true
ED25519[from_hex(("ee" .. string_rep("ff", 30)) .. "7f")] = true
--- y = 0, 1 and -1; OpenSSL itself refuses other ways to write them.
local ED448 = {}
ED448[string_rep("\0", 57)] = true
ED448[from_hex("01" .. string_rep("00", 56))] = true
ED448[from_hex(((("fe" .. string_rep("ff", 27)) .. "fe") .. string_rep("ff", 27)) .. "00")] = true
local SIGN = 128
--- Whether a public key of EdDSA is such a point. Phases: any.
local function is_small(curve, key)
    local last = string_byte(key, #key)
    local without_sign = string_sub(key, 1, -2) .. string_char(last % SIGN)
    return (curve == "Ed25519" and ED25519 or ED448)[without_sign] ~= nil
end
____exports.is_small = is_small
return ____exports
