local ____exports = {}
local string_char = string.char
local string_rep = string.rep
local string_sub = string.sub
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local IPV4_BYTES = 4
--- Of an IPv6 address what names a network: its owner has all the rest. RFC 4291, section 2.5.4.
local NETWORK_BYTES = 8
--- What an IPv4 address begins with that came to a socket for both kinds. RFC 4291, section 2.5.5.2.
local MAPPED_IPV4 = string_rep("\0", 10) .. string_char(255, 255)
--- Of an address as nginx has it in bytes: all of an IPv4 address, the first 64 bits of an IPv6 address. Phases: any.
local function of_address(address)
    if #address <= IPV4_BYTES then
        return address
    end
    if string_sub(address, 1, #MAPPED_IPV4) == MAPPED_IPV4 then
        local mapped = string_sub(address, #MAPPED_IPV4 + 1)
        return mapped
    end
    local network = string_sub(address, 1, NETWORK_BYTES)
    return network
end
____exports.of_address = of_address
--- That of the client at hand; empty where it came by a Unix socket. Phases: all with a request.
local function of_request()
    local network = of_address(request_variable("binary_remote_addr") or "")
    return network
end
____exports.of_request = of_request
return ____exports
