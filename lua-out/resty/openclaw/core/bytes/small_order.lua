local ____exports = {}
local string_byte = string.byte
local string_char = string.char
local string_rep = string.rep
local string_sub = string.sub
--- The points of Edwards curves that are no key: signatures by them fit many texts, and anybody can make them. Among them are a key of
-- zero bytes and one that begins with 1, as mistakes make them; OpenSSL accepts them. Sources: RFC 8032, section 5; "Taming the many
-- EdDSAs" (Chalkias et al., 2020), table 1, for Ed25519, without the bit of the sign.
local ZEROS = "\0"
local ONES = "ÿ"
--- y = 0, 1, -1, the two of order 8, and 0 and 1 once more, written as p and p + 1. Little-endian.
local ED25519 = {}
ED25519[string_rep(ZEROS, 32)] = true
ED25519["" .. string_rep(ZEROS, 31)] = true
ED25519[("ì" .. string_rep(ONES, 30)) .. ""] = true
ED25519["&èÂ²'°EÃôòïðÕß¬ÓÆ39±8mSü"] = true
ED25519["Çjp=MØOº<\vv\rg* Sú,9ÌÆNÇýw¬z"] = true
ED25519[("í" .. string_rep(ONES, 30)) .. ""] = true
ED25519[("î" .. string_rep(ONES, 30)) .. ""] = true
--- y = 0, 1 and -1; OpenSSL itself refuses other ways to write them.
local ED448 = {}
ED448[string_rep(ZEROS, 57)] = true
ED448["" .. string_rep(ZEROS, 56)] = true
ED448[((("þ" .. string_rep(ONES, 27)) .. "þ") .. string_rep(ONES, 27)) .. "\0"] = true
local SIGN = 128
--- Whether a public key of EdDSA is such a point. Phases: any.
local function is_small(curve, key)
    local last = string_byte(key, #key)
    local without_sign = string_sub(key, 1, -2) .. string_char(last % SIGN)
    return (curve == "Ed25519" and ED25519 or ED448)[without_sign] ~= nil
end
____exports.is_small = is_small
return ____exports
