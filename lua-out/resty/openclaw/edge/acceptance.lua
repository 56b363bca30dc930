local ____exports = {}
local callback = require("resty.openclaw.edge.callback")
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local http_client = require("resty.openclaw.http_client")
local json_error = require("resty.openclaw.core.request.json_error")
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local request_body = require("resty.openclaw.core.request.request_body")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local clients = require("resty.openclaw.edge.store.client")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local reserves = require("resty.openclaw.edge.store.reserve")
local usages = require("resty.openclaw.edge.store.usage")
--- Where answers are found; what follows is the id.
____exports.PREFIX = "/openclaw/jobs/"
--- Says that what a delivery is answered is no answer to it, so that it counts as no try: "down" where the other end was not
-- reached, "unanswered" where it was, "stale" where the answer is an old one from the cache; or "answered". Without any of
-- these it is what the gateway itself has said, which is no answer either.
____exports.LINK_HEADER = "X-OpenClaw-Link"
local RETRY_SECONDS = 5
local FULL_RETRY_SECONDS = 30
--- To deliveries. A trial of a link that is down is nobody's error: who sent the request had 202. RFC 4918, section 11.4.
local NOT_REACHED = {status = 424, code = "link_down", message = "The link is down; the job waits."}
local UNANSWERED = {status = 503, code = "link_down", message = "There was no answer; the job waits."}
local function link_down(why)
    return {status = 503, code = "link_down", message = ("The link is down, and " .. why) .. ".", retry_after = RETRY_SECONDS}
end
local REFUSALS = {
    method = link_down("a request of this method is not kept"),
    no_body = link_down("the request cannot be kept, as its body is gone"),
    too_large = link_down("the request is too large to be kept"),
    header = link_down("the request has a header or an address that cannot be kept"),
    bad_callback = {status = 400, code = "bad_callback", message = "X-OpenClaw-Callback must be an https URL of a host that this gateway may call."},
    store_full = {status = 503, code = "store_full", message = "The link is down, and there is no room for more requests.", retry_after = FULL_RETRY_SECONDS},
    client_full = {status = 429, code = "client_full", message = "The link is down, and as many requests of this client are kept as may be.", retry_after = FULL_RETRY_SECONDS},
    not_stored = {status = 503, code = "not_stored", message = "The link is down, and the request could not be kept.", retry_after = RETRY_SECONDS}
}
local function respond(refusal)
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    return json_error.respond(refusal.status, refusal.code, refusal.message, refusal.retry_after)
end
local function refuse(jobs, reason)
    local figures = jobs.figures
    figures.jobs.refused:inc()
    figures.refusals[reason]:inc()
    return respond(REFUSALS[reason])
end
--- The host that the request is for, also of one that names none (HTTP/1.0), as a delivery that names none is refused.
local function host()
    local given = request.variable("http_host") or ""
    local known = given == "" and (request.variable("host") or "") or given
    return known == "" and "localhost" or known
end
--- What makes the delivery look like the request; nothing when some of it cannot be sent again as it is.
local function read_headers(jobs)
    local headers = {}
    headers.Host = host()
    headers["X-Request-Id"] = request.variable("openclaw_request_id") or request.variable("request_id") or ""
    local trace = request.variable("openclaw_traceparent") or request.variable("http_traceparent") or ""
    if trace ~= "" then
        headers.traceparent = trace
    end
    local state = request.variable("openclaw_tracestate") or ""
    if trace ~= "" and state ~= "" then
        headers.tracestate = state
    end
    for ____, ____value in ipairs(jobs.settings.headers) do
        local name = ____value.name
        local variable = ____value.variable
        local value = request.variable(variable)
        if value ~= nil then
            headers[name] = value
        end
    end
    for name, value in pairs(headers) do
        if http_client.header_fault(name, value) ~= nil then
            return nil
        end
    end
    return headers
end
--- The request without its body.
local function read_head(jobs, id, body)
    local headers = read_headers(jobs)
    local uri = request.variable("request_uri") or ""
    if headers == nil or not http_client.is_path(uri) then
        return nil, "header"
    end
    local url = request.variable("http_x_openclaw_callback")
    if url ~= nil and callback.fault(jobs.settings, url) ~= nil then
        return nil, "bad_callback"
    end
    local head = {
        id = id,
        created = ids.time_of(id),
        route = jobs.figures.route,
        method = ngx.req.get_method(),
        uri = uri,
        headers = headers,
        callback = url,
        body_bytes = body.bytes
    }
    return ages.stamped(head)
