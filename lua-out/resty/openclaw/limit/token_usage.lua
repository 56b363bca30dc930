local ____exports = {}
local tonumber = tonumber
local math_min = math.min
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_present = cache_status.present
local request = require("resty.openclaw.core.request.request")
local request_status = request.status
local request_variable = request.variable
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
local PROMPT = "openclaw_prompt_tokens"
local COMPLETION = "openclaw_completion_tokens"
local FINISH_REASON = "openclaw_finish_reason"
local FIRST_REDIRECT = 300
local CLIENT_LEFT = 499
local ACCEPTED = 202
--- Answers from the cache of nginx cost no node anything.
local CACHED = {HIT = true, STALE = true, UPDATING = true, REVALIDATED = true}
--- Larger numbers count as this one.
local MOST = 1000000000
local function number_in(name)
    local text = request_variable(name)
    if text == nil or text == "" then
        return nil
    end
    local number = tonumber(text)
    return number ~= nil and number >= 0 and math_min(MOST, number) or nil
end
--- Of a request that no node has answered: one that `edge` has stored will be answered later, and then costs nothing more.
local function unanswered()
    return request_status() == ACCEPTED and "reserved" or "nothing"
end
--- Of a request whose client has left before the answer began: a node that had a connection may have read the prompt.
local function left_early()
    local seconds = upstream_tries_last(request_variable("upstream_connect_time") or "")
    if tonumber(seconds) == nil then
        return unanswered()
    end
    return "tokens", nil, 0
end
--- Whether an answer is not complete: nginx says so where the client has left, `inference` where the node has broken off.
local function is_broken()
    return request_variable("request_completion") ~= "OK" or request_variable(FINISH_REASON) == "aborted"
end
local function answered(faults)
    local prompt = number_in(PROMPT)
    local completion = number_in(COMPLETION)
    if prompt ~= nil or completion ~= nil then
        return "tokens", prompt, completion or 0
    end
    if is_broken() then
        return "tokens", nil, 0
    end
    if request_variable("request_method") ~= "POST" then
        return "nothing"
    end
    faults:report("no_usage", "an answer names no tokens, so that what was reserved counts as used")
    return "reserved"
end
--- What the request at hand has used. Phases: log, after `inference`. Never raises.
local function of_request(faults)
    if CACHED[cache_status_present() or ""] == true then
        return "nothing"
    end
    if (request_variable("upstream_addr") or "") == "" then
        return unanswered()
    end
    local status = tonumber(upstream_tries_last(request_variable("upstream_status") or ""))
    if status == nil or status == CLIENT_LEFT then
        return left_early()
    end
    if status >= FIRST_REDIRECT then
        return unanswered()
    end
    return answered(faults)
end
____exports.of_request = of_request
return ____exports
