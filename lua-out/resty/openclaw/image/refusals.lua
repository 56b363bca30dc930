local ____exports = {}
local ipairs = ipairs
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_note = rejections.note
local rejections_note_refusal = rejections.note_refusal
local NAME = "image"
--- By code. A problem that is not listed is the gateway's own fault.
local STATUSES = {
    invalid_json = 400,
    json_too_deep = 422,
    json_too_many_members = 422,
    json_duplicate_name = 422,
    broken_form = 422,
    no_image = 422,
    too_many_images = 422,
    broken_image = 422,
    image_too_large = 422,
    unsupported_image_url = 422,
    unsendable_field = 422,
    body_too_large = 413,
    fields_too_large = 413,
    unsupported_media_type = 415,
    remote_refused = 422,
    remote_failed = 422,
    remote_too_large = 413,
    remote_unavailable = 502,
    remote_busy = 503,
    no_memory = 503,
    image_queue_full = 503,
    image_queue_timeout = 503,
    image_timeout = 503
}
--- Because there are too many others: such a status says nothing of the gateway's health.
local IS_BUSY = {}
for ____, problem in ipairs({"image_queue_full", "image_queue_timeout", "remote_busy"}) do
    IS_BUSY[problem] = true
end
local NO_MEMORY = "no_memory"
local INTERNAL = 500
local GATEWAY_FAILED = "The gateway could not convert the image."
--- The status for a problem; nothing for one of the gateway's own. Phases: any.
local function status_of(problem)
    return STATUSES[problem]
end
____exports.status_of = status_of
--- Whether a problem is the request's; otherwise it is the gateway's, and worth a line in the log. Phases: any.
local function is_of_request(problem)
    return problem ~= NO_MEMORY and STATUSES[problem] ~= nil
end
____exports.is_of_request = is_of_request
--- Ends the request. `retry_after`: seconds. Phases: access; never returns.
local function refuse(problem, message, retry_after)
    local status = STATUSES[problem]
    if IS_BUSY[problem] ~= nil then
        rejections_note_refusal(NAME, problem)
    else
        rejections_note(NAME, problem)
    end
    if status == nil then
        return json_error_respond(INTERNAL, "internal_error", GATEWAY_FAILED)
    end
    return json_error_respond(status, problem, message, retry_after)
end
____exports.refuse = refuse
return ____exports
