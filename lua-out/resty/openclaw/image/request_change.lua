local ____exports = {}
local ipairs = ipairs
local converted_image = require("resty.openclaw.core.request.converted_image")
local converted_image_note = converted_image.note
local new_body = require("resty.openclaw.core.request.new_body")
local new_body_put = new_body.put
local request = require("resty.openclaw.core.request.request")
local request_forget = request.forget
local request_variable = request.variable
local ____converted_image_0 = converted_image
local MARK = ____converted_image_0.NAME
local MARK_VALUE = ____converted_image_0.VALUE
--- The same to nginx, and to the next gateway, with `underscores_in_headers on`.
local OTHER_MARKS = {"X_OpenClaw_Image", "X-OpenClaw_Image", "X_OpenClaw-Image"}
--- nginx's variable of all of them.
local MARK_VARIABLE = "http_x_openclaw_image"
--- What says something of the bytes of the body as they came: RFC 9530, RFC 9421, RFC 1864.
local DIGESTS = {"Content-Digest", "Repr-Digest", "Digest", "Content-MD5"}
--- nginx keeps the values of these, once nginx.conf names them anywhere.
local VARIABLES = {
    "content_type",
    "http_content_type",
    "http_content_length",
    "args",
    "query_string"
}
--- Whether the request says that its body has been converted. Phases: access.
local function is_marked()
    return request_variable(MARK_VARIABLE) == MARK_VALUE
end
____exports.is_marked = is_marked
--- Removes what the client says of that. Phases: access.
local function unmark()
    if request_variable(MARK_VARIABLE) == nil then
        return
    end
    ngx.req.clear_header(MARK)
    for ____, name in ipairs(OTHER_MARKS) do
        ngx.req.clear_header(name)
    end
    request_forget(MARK_VARIABLE)
end
____exports.unmark = unmark
local function add_query(query)
    local args = request_variable("args") or ""
    ngx.req.set_uri_args(args == "" and query or (args .. "&") .. query)
end
--- Puts the body in place. `query`: more arguments for the query. Returns why that failed, if it did: then the request must not go on. Phases:
-- access; yields.
local function apply(memory, bytes, content_type, query)
    local problem = new_body_put(memory, bytes)
    if problem ~= nil then
        return problem
    end
    converted_image_note()
    for ____, name in ipairs(DIGESTS) do
        ngx.req.clear_header(name)
    end
    ngx.req.set_header("Content-Type", content_type)
    ngx.req.set_header(MARK, MARK_VALUE)
    if query ~= nil then
        add_query(query)
    end
    for ____, name in ipairs(VARIABLES) do
        request_forget(name)
    end
    return nil
end
____exports.apply = apply
return ____exports