end
local function write_piece(writing, bytes, count)
    if writing.problem == nil then
        writing.problem = stores.append(writing.store, writing.id, bytes, count)
    end
end
--- Writes a job. On failure nil and why: it may have its name then.
local function write(store, id, line, body)
    local writing = {
        store = store,
        id = id,
        problem = stores.append(store, id, line, #line)
    }
    if writing.problem == nil then
        local ____, err = request_body.each(body, write_piece, writing)
        if writing.problem == nil then
            writing.problem = err
        end
    end
    if writing.problem ~= nil then
        return nil, writing.problem
    end
    return stores.finish(store, id, "pending", id)
end
--- Takes back what is not kept after all, files and figures.
local function take_back(held)
    local ____held_0 = held
    local jobs = ____held_0.jobs
    local id = ____held_0.id
    local bytes = ____held_0.bytes
    if stores.withdraw(jobs.store, id) then
        usages.cancel(jobs.usage, id, bytes)
    else
        usages.announce(jobs.usage)
    end
end
--- Keeps a request whose body is at hand.
local function keep(jobs, body)
    local id = ids.new(clients.group(jobs.clients))
    local head, reason = read_head(jobs, id, body)
    if head == nil then
        return nil, reason
    end
    local line = records.line(head)
    if line == nil then
        return nil, "header"
    end
    local bytes = #line + body.bytes
    if reserves.is_short(jobs.reserve) then
        return nil, "not_stored"
    end
    local full = usages.reserve(jobs.usage, id, bytes)
    if full ~= nil then
        return nil, full
    end
    local state = request_state.open()
    local held = {jobs = jobs, id = id, bytes = bytes}
    state.held = held
    local written, err = write(jobs.store, id, line, body)
    state.held = nil
    if written == nil then
        take_back(held)
        jobs.faults:report("store", "cannot keep a request: ", err)
        return nil, "not_stored"
    end
    usages.announce(jobs.usage)
    return id
end
--- Takes back what the request at hand has begun and will never end, as it was ended while it waited (its client has left, say).
-- To be called when a request ends. Phases: log.
function ____exports.abandon()
    local state = request_state.present()
    if (state and state.held) == nil then
        return
    end
    local held = state.held
    state.held = nil
    take_back(held)
end
--- Why the request is not kept, as far as its head tells; nothing where it does not.
local function reason_in_head(settings)
    if not (settings.methods[ngx.req.get_method()] ~= nil) then
        return "method"
    end
    if request.whole_number("content_length") > settings.max_body_bytes then
        return "too_large"
    end
    return nil
end
--- Has the body read of a request that may come to be kept: what nginx reads for proxy_pass is in a file that nobody can
-- open any more. Phases: access; yields.
function ____exports.read_ahead(settings)
    if reason_in_head(settings) == nil then
        request_body.fetch()
    end
end
--- Keeps the request at hand.
local function take(jobs)
    local settings = jobs.settings
    local unfit = reason_in_head(settings)
    if unfit ~= nil then
        return nil, unfit
    end
    local body, err = request_body.read()
    if body == nil then
        jobs.faults:report("unreadable_body", "cannot keep a request: ", err)
        return nil, "no_body"
    end
    if body.bytes > settings.max_body_bytes then
        return nil, "too_large"
    end
    return keep(jobs, body)
end
--- Says that a job waits. Phases: content; never returns.
function ____exports.answer_pending(id)
    local location = ____exports.PREFIX .. id
    local body = string.format("{\"id\":\"%s\",\"status\":\"pending\",\"location\":\"%s\"}\n", id, location)
    ngx.status = 202
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #body
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Retry-After"] = RETRY_SECONDS
    ngx.header.Location = location
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end
--- Tells a delivery that it got no answer, so that it counts as no try. Phases: content; never returns.
function ____exports.decline(was_reached)
    ngx.header[____exports.LINK_HEADER] = was_reached and "unanswered" or "down"
    return respond(was_reached and UNANSWERED or NOT_REACHED)
end
--- Keeps the request as a job and answers 202 with where its answer will be, or says why it is not kept. What
-- says that it is a delivery is never kept, be that right or wrong. Phases: content; yields; never returns.
function ____exports.accept(jobs)
    if delivery_header.is_there() then
        return ____exports.decline(false)
    end
    local id, reason = take(jobs)
    if id == nil then
        return refuse(jobs, reason)
    end
    jobs.figures.jobs.accepted:inc()
    return ____exports.answer_pending(id)
end
return ____exports
