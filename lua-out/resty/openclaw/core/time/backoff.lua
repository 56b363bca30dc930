local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
--- Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
local FIRST_SECONDS = 0.1
--- Seconds to wait after so many failures in a row (1 and more); no more than `most`. Phases: any.
function ____exports.jittered(failures, most)
    local ceiling = math.min(
        most,
        FIRST_SECONDS * math.pow(2, failures - 1)
    )
    return random.share() * ceiling
end
return ____exports
