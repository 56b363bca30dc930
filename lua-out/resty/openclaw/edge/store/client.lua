local ____exports = {}
local digests = require("resty.openclaw.digest")
local noise = require("resty.openclaw.noise")
local request = require("resty.openclaw.request")
local SALT_KEY = "edge:salt"
local SALT_NUMBERS = 4
--- Of an IPv6 address what names a network: its owner has all the rest.
local NETWORK_BYTES = 8
local IPV4_BYTES = 4
--- What an IPv4 address begins with that came to a socket for both kinds. RFC 4291, section 2.5.5.2.
local MAPPED_IPV4 = string.rep("\0", 10) .. string.char(255, 255)
--- The clients of all routes. Phases: init.
local function create(names)
    names:safe_add(
        SALT_KEY,
        noise.hex(SALT_NUMBERS)
    )
    local salt = names:get(SALT_KEY)
    return {
        digest = digests.new("sha256"),
        salt = salt or ""
    }
end
____exports.new = create
--- Of an address as nginx has it in bytes, those that tell one client from another. Phases: any.
function ____exports.network_of(address)
    if #address <= IPV4_BYTES then
        return address
    end
    if string.sub(address, 1, #MAPPED_IPV4) == MAPPED_IPV4 then
        return string.sub(address, #MAPPED_IPV4 + 1)
    end
    return string.sub(address, 1, NETWORK_BYTES)
end
--- The group of the client at hand, two hex digits: by its address (IPv6: by its network) and by who it is, where the route
-- knows that. Phases: all with a request.
function ____exports.group(clients)
    local network = ____exports.network_of(request.variable("binary_remote_addr") or "")
    local identity = request.variable("openclaw_identity") or ""
    local hex = clients.digest:of((((clients.salt .. " ") .. network) .. " ") .. identity)
    return string.sub(hex or "00", 1, 2)
end
return ____exports
