local ____exports = {}
local string_lower = string.lower
local string_match = string.match
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- How many digits a hash has.
local DIGITS = 16
____exports.DIGITS = DIGITS
local function route()
    return request_variable("openclaw_route") or ""
end
--- Notes the picture of the request at hand; one with another hash than of 16 hexadecimal digits is none. Phases: access, before the cache.
-- 
-- @param distance how many bits the hash of another picture may differ whose answer is given
-- @param seconds how old that answer may be
-- @param rest all that the body asks beside the picture, or a digest of it: the prompt, the model, other fields. Only requests with the same
-- rest share near answers. "" is a body that asks nothing else; without it only bodies of a type `image/…` have near answers
local function note(hash, distance, seconds, rest)
    local digits = string_match(hash, "^%x+$")
    if digits == nil or #digits ~= DIGITS then
        return
    end
    request_state_open().near_picture = {
        hash = string_lower(digits),
        distance = distance,
        seconds = seconds,
        rest = rest,
        route = route()
    }
end
____exports.note = note
--- Takes what was noted for the route at hand, so that no other route has it; nothing if nothing was. Phases: access.
local function take()
    local state = request_state_present()
    local picture = state and state.near_picture
    if picture == nil then
        return nil
    end
    state.near_picture = nil
    return picture.route == route() and picture or nil
end
____exports.take = take
return ____exports
