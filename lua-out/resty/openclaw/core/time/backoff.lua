local ____exports = {}
local math_min = math.min
local math_pow = math.pow
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
--- Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
local FIRST_SECONDS = 0.1
--- Seconds to wait after so many failures in a row (1 and more); no more than `most`. Phases: any.
local function jittered(failures, most)
    local ceiling = math_min(
        most,
        FIRST_SECONDS * math_pow(2, failures - 1)
    )
    return random_share() * ceiling
end
____exports.jittered = jittered
return ____exports
