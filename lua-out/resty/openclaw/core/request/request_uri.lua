local ____exports = {}
local request = require("resty.openclaw.core.request.request")
--- A longer one is cut, in bytes.
local MOST_BYTES = 2048
--- The address as the client sent it, cut at 2048 bytes; the query, which may hold secrets, is left out unless wished for.
-- It may have any bytes but blanks and line ends. Phases: all with a request; empty when the request had no address.
function ____exports.shown(with_query)
    if with_query == nil then
        with_query = false
    end
    local uri = request.variable("request_uri") or ""
    local query = string.find(uri, "?", 1, true)
    local text = (query == nil or with_query) and uri or string.sub(uri, 1, query - 1)
    return #text > MOST_BYTES and string.sub(text, 1, MOST_BYTES) or text
end
return ____exports
