--- Jobs whose timer is the spec's: only `turn` delivers. Both ends of the gateway are simulated.
local acceptance = require("resty.openclaw.edge.acceptance")
local backlogs = require("resty.openclaw.edge.backlog")
local backoff = require("resty.openclaw.core.time.backoff")
local cjson = require("cjson")
local clock = require("resty.openclaw.core.time.clock")
local dispatchers = require("resty.openclaw.edge.dispatcher")
local eventually = require("spec.support.eventually")
local fault = require("resty.openclaw.core.metrics.fault")
local files = require("resty.openclaw.core.files.files")
local http = require("spec.support.http")
local ids = require("resty.openclaw.edge.store.id")
local schemas = require("resty.openclaw.config.schema")
local settings = require("resty.openclaw.edge.settings")
local job_page = require("resty.openclaw.edge.job_page")
local jobs_of = require("resty.openclaw.edge.jobs")
local links = require("resty.openclaw.edge.link")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local request_of = require("resty.openclaw.core.request.request")
local records = require("resty.openclaw.edge.store.record")
local stores = require("resty.openclaw.edge.store")
local tokens = require("resty.openclaw.edge.delivery_token")

local _M = { PORT = 18201, CALLBACK_PORT = 18192 }

local replaced = {}

local function replace(owner, field, value)
    table.insert(replaced, { owner, field, owner[field] })
    owner[field] = value
end

--- Clears what came before. The link is up, and the other end responds 200.
function _M.reset()
    _M.restore()
    _M.seen, _M.behave, _M.heard, _M.hear_status = {}, nil, {}, 204
    _M.link_is_up, _M.trials, _M.trials_taken = true, 0, 0
    _M.sending, _M.most_sending = {}, 0
    replace(links, "is_up", function() return _M.link_is_up end)
    replace(links, "may_try", function()
        if _M.link_is_up then return true end
        if _M.trials == 0 then return false end
        _M.trials, _M.trials_taken = _M.trials - 1, _M.trials_taken + 1
        return true
    end)
    replace(links, "unanswered", function() return _M.link_is_up end)
    replace(backoff, "jittered", function() return 0 end)
end

local opened = {}

--- Waits until the attempts that a worker has begun have ended.
function _M.await_attempts(dispatcher)
    eventually(function() return backlogs.sending_count(dispatcher.delivery.backlog) == 0 end, "the end of attempts")
end

--- Puts everything back, when all that is under way has ended.
function _M.restore()
    for _, dispatcher in ipairs(opened) do _M.await_attempts(dispatcher) end
    opened = {}
    for index = #replaced, 1, -1 do
        local owner, field, value = unpack(replaced[index])
        owner[field] = value
    end
    replaced = {}
end

--- Replaces a function until the spec ends.
_M.replace = replace

local uptime, time_of_day = clock.now, ngx.now

--- So many seconds go by on the monotonic clock.
function _M.go_on(seconds)
    replace(clock, "now", function() return uptime() + seconds end)
end

--- The time of day is changed by so many seconds.
function _M.set_clock(seconds)
    local function now() return time_of_day() + seconds end
    replace(ngx, "now", now)
    replace(request_of, "now", now)
end

--- So many seconds go by on both clocks.
function _M.later(seconds)
    _M.go_on(seconds)
    _M.set_clock(seconds)
end

--- An empty folder for a store.
function _M.folder()
    return ngx.config.prefix() .. "edge_store_" .. ids.new()
end

