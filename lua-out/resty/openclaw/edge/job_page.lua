local ____exports = {}
local files = require("resty.openclaw.core.files.files")
local json_error = require("resty.openclaw.core.request.json_error")
local request = require("resty.openclaw.core.request.request")
local time_slice = require("resty.openclaw.core.time.time_slice")
local endings = require("resty.openclaw.edge.ending")
local stores = require("resty.openclaw.edge.store")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
--- The path of the page; the id follows.
____exports.PREFIX = "/openclaw/jobs/"
--- A client that waits for a response may ask again after so many seconds.
____exports.RETRY_SECONDS = 5
--- What is read and sent at once, in bytes.
local PIECE_BYTES = 65536
local PIECES_AT_A_STRETCH = 8
--- Responds with an error. Phases: content; never returns.
function ____exports.respond_error(status, code, message, retry_after)
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    return json_error.respond(status, code, message, retry_after)
end
--- The stored response to a job; nothing when there is none, or none that can be read.
local function find(jobs, id)
    local file = stores.open(jobs.store, "done", id)
    if file == nil then
        return nil
    end
    local found, err, torn = records.read(file)
    files.close(file)
    if found == nil and torn ~= true then
        jobs.faults:report("store", "cannot read a response: ", err)
    end
    return found
end
--- Some bytes of a response. The file is open during this call only, so that it does not stay open when the client leaves.
local function read_piece(jobs, id, from, most)
    local file = stores.open(jobs.store, "done", id)
    if file == nil then
        return nil
    end
    local piece = records.piece(file, from, most)
    files.close(file)
    return piece
end
--- Sends the body as fast as the client reads it; closes the connection if the file is removed meanwhile.
local function send_body(jobs, id, found)
    local at = 0
    local pieces = 0
    while at < found.body_bytes do
        local piece = read_piece(
            jobs,
            id,
            found.body_at + at,
            math.min(PIECE_BYTES, found.body_bytes - at)
        )
        if piece == nil or piece == "" then
            return ngx.exit(ngx.ERROR)
        end
        local printed = ngx.print(piece)
        local flushed = ngx.flush(true)
        if printed == nil or flushed == nil then
            return ngx.exit(ngx.ERROR)
        end
        at = at + #piece
        pieces = pieces + 1
        if pieces % PIECES_AT_A_STRETCH == 0 then
            time_slice.yield_now()
        end
    end
    return ngx.exit(ngx.HTTP_OK)
end
local function send_response(jobs, id, found)
    local ____found_0 = found
    local head = ____found_0.head
    local headers = records.headers_of(head)
    for ____, name in ipairs(endings.HEADERS) do
        local value = headers[name]
        if type(value) == "string" then
            ngx.header[name] = value
        end
    end
    if head.status ~= nil then
        ngx.header["X-OpenClaw-Status"] = tostring(head.status)
    end
    ngx.header["Content-Length"] = found.body_bytes
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["X-Content-Type-Options"] = "nosniff"
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    ngx.status = endings.status_of(head.error)
    if ngx.req.get_method() == "HEAD" or found.body_bytes == 0 then
        ngx.print("")
        return ngx.exit(ngx.HTTP_OK)
    end
    return send_body(jobs, id, found)
end
--- Responds 202, as the job waits. Phases: content; never returns.
function ____exports.respond_pending(id)
    local location = ____exports.PREFIX .. id
    local body = string.format("{\"id\":\"%s\",\"status\":\"pending\",\"location\":\"%s\"}\n", id, location)
    ngx.status = 202
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #body
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Retry-After"] = ____exports.RETRY_SECONDS
    ngx.header.Location = location
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end
--- Responds for the job of that id, which may be any text: with the response to it, or 202 while there is none. False when the
-- store has nothing of such a job. Phases: content; yields; returns only then.
function ____exports.respond_if_found(jobs, id)
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        return ____exports.respond_error(405, "method_not_allowed", "This URL only allows GET and HEAD.")
    end
    if not ids.is_id(id) then
        return false
    end
    local found = find(jobs, id)
    if found ~= nil then
        return send_response(jobs, id, found)
    end
    if stores.has(jobs.store, "pending", id) then
        return ____exports.respond_pending(id)
    end
    local late = find(jobs, id)
    if late ~= nil then
        return send_response(jobs, id, late)
    end
    return false
end
--- Responds 500 if there is a response to a job that cannot be read; to be called after `respond_if_found`. Phases: content; returns
-- only when there is none.
function ____exports.refuse_unreadable(jobs, id)
    if not ids.is_id(id) or not stores.has(jobs.store, "done", id) then
        return
    end
    ____exports.respond_error(500, "answer_unreadable", "The response is stored, but the gateway cannot read it.")
end
--- Responds for a job of which nothing is stored: 410 when it is so old that it may have expired, else 404. Phases: content; never
-- returns.
function ____exports.respond_missing(jobs, id)
    ____exports.refuse_unreadable(jobs, id)
    local ____jobs_settings_1 = jobs.settings
    local max_age_seconds = ____jobs_settings_1.max_age_seconds
    local keep_seconds = ____jobs_settings_1.keep_seconds
    local is_old = ids.is_id(id) and request.now() - ids.time_of(id) >= math.min(max_age_seconds, keep_seconds)
    if is_old then
        return ____exports.respond_error(410, "job_expired", endings.EXPIRED)
    end
    return ____exports.respond_error(404, "unknown_job", "There is no such job.")
end
return ____exports
