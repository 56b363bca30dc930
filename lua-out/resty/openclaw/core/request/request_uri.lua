local ____exports = {}
local string_find = string.find
local string_sub = string.sub
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- A longer one is cut, in bytes.
local MOST_BYTES = 2048
--- The address as the client sent it, cut at 2048 bytes; the query, which may hold secrets, is left out unless wished for.
-- It may have any bytes but blanks and line ends. Phases: all with a request; empty when the request had no address.
local function shown(with_query)
    if with_query == nil then
        with_query = false
    end
    local uri = request_variable("request_uri") or ""
    local query = string_find(uri, "?", 1, true)
    local text = (query == nil or with_query) and uri or string_sub(uri, 1, query - 1)
    return #text > MOST_BYTES and string_sub(text, 1, MOST_BYTES) or text
end
____exports.shown = shown
return ____exports
