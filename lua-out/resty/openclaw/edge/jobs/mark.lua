local ____exports = {}
local digests = require("resty.openclaw.digest")
local noise = require("resty.openclaw.noise")
local request = require("resty.openclaw.request")
--- Carries the secret.
____exports.HEADER = "X-OpenClaw-Delivery"
local VARIABLE = "http_x_openclaw_delivery"
local KEY = "edge:mark"
local RANDOM_NUMBERS = 8
--- The mark of this gateway; the same one for all its routes. Raises when the dict has no room for it. Phases: init.
function ____exports.open(names)
    names:safe_add(
        KEY,
        noise.hex(RANDOM_NUMBERS)
    )
    local secret = names:get(KEY)
    if secret == nil then
        error("edge: no room in the shared dict", 0)
    end
    return {secret = secret}
end
--- Whether the request at hand is a delivery by this gateway. Phases: all with a request.
function ____exports.matches(mark)
    local given = request.variable(VARIABLE)
    return given ~= nil and digests.same(given, mark.secret)
end
return ____exports
