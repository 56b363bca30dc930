local ____exports = {}
local json_error = require("resty.openclaw.core.request.json_error")
local request = require("resty.openclaw.core.request.request")
--- The methods with their own label value; all others count as `other`.
local METHODS = {GET = true, HEAD = true, PUT = true, DELETE = true}
--- Retry-After of a change that was not stored.
local RETRY_SECONDS = 1
local function count(call, status)
    local method = METHODS[call.method] == nil and "other" or call.method
    call.requests:labels(
        method,
        tostring(status)
    ):inc()
end
--- Answers with JSON. Phases: content.
function ____exports.answer(call, status, text)
    count(call, status)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #text + 1
    ngx.print(text, "\n")
end
--- Answers with an error. Phases: content; never returns.
function ____exports.refuse(call, status, code, message, retry_after)
    count(call, status)
    return json_error.respond(status, code, message, retry_after)
end
--- Like `refuse`, if the upstream has no such node.
function ____exports.refuse_unknown_node(call)
    return ____exports.refuse(call, 404, "unknown_node", "The upstream has no such node.")
end
--- Like `refuse`, if a change was not stored.
function ____exports.refuse_unstored(call, err)
    return ____exports.refuse(
        call,
        503,
        "not_stored",
        ("The change was not stored: " .. tostring(err)) .. ".",
        RETRY_SECONDS
    )
end
--- Logs who changed a node. Phases: content.
function ____exports.note(call, what, more)
    if more == nil then
        more = ""
    end
    local who = request.variable("remote_addr") or ""
    ngx.log(
        ngx.NOTICE,
        "admin: ",
        who,
        " ",
        what,
        " node ",
        call.address,
        " of upstream \"",
        call.upstream,
        "\"",
        more
    )
end
return ____exports
