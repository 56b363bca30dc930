---@meta resty.openclaw.core.request.json_error

---Errors as JSON with a stable code: see docs/errors.md.
---@class openclaw.json_error
local json_error = {}

---Responds with an error and ends the request. Phases: rewrite, access, content.
---@param status integer
---@param code string a stable code for programs
---@param message string a sentence for people
---@param retry_after? integer seconds for the header Retry-After
function json_error.respond(status, code, message, retry_after) end

return json_error
