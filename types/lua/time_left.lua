---@meta resty.openclaw.core.request.time_left

---How long the request at hand may still take: see docs/deadline.md.
---@class openclaw.time_left
local time_left = {}

---The seconds that are left, below 0 when the time is over; nil for a request without a deadline. Phases: all with a request.
---@return number?
function time_left.seconds() end

return time_left
