local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local string_find = string.find
local string_sub = string.sub
local converted_image = require("resty.openclaw.core.request.converted_image")
local converted_image_NAME = converted_image.NAME
local converted_image_VALUE = converted_image.VALUE
local converted_image_is_here = converted_image.is_here
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local delivery_header_is_there = delivery_header.is_there
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local request_body_fetch = request_body.fetch
local request_body_read = request_body.read
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local http_client = require("resty.openclaw.http_client")
local http_client_header_fault = http_client.header_fault
local http_client_is_path = http_client.is_path
local callbacks = require("resty.openclaw.edge.callbacks")
local callbacks_url_fault = callbacks.url_fault
local callers = require("resty.openclaw.edge.caller")
local callers_present = callers.present
local tokens = require("resty.openclaw.edge.delivery_token")
local tokens_decline = tokens.decline
local job_page = require("resty.openclaw.edge.job_page")
local job_page_RETRY_SECONDS = job_page.RETRY_SECONDS
local job_page_respond_error = job_page.respond_error
local job_page_respond_pending = job_page.respond_pending
local stores = require("resty.openclaw.edge.store")
local stores_append = stores.append
local stores_finish = stores.finish
local stores_withdraw = stores.withdraw
local ids = require("resty.openclaw.edge.store.id")
local ids_new = ids.new
local ids_time_of = ids.time_of
local records = require("resty.openclaw.edge.store.record")
local records_stamped_line = records.stamped_line
local reserves = require("resty.openclaw.edge.store.reserve")
local reserves_is_short = reserves.is_short
local usages = require("resty.openclaw.edge.store.usage")
local usages_announce = usages.announce
local usages_cancel = usages.cancel
local usages_client_group = usages.client_group
local usages_reserve = usages.reserve
--- Until a client may try again when there is no room.
local FULL_RETRY_SECONDS = 30
local function link_down(why)
    return {status = 503, code = "link_down", message = ("The link is down, and " .. why) .. ".", retry_after = job_page_RETRY_SECONDS}
end
local REFUSALS = {
    method = link_down("requests with this method are not stored"),
    no_body = link_down("the request cannot be stored, as its body cannot be read"),
    too_large = link_down("the request is too large to be stored"),
    header = link_down("the request has a header or a URL that cannot be stored"),
    bad_callback = {status = 400, code = "bad_callback", message = "X-OpenClaw-Callback must be an https URL of a host that this gateway may call."},
    store_full = {status = 503, code = "store_full", message = "The link is down, and there is no room for more requests.", retry_after = FULL_RETRY_SECONDS},
    client_full = {status = 429, code = "client_full", message = "The link is down, and no more requests of this client can be stored.", retry_after = FULL_RETRY_SECONDS},
    not_stored = {status = 503, code = "not_stored", message = "The link is down, and the request could not be stored.", retry_after = job_page_RETRY_SECONDS}
}
local function refuse(jobs, reason)
    jobs.metrics.jobs.refused:inc()
    jobs.metrics.refusals[reason]:inc()
    local ____REFUSALS_reason_0 = REFUSALS[reason]
    local status = ____REFUSALS_reason_0.status
    local code = ____REFUSALS_reason_0.code
    local message = ____REFUSALS_reason_0.message
    local retry_after = ____REFUSALS_reason_0.retry_after
    return job_page_respond_error(status, code, message, retry_after)
end
--- The host of the request; the server's name if it has none (HTTP/1.0), as nginx refuses deliveries without one.
local function host()
    local given = request_variable("http_host") or ""
    local known = given == "" and (request_variable("host") or "") or given
    return known == "" and "localhost" or known
end
--- The headers of the delivery; nothing when one of them cannot be sent again as it is.
local function read_headers(jobs)
    local headers = {}
    headers.Host = host()
    headers["X-Request-Id"] = request_variable("openclaw_request_id") or request_variable("request_id") or ""
    local trace = request_variable("openclaw_traceparent") or request_variable("http_traceparent") or ""
    if trace ~= "" then
        headers.traceparent = trace
    end
    local state = request_variable("openclaw_tracestate") or ""
    if trace ~= "" and state ~= "" then
        headers.tracestate = state
    end
    if converted_image_is_here() then
        headers[converted_image_NAME] = converted_image_VALUE
    end
    for ____, ____value in ipairs(jobs.settings.headers) do
        local name = ____value.name
        local variable = ____value.variable
        local value = request_variable(variable)
        if value ~= nil then
            headers[name] = value
        end
    end
    for name, value in pairs(headers) do
        if http_client_header_fault(name, value) ~= nil then
            return nil
        end
    end
    return headers
