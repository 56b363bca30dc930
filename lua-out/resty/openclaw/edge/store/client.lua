local ____exports = {}
local client_network = require("resty.openclaw.core.request.client_network")
local digests = require("resty.openclaw.core.bytes.digest")
local random = require("resty.openclaw.core.bytes.random")
local request = require("resty.openclaw.core.request.request")
local SALT_KEY = "edge:salt"
local SALT_NUMBERS = 4
--- The clients of all routes. Phases: init.
local function create(names)
    names:safe_add(
        SALT_KEY,
        random.hex(SALT_NUMBERS)
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
    local network = client_network.of_request()
    local identity = request.variable("openclaw_identity") or ""
    local hex = clients.digest:of((((clients.salt .. " ") .. network) .. " ") .. identity)
    return string.sub(hex or "00", 1, 2)
end
return ____exports
