local ____exports = {}
local error = error
local ipairs = ipairs
local tonumber = tonumber
local bit_arshift = bit.arshift
local math_ceil = math.ceil
local math_max = math.max
local string_find = string.find
local string_match = string.match
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_fill = ffi.fill
local ffi_new = ffi.new
ffi_cdef("int inet_pton(int family, const char *text, void *address);")
--- From Linux's socket.h.
local AF_INET = 2
local AF_INET6 = 10
local IPV4_BYTES = 4
local binary = ffi_new("uint8_t[16]")
local function network(written)
    local address, bits = string_match(written, "^(.+)/(%d+)$")
    local colon = string_find(address, ":", 1, true)
    if ffi.C.inet_pton(colon == nil and AF_INET or AF_INET6, address, binary) ~= 1 then
        error(written)
    end
    local count = math_ceil(tonumber(bits) / 8)
    local bytes = {}
    for place = 0, count - 1 do
        bytes[#bytes + 1] = binary[place]
    end
    return {
        bytes = bytes,
        bits = tonumber(bits)
    }
end
local function networks(...)
    local written = {...}
    local all = {}
    for ____, one in ipairs(written) do
        all[#all + 1] = network(one)
    end
    return all
end
--- IANA's special-purpose addresses (RFC 6890 and its registry) that are not global or have a meaning of their own, multicast, those that are
-- reserved, and the address under which machines in Azure reach the services of their host.
local IPV4_OF_NOBODY = networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32"
)
--- All that IANA gives out for the internet. Outside are loopback, IPv4-mapped addresses, translated ones (64:ff9b::), unique local ones
-- (fc00::), link-local ones (fe80::), multicast and what is not given out.
local IPV6_OF_THE_INTERNET = networks("2000::/3")
--- Of these: protocols, among them Teredo; 6to4, with an IPv4 address inside; documentation; a sink for wrong questions to the DNS.
local IPV6_OF_NOBODY = networks(
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "2620:4f:8000::/48"
)
local function is_in(____bindingPattern0)
    local bits
    local bytes
    bytes = ____bindingPattern0.bytes
    bits = ____bindingPattern0.bits
    local left = bits
    for place, byte in ipairs(bytes) do
        local shift = math_max(0, 8 - left)
        if bit_arshift(binary[place - 1], shift) ~= bit_arshift(byte, shift) then
            return false
        end
        left = left - 8
    end
    return true
end
local function is_in_any(all)
    for ____, one in ipairs(all) do
        if is_in(one) then
            return true
        end
    end
    return false
end
--- Whether it is the address of a machine on the internet: as `address.canonical` writes it, with or without brackets. Phases: any.
local function is_public(address)
    local bracketed = string_match(address, "^%[([%x:.]+)%]$")
    local text = bracketed or address
    local foreign = string_find(text, "[^%x:.]")
    if foreign ~= nil then
        return false
    end
    local colon = string_find(text, ":", 1, true)
    if colon == nil then
        ffi_fill(binary, IPV4_BYTES)
        return ffi.C.inet_pton(AF_INET, text, binary) == 1 and not is_in_any(IPV4_OF_NOBODY)
    end
    if ffi.C.inet_pton(AF_INET6, text, binary) ~= 1 then
        return false
    end
    return is_in_any(IPV6_OF_THE_INTERNET) and not is_in_any(IPV6_OF_NOBODY)
end
____exports.is_public = is_public
return ____exports
