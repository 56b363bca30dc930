local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_sub = string.sub
local table_concat = table.concat
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
local MOST_NAMES = 20
local MOST_NAME_BYTES = 64
--- A sentence on the names that there are, for who has asked for another one; at most 20 of them. Phases: any.
local function those_there(names)
    if #names == 0 then
        return ""
    end
    local shown = {}
    for ____, name in ipairs(names) do
        if #shown == MOST_NAMES then
            break
        end
        shown[#shown + 1] = ("\"" .. string_sub(name, 1, MOST_NAME_BYTES)) .. "\""
    end
    local more = #names - #shown
    local rest = more > 0 and (" and " .. tostring(more)) .. " more" or ""
    return ((((" There " .. (#names == 1 and "is" or "are")) .. " ") .. table_concat(shown, ", ")) .. rest) .. "."
end
____exports.those_there = those_there
--- Like `refuse`, if there is nothing at the address.
local function refuse_address(call)
    return refuse(call, 404, "not_found", "There is nothing at this address.")
end
____exports.refuse_address = refuse_address
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
--- What the resource does for the request's method; ends the request with 405 if that is nothing. Phases: content.
local function method_of(call, resource)
    local method = resource.methods[call.method]
    if method ~= nil then
        return method
    end
    ngx.header.Allow = resource.allow
    return refuse(call, 405, "method_not_allowed", (("This address takes " .. resource.allow) .. " only.") .. (resource.hint or ""))
end
____exports.method_of = method_of
--- Logs who did what. Phases: content.
local function note(what)
    ngx.log(
        ngx.NOTICE,
        "admin: ",
        request_variable("remote_addr") or "",
        " ",
        what
    )
end
____exports.note = note
return ____exports
