local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local math_min = math.min
local string_format = string.format
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_variable = request.variable
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local endings = require("resty.openclaw.edge.ending")
local endings_EXPIRED = endings.EXPIRED
local endings_HEADERS = endings.HEADERS
local endings_status_of = endings.status_of
local stores = require("resty.openclaw.edge.store")
local stores_has = stores.has
local stores_open = stores.open
local ids = require("resty.openclaw.edge.store.id")
local ids_is_id = ids.is_id
local ids_time_of = ids.time_of
local records = require("resty.openclaw.edge.store.record")
local records_headers_of = records.headers_of
local records_piece = records.piece
local records_read = records.read
--- The path of the page; the id follows.
local PREFIX = "/openclaw/jobs/"
____exports.PREFIX = PREFIX
--- A client that waits for a response may ask again after so many seconds.
local RETRY_SECONDS = 5
____exports.RETRY_SECONDS = RETRY_SECONDS
--- What is read and sent at once, in bytes.
local PIECE_BYTES = 65536
local PIECES_AT_A_STRETCH = 8
--- Responds with an error. Phases: content; never returns.
local function respond_error(status, code, message, retry_after)
    ngx.header["X-Request-Id"] = request_variable("openclaw_request_id")
    return json_error_respond(status, code, message, retry_after)
end
____exports.respond_error = respond_error
--- The stored response to a job; nothing when there is none, or none that can be read.
local function find(jobs, id)
    local file = stores_open(jobs.store, "done", id)
    if file == nil then
        return nil
    end
    local found, err, torn = records_read(file)
    files_close(file)
    if found == nil and torn ~= true then
        jobs.faults:report("store", "cannot read a response: ", err)
    end
    return found
end
--- Some bytes of a response. The file is open during this call only, so that it does not stay open when the client leaves.
local function read_piece(jobs, id, from, most)
    local file = stores_open(jobs.store, "done", id)
    if file == nil then
        return nil
    end
    local piece = records_piece(file, from, most)
    files_close(file)
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
            math_min(PIECE_BYTES, found.body_bytes - at)
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
            time_slice_yield_now()
        end
    end
    return ngx.exit(ngx.HTTP_OK)
end
local function send_response(jobs, id, found)
    local ____found_0 = found
    local head = ____found_0.head
    local headers = records_headers_of(head)
    for ____, name in ipairs(endings_HEADERS) do
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
    ngx.header["X-Request-Id"] = request_variable("openclaw_request_id")
    ngx.status = endings_status_of(head.error)
    if ngx.req.get_method() == "HEAD" or found.body_bytes == 0 then
        ngx.print("")
        return ngx.exit(ngx.HTTP_OK)
    end
    return send_body(jobs, id, found)
end
--- Responds 202, as the job waits. Phases: content; never returns.
local function respond_pending(id)
    local location = PREFIX .. id
    local body = string_format("{\"id\":\"%s\",\"status\":\"pending\",\"location\":\"%s\"}\n", id, location)
    ngx.status = 202
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #body
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Retry-After"] = RETRY_SECONDS
    ngx.header.Location = location
    ngx.header["X-Request-Id"] = request_variable("openclaw_request_id")
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end
____exports.respond_pending = respond_pending
--- Responds for the job of that id, which may be any text: with the response to it, or 202 while there is none. False when the
-- store has nothing of such a job. Phases: content; yields; returns only then.
local function respond_if_found(jobs, id)
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        return respond_error(405, "method_not_allowed", "This URL only allows GET and HEAD.")
    end
    if not ids_is_id(id) then
        return false
    end
    local found = find(jobs, id)
    if found ~= nil then
        return send_response(jobs, id, found)
    end
    if stores_has(jobs.store, "pending", id) then
        return respond_pending(id)
    end
    local late = find(jobs, id)
    if late ~= nil then
        return send_response(jobs, id, late)
    end
    return false
end
____exports.respond_if_found = respond_if_found
--- Responds 500 if there is a response to a job that cannot be read; to be called after `respond_if_found`. Phases: content; returns
-- only when there is none.
local function refuse_unreadable(jobs, id)
    if not ids_is_id(id) or not stores_has(jobs.store, "done", id) then
        return
    end
    respond_error(500, "answer_unreadable", "The response is stored, but the gateway cannot read it.")
end
____exports.refuse_unreadable = refuse_unreadable
--- Responds for a job of which nothing is stored: 410 when it is so old that it may have expired, else 404. Phases: content; never
-- returns.
local function respond_missing(jobs, id)
    refuse_unreadable(jobs, id)
    local ____jobs_settings_1 = jobs.settings
    local max_age_seconds = ____jobs_settings_1.max_age_seconds
    local keep_seconds = ____jobs_settings_1.keep_seconds
    local is_old = ids_is_id(id) and request_now() - ids_time_of(id) >= math_min(max_age_seconds, keep_seconds)
    if is_old then
        return respond_error(410, "job_expired", endings_EXPIRED)
    end
    return respond_error(404, "unknown_job", "There is no such job.")
end
____exports.respond_missing = respond_missing
return ____exports