end
--- The address of the request as its client sent it, with the query as it is now: a plugin may have added to that.
local function present_uri()
    local uri = request_variable("request_uri") or ""
    local args = request_variable("args") or ""
    local mark = string_find(uri, "?", 1, true)
    local path = mark == nil and uri or string_sub(uri, 1, mark - 1)
    return args == "" and path or (path .. "?") .. args
end
--- The request without its body.
local function read_head(jobs, id, body)
    local headers = read_headers(jobs)
    local uri = present_uri()
    if headers == nil or not http_client_is_path(uri) then
        return nil, "header"
    end
    local url = request_variable("http_x_openclaw_callback")
    if url ~= nil and callbacks_url_fault(jobs.settings, url) ~= nil then
        return nil, "bad_callback"
    end
    return {
        id = id,
        created = ids_time_of(id),
        route = jobs.route,
        method = ngx.req.get_method(),
        uri = uri,
        headers = headers,
        caller = callers_present(),
        callback = url,
        body_bytes = body.bytes
    }
end
local function write_piece(writing, bytes, count)
    if writing.problem == nil then
        writing.problem = stores_append(writing.store, writing.id, bytes, count)
    end
end
--- Writes a job. On failure nil and why; it may be in place nevertheless.
local function write(store, id, line, body)
    local writing = {
        store = store,
        id = id,
        problem = stores_append(store, id, line, #line)
    }
    if writing.problem == nil then
        local ____, err = request_body_each(body, write_piece, writing)
        if writing.problem == nil then
            writing.problem = err
        end
    end
    if writing.problem ~= nil then
        return nil, writing.problem
    end
    return stores_finish(store, id, "pending", id)
end
--- Removes a job that is not stored after all, and gives its room back.
local function take_back(job)
    local ____job_1 = job
    local jobs = ____job_1.jobs
    local id = ____job_1.id
    local bytes = ____job_1.bytes
    if stores_withdraw(jobs.store, id) then
        usages_cancel(jobs.usage, id, bytes)
    else
        usages_announce(jobs.usage)
    end
end
--- Stores a request whose body was read.
local function store_request(jobs, body)
    local id = ids_new(usages_client_group(jobs.usage))
    local head, reason = read_head(jobs, id, body)
    if head == nil then
        return nil, reason
    end
    local line = records_stamped_line(head)
    if line == nil then
        return nil, "header"
    end
    local bytes = #line + body.bytes
    if reserves_is_short(jobs.reserve) then
        return nil, "not_stored"
    end
    local full = usages_reserve(jobs.usage, id, bytes)
    if full ~= nil then
        return nil, full
    end
    local state = request_state_open()
    local unfinished_job = {jobs = jobs, id = id, bytes = bytes}
    state.unfinished_job = unfinished_job
    local written, err = write(jobs.store, id, line, body)
    state.unfinished_job = nil
    if written == nil then
        take_back(unfinished_job)
        jobs.faults:report("store", "cannot store a request: ", err)
        return nil, "not_stored"
    end
    usages_announce(jobs.usage)
    return id
end
--- Removes the job that is being written for the present request, if there is one: the request has ended meanwhile, as its client
-- has left. Phases: log.
local function abandon()
    local state = request_state_present()
    if (state and state.unfinished_job) == nil then
        return
    end
    local job = state.unfinished_job
    state.unfinished_job = nil
    take_back(job)
end
____exports.abandon = abandon
--- Why the present request is not stored, as far as its head tells; nothing when it may be.
local function reason_in_head(settings)
    if not (settings.methods[ngx.req.get_method()] ~= nil) then
        return "method"
    end
    if request_whole_number("content_length") > settings.max_body_bytes then
        return "too_large"
    end
    return nil
end
--- Reads the body of a request that may have to be stored: nginx reads it for proxy_pass into a file that nobody else can open.
-- Phases: access; yields.
local function read_ahead(settings)
    if reason_in_head(settings) == nil then
        request_body_fetch()
    end
end
____exports.read_ahead = read_ahead
--- Stores the present request.
local function store_present(jobs)
    local settings = jobs.settings
    local unfit = reason_in_head(settings)
    if unfit ~= nil then
        return nil, unfit
    end
    local body, err = request_body_read()
    if body == nil then
        jobs.faults:report("unreadable_body", "cannot store a request: ", err)
        return nil, "no_body"
    end
    if body.bytes > settings.max_body_bytes then
        return nil, "too_large"
    end
    return store_request(jobs, body)
end
--- Stores the present request as a job and responds 202, or responds why it is not stored. A request with a delivery token, right or
-- wrong, is never stored. Phases: content; yields; never returns.
local function accept(jobs)
    if delivery_header_is_there() then
        return tokens_decline(false)
    end
    local id, reason = store_present(jobs)
    if id == nil then
        return refuse(jobs, reason)
    end
    jobs.metrics.jobs.accepted:inc()
    return job_page_respond_pending(id)
end
____exports.accept = accept
return ____exports
