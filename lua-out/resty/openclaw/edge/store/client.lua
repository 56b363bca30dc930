local ____exports = {}
local digests = require("resty.openclaw.digest")
local noise = require("resty.openclaw.noise")
local request = require("resty.openclaw.request")
local SALT_KEY = "edge:salt"
local SALT_NUMBERS = 4
--- Of an IPv6 address what names a network: its owner has all the rest.
local NETWORK_BYTES = 8
local IPV4_BYTES = 4
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
--- The group of the client at hand, two hex digits: by its address (IPv6: by its network) and by who it is, where the route
-- knows that. Phases: all with a request.
function ____exports.group(clients)
    local address = request.variable("binary_remote_addr") or ""
    local network = #address > IPV4_BYTES and string.sub(address, 1, NETWORK_BYTES) or address
    local identity = request.variable("openclaw_identity") or ""
    local hex = clients.digest:of((((clients.salt .. " ") .. network) .. " ") .. identity)
    return string.sub(hex or "00", 1, 2)
end
return ____exports