--- Jobs with these options, and ones fit for specs where they are not given; what the timer calls; and what delivers them.
function _M.open(options)
    local registry = metric_registry.open("openclaw")
    local given = { through = "http://127.0.0.1:18200", rate = 1000, client_share = 1, store = options and options.store or _M.folder() }
    for name, value in pairs(options or {}) do given[name] = value end
    local route = given.route or ids.new()
    given.route = nil
    local read = schemas.read_or_raise(settings.SCHEMA, given, "edge")
    local jobs = jobs_of.new(settings.of(read, "edge"), registry, route, fault.new("edge", registry))
    local dispatcher = dispatchers.new(jobs, { name = route })
    local every = ngx.timer.every
    local round
    ngx.timer.every = function(_, work)
        round = work
        return true
    end
    dispatchers.start(dispatcher)
    ngx.timer.every = every
    _M.jobs = jobs
    opened[#opened + 1] = dispatcher
    return jobs, function(premature) round(premature or false, dispatcher) end, dispatcher
end

--- Lets a worker work until something is so.
function _M.work(turn, condition, what)
    return eventually(function()
        turn()
        return condition()
    end, what)
end

--- A fault's message, as `report` was told; the list grows with each report.
function _M.faults(jobs)
    local told = {}
    jobs.faults = setmetatable({
        report = function(_, kind, ...)
            local parts = { kind .. ": ", ... }
            for index, part in ipairs(parts) do parts[index] = tostring(part) end
            told[#told + 1] = table.concat(parts)
        end,
    }, nil)
    return told
end

function _M.accept()
    acceptance.accept(_M.jobs)
end

function _M.page()
    local id = ngx.var.uri:sub(#"/openclaw/jobs/" + 1)
    if not job_page.respond_if_found(_M.jobs, id) then job_page.respond_missing(_M.jobs, id) end
end

--- The content handler of the gateway's own listener. What it says comes from the other end, unless a spec denies it.
function _M.deliver()
    ngx.req.read_body()
    ngx.header["X-OpenClaw-Link"] = "answered"
    local headers = ngx.req.get_headers()
    local request = {
        method = ngx.req.get_method(),
        uri = ngx.var.request_uri,
        headers = headers,
        body = ngx.req.get_body_data() or "",
        is_delivery = tokens.matches(_M.jobs.token),
    }
    table.insert(_M.seen, request)
    request.number = #_M.seen
    -- What an earlier spec left under way counts for itself.
    local sending = _M.sending
    sending[request] = true
    _M.most_sending = math.max(_M.most_sending, require("table.nkeys")(_M.sending))
    local behave = _M.behave
    if behave then behave(request) else ngx.say("answer ", request.number) end
    sending[request] = nil
end

--- Says that the link is down, as the gateway does to its own deliveries.
function _M.link_down()
    _M.accept()
end

--- The content handler that receives callbacks.
function _M.hear()
    ngx.req.read_body()
    table.insert(_M.heard, { uri = ngx.var.request_uri, method = ngx.req.get_method(), headers = ngx.req.get_headers(), body = ngx.req.get_body_data() or "" })
    ngx.status = type(_M.hear_status) == "table" and (table.remove(_M.hear_status, 1) or 204) or _M.hear_status
    if ngx.status == 302 then ngx.header.Location = "http://127.0.0.1:18202/elsewhere" end
    ngx.print("")
end

--- Sends a request that is to be kept; its answer.
function _M.send(body, headers, path)
    return http.post_to(_M.PORT, path or "/api/analyze?x=%20y", body or "body", headers)
end

--- Has a job kept, and returns its id. The next one is younger: jobs of the same millisecond have no order.
function _M.keep(body, headers, path)
    local answer = _M.send(body, headers, path)
    assert(answer.status == 202, answer.status .. " " .. tostring(answer.body))
    -- 1 ms could end within the same millisecond of the day.
    ngx.sleep(0.002)
    return cjson.decode(answer.body).id
end

function _M.get(id, headers)
    return http.get_from(_M.PORT, "/openclaw/jobs/" .. id, headers)
end

--- The code of an error in JSON.
function _M.code(answer)
    return cjson.decode(answer.body).error.code
end

--- The names in one folder of the store, sorted.
function _M.names(jobs, shelf)
    local names = assert(files.names(jobs.settings.store .. "/" .. shelf))
    table.sort(names)
    return names
end

--- A figure of the jobs' route, as the metrics page shows it; the other label as 'state="done"', if there is one.
function _M.figure(jobs, name, label)
    local page = http.get("/metrics/page").body

    local labels = ('route="%s"%s'):format(jobs.route, label and "," .. label or "")
    local prefix = ("%s{%s} "):format(name, labels)
    local at = select(2, page:find("\n" .. prefix, 1, true))
    return at and tonumber(page:match("^[^\n]+", at + 1))
end

--- Writes a file.
function _M.put(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

--- An id that was made so many seconds ago.
function _M.old_id(seconds)
    return ids.time_text(ngx.now() - seconds) .. ids.new():sub(13)
end

--- Puts a job on the disk, as if a worker had stored it before.
function _M.lay(jobs, head, body, id)
    id = id or ids.new()
    local whole = { id = id, method = "POST", uri = "/", headers = {}, body_bytes = #(body or "") }
    for name, value in pairs(head or {}) do whole[name] = value end
    _M.put(stores.path(jobs.store, "pending", id), assert(records.line(whole)) .. (body or ""))
    jobs.usage.names:incr(jobs.usage.stored_key, 1, 0)
    return id
end

--- Puts a response on the disk, as if a worker had stored it before.
function _M.lay_response(jobs, id, head, body)
    local whole = { id = id, finished = ngx.now(), status = 200, headers = {}, body_bytes = #(body or "") }
    for name, value in pairs(head or {}) do whole[name] = value end
    _M.put(stores.path(jobs.store, "done", id), assert(records.line(whole)) .. (body or ""))
end

--- Whether a job has ended.
function _M.is_done(jobs, id)
    return stores.has(jobs.store, "done", id) and not stores.has(jobs.store, "pending", id)
end

--- Lets a worker work until a job has ended; what its page responds then.
function _M.done(turn, id)
    _M.work(turn, function() return _M.is_done(_M.jobs, id) end, "the end of " .. id)
    return _M.get(id)
end

--- Lets a worker work for a while in which nothing should happen.
function _M.idle(turn)
    for _ = 1, 5 do
        turn()
        ngx.sleep(0.01)
    end
end

--- Number of deliveries with that outcome.
function _M.delivered(jobs, outcome)
    return _M.figure(jobs, "openclaw_edge_deliveries_total", ('outcome="%s"'):format(outcome))
end

--- Number of jobs with that result.
function _M.counted(jobs, result)
    return _M.figure(jobs, "openclaw_edge_jobs_total", ('result="%s"'):format(result))
end

return _M
