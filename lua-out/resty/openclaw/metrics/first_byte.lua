local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local begun = {}
--- Notes that the answer begins. Phases: header_filter.
function ____exports.note()
    if not request.is_subrequest() then
        begun[request.key()] = request.now()
    end
end
--- Seconds from the first byte of the request to the first of its answer, and forgets them; nothing where the answer has
-- not begun, or in a location without the header filter. `taken`: seconds from the first byte of the request to now.
-- Phases: log.
function ____exports.take(taken)
    local key = request.key()
    local at = begun[key]
    if at == nil then
        return nil
    end
    begun[key] = nil
    local seconds = taken - (request.now() - at)
    if seconds < 0 then
        return nil
    end
    return seconds
end
return ____exports
