local ____exports = {}
local tostring = tostring
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
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
local function answer(call, status, text)
    count(call, status)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #text + 1
    ngx.print(text, "\n")
end
____exports.answer = answer
--- Answers with an error. Phases: content; never returns.
local function refuse(call, status, code, message, retry_after)
    count(call, status)
    return json_error_respond(status, code, message, retry_after)
end
____exports.refuse = refuse
--- Like `refuse`, if the upstream has no such node.
local function refuse_unknown_node(call)
    return refuse(call, 404, "unknown_node", "The upstream has no such node.")
end
____exports.refuse_unknown_node = refuse_unknown_node
--- Like `refuse`, if a change was not stored.
local function refuse_unstored(call, err)
    return refuse(
        call,
        503,
        "not_stored",
        ("The change was not stored: " .. tostring(err)) .. ".",
        RETRY_SECONDS
    )
end
____exports.refuse_unstored = refuse_unstored
--- Like `refuse`, if the upstream has no waiting room.
local function refuse_no_queue(call)
    return refuse(call, 404, "no_queue", "The upstream has no queue.")
end
____exports.refuse_no_queue = refuse_no_queue
--- Logs who did what to which part of an upstream. Phases: content.
local function note(call, what, part, more)
    if more == nil then
        more = ""
    end
    local who = request_variable("remote_addr") or ""
    ngx.log(
        ngx.NOTICE,
        "admin: ",
        who,
        " ",
        what,
        " ",
        part,
        " of upstream \"",
        call.upstream,
        "\"",
        more
    )
end
____exports.note = note
--- Logs who changed the call's node. Phases: content.
local function note_node(call, what, more)
    if more == nil then
        more = ""
    end
    note(
        call,
        what,
        "node " .. tostring(call.address),
        more
    )
end
____exports.note_node = note_node
return ____exports
