local ____exports = {}
local math_floor = math.floor
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local string_find = string.find
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_note = cache_status.note
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_too_late = json_error.too_late
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local heads = require("resty.openclaw.cache.answer_head")
local heads_show = heads.show
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_COMING = live_streams.COMING
local live_streams_ENDED = live_streams.ENDED
local live_streams_text_from = live_streams.text_from
local HIT = "HIT"
--- The answer to another picture.
local NEAR = "NEAR"
local function show(head, cache_field, status)
    if status == nil then
        status = HIT
    end
    heads_show(head)
    cache_status_note(status)
    ngx.header["Cache-Status"] = cache_field
    ngx.header.Age = math_max(
        0,
        math_floor(request_now() - head.made_at)
    )
end
local function send(body)
    ngx.header["Content-Length"] = #body
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end
--- Sends a kept answer, and ends the request. Phases: access.
local function send_whole(head, body)
    show(head, "openclaw; hit")
    return send(body)
end
____exports.send_whole = send_whole
--- Sends a kept answer to another picture, whose hash differs in so many bits, and ends the request. Phases: access.
local function send_near(head, body, distance)
    show(head, "openclaw; hit; detail=near", NEAR)
    ngx.header["X-OpenClaw-Distance"] = distance
    return send(body)
end
____exports.send_near = send_near
--- How long a reader waits before it looks itself, in seconds.
local WAIT_SECONDS = 1
--- nginx counts in milliseconds: a wait of less would end at once, and time would stand still.
local LEAST_SECONDS = 0.001
--- For how many seconds the request may wait for the first piece, 0 or less when it has waited long enough. Ends it after its deadline.
local function patience(latest)
    local left = time_left_seconds()
    if left ~= nil and left <= 0 then
        json_error_too_late()
    end
    return (math_min(
        latest - clock_now(),
        left or math_huge
    ))
end
--- Whether nginx keeps all until the end, as it does for HTTP/1.0 without `lua_http10_buffering off`.
local function is_buffered(err)
    local found = string_find(err, "buffering", 1, true)
    return found ~= nil
end
--- Sends a stream as it comes, at the pace of the client, and ends the request. Returns if the stream broke off before anything was sent, or
-- nothing has come until that time: then the request may still be answered otherwise. `keep_looking`: sees to it that the worker takes the
-- pieces. Phases: access; yields.
local function send_live(live, head, latest, keep_looking)
    local at = 1
    while true do
        if at < live.first then
            break
        end
        if live.count >= at then
            if at == 1 then
                show(head, "openclaw; fwd=uri-miss; collapsed")
            end
            ngx.print(live_streams_text_from(live, at))
            at = live.count + 1
            local ok, err = ngx.flush(true)
            if ok == nil and not is_buffered(err) then
                ngx.exit(ngx.ERROR)
            end
        elseif live.state == live_streams_COMING then
            local seconds = at == 1 and patience(latest) or WAIT_SECONDS
            if seconds <= 0 then
                return
            end
            keep_looking()
            live.semaphore:wait(math_max(
                LEAST_SECONDS,
                math_min(WAIT_SECONDS, seconds)
            ))
        else
            break
        end
    end
    if live.state == live_streams_ENDED and at > live.count then
        if at == 1 then
            show(head, "openclaw; fwd=uri-miss; collapsed")
        end
        ngx.exit(ngx.HTTP_OK)
    end
    if ngx.headers_sent then
        ngx.exit(ngx.ERROR)
    end
end
____exports.send_live = send_live
return ____exports
