local ____exports = {}
local math_min = math.min
local media_types = require("resty.openclaw.core.http.media_type")
local media_types_is_json = media_types.is_json
local media_types_of = media_types.of
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_is_from_cache = cache_status.is_from_cache
local cache_status_present = cache_status.present
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_set_variable = request.set_variable
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_present = request_state.present
local chunk = require("resty.openclaw.core.request.response_chunk")
local chunk_is_last = chunk.is_last
local heads = require("resty.openclaw.cache.answer_head")
local heads_of_response = heads.of_response
local heads_write = heads.write
local askings = require("resty.openclaw.cache.asking")
local askings_NO_STORE = askings.NO_STORE
local askings_give_up = askings.give_up
local askings_leave = askings.leave
local errors_in_answers = require("resty.openclaw.cache.error_in_answer")
local errors_in_answers_is_error = errors_in_answers.is_error
local kept_answers = require("resty.openclaw.cache.kept_answers")
local kept_answers_keep = kept_answers.keep
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_SECONDS = live_streams.SECONDS
local near_answers = require("resty.openclaw.cache.near_answers")
local near_answers_add = near_answers.add
local recordings = require("resty.openclaw.cache.recording")
local recordings_body_of = recordings.body_of
local recordings_finish = recordings.finish
local recordings_new = recordings.new
local recordings_take = recordings.take
local records = require("resty.openclaw.cache.records")
local records_confirm = records.confirm
local records_forget = records.forget
local records_note_doubt = records.note_doubt
local records_note_kept = records.note_kept
local records_note_likely = records.note_likely
local records_note_live = records.note_live
local records_note_passing = records.note_passing
local records_note_stale = records.note_stale
local records_note_stored = records.note_stored
local redis_tiers = require("resty.openclaw.cache.redis_tier")
local redis_tiers_leave = redis_tiers.leave
local redis_tiers_write = redis_tiers.write
local response_fields = require("resty.openclaw.cache.response_fields")
local response_fields_show = response_fields.show
local storability = require("resty.openclaw.cache.storability")
local storability_has_open_end = storability.has_open_end
local storability_is_same_for_all = storability.is_same_for_all
local storability_look = storability.look
local stores = require("resty.openclaw.cache.store")
local stores_seconds_of = stores.seconds_of
local OK = 200
local PARTIAL_CONTENT = 206
local TOO_MANY_REQUESTS = 429
local FIRST_SERVER_ERROR = 500
local EVENTS = "text/event-stream"
--- JSON of that length is read in about 2 ms, which is as long as others may wait.
local MOST_JUDGED_BYTES = 256 * 1024
--- The answer comes from nginx's cache: so do those of the others.
local function note_cached(asking, status)
    local ____asking_0 = asking
    local store = ____asking_0.store
    local key = ____asking_0.key
    asking.is_from_cache = true
    if not records_confirm(store.dict, key, store.seconds ~= nil) then
        local date = request_variable("upstream_http_date")
        local ____temp_1
        if date == nil then
            ____temp_1 = nil
        else
            ____temp_1 = ngx.parse_http_time(date)
        end
        local made_at = ____temp_1 or 0
        if status == "HIT" or status == "REVALIDATED" then
            records_note_stored(store.dict, key, made_at)
        else
            records_note_stale(store.dict, key, made_at)
        end
    end
    askings_give_up(asking)
end
local function begin_recording(asking, status, storable, is_stream)
    local ____asking_2 = asking
    local store = ____asking_2.store
    local key = ____asking_2.key
    local name = ____asking_2.name
    local head = heads_of_response(
        status,
        storable.headers,
        request_now()
    )
    if head == nil then
        return
    end
    asking.recording = recordings_new(
        store,
        name,
        head,
        storable.seconds,
        is_stream,
        asking.is_kept
    )
    if asking.recording == nil or not is_stream then
        return
    end
    if asking.leads then
        records_note_live(store.dict, key, name, live_streams_SECONDS)
    else
        recordings_finish(asking.recording)
    end
end
--- Nobody is to wait for answers to this.
local function let_others_pass(asking)
    asking.is_settled = true
    records_note_passing(asking.store.dict, asking.key)
    askings_give_up(asking)
end
--- Whether the answer must be read to its end before anybody knows that it may be kept, so that nginx must not store it.
local function is_read_first(store, status, its_type)
    if its_type == EVENTS then
        return true
    end
    if status ~= OK then
        return store.negative[status] ~= nil
    end
    return #store.error_paths > 0 and media_types_is_json(its_type)
end
--- Whether the node cannot answer now.
local function is_failure(status)
    return status == TOO_MANY_REQUESTS or status >= FIRST_SERVER_ERROR
end
--- Whether it is no answer to what was asked, whatever its headers say: a part, or that the node cannot answer now.
local function is_no_answer(status)
    return status == PARTIAL_CONTENT or is_failure(status)
end
--- Keeps the response from nginx's cache where it must be. Returns what it says if it may be kept by anybody.
local function guard_store(store, status, its_type)
    local storable
    if not is_no_answer(status) and not storability_has_open_end() then
        storable = storability_look()
    end
    if storable == nil or is_read_first(store, status, its_type) then
        request_set_variable(askings_NO_STORE, "1")
    end
    return storable
end
--- Whether the answer says that it is longer than what may be kept.
local function is_too_long(store)
    return request_whole_number("upstream_http_content_length") > store.limit
end
--- A node's answer to a request that asks has begun.
local function judge(asking, status, its_type, storable)
    if is_failure(status) then
        asking.is_settled = true
        return askings_give_up(asking)
    end
    if storable == nil then
        return let_others_pass(asking)
    end
    local ____asking_3 = asking
    local store = ____asking_3.store
    local is_timed = asking.seconds ~= nil and store.seconds == nil
    local is_kept_from_nginx = (is_timed or asking.avoids_nginx) and status == OK
    if is_kept_from_nginx then
        request_set_variable(askings_NO_STORE, "1")
    end
    asking.is_kept = is_kept_from_nginx or is_read_first(store, status, its_type)
    asking.is_in_nginx = not asking.is_kept and status == OK and request_variable("request_method") ~= "HEAD"
    local is_copied = (store.tier ~= nil or asking.near ~= nil) and status == OK and not is_too_long(store)
    if not asking.is_kept and not is_copied then
        return
    end
    local is_keepable = stores_seconds_of(store, status) ~= nil and storability_is_same_for_all(storable.headers)
    if is_keepable and request_variable("request_method") ~= "HEAD" then
        begin_recording(asking, status, storable, its_type == EVENTS)
    end
    if asking.is_kept and asking.recording == nil then
        let_others_pass(asking)
    end
end
--- Where nginx has no cache, or nobody has asked it.
local function note_no_cache(____bindingPattern0)
    local route
    local faults
    faults = ____bindingPattern0.faults
    route = ____bindingPattern0.route
    local ____opt_4 = request_state_present()
    local asking = ____opt_4 and ____opt_4.cache_asking
    if asking == nil or (request_variable("upstream_addr") or "") == "" then
        return
    end
    local what = "has no cache: write proxy_cache and a zone beside cache.conf"
    faults:report(
        "no_proxy_cache",
        "a location of the route \"",
        route,
        "\" ",
        what
    )
    let_others_pass(asking)
end
--- Looks at the header of a response: what may be stored, and where. Phases: header_filter. Never raises.
local function header_filter(store)
    local cache = request_variable("upstream_cache_status")
    if cache == nil then
        return note_no_cache(store)
    end
    local state = request_state_present()
    local asking = state and state.cache_asking
    if cache_status_is_from_cache(cache) then
        if asking ~= nil then
            note_cached(asking, cache)
        end
    else
        local status = request_status()
        local its_type = media_types_of(request_variable("upstream_http_content_type") or "")
        local storable = guard_store(store, status, its_type)
        if asking ~= nil then
            judge(asking, status, its_type, storable)
        end
    end
    response_fields_show(
        cache_status_present() or cache,
        (state and state.wants_other) == true
    )
end
____exports.header_filter = header_filter
local function result_of(store, recording, body)
    if recording.pieces == nil then
        return "too_large"
    end
    if body == nil then
        return "incomplete"
    end
    local is_judged = recording.head.status == OK and recording.stream_end == nil and #store.error_paths > 0
    if not is_judged then
        return "kept"
    end
    if #body > MOST_JUDGED_BYTES then
        return "too_large"
    end
    return errors_in_answers_is_error(store.error_paths, body) and "error" or "kept"
end
--- For how many seconds the answer may be kept: no longer than the route, its client and the node allow.
local function seconds_of(____bindingPattern0, ____bindingPattern1)
    local seconds
    local store
    store = ____bindingPattern0.store
    seconds = ____bindingPattern0.seconds
    local seconds_allowed
    local head
    head = ____bindingPattern1.head
    seconds_allowed = ____bindingPattern1.seconds_allowed
    local most = math_min(
        stores_seconds_of(store, head.status),
        seconds_allowed
    )
    return seconds == nil and most or math_min(most, seconds)
end
--- Hands the answer to the other gateways.
local function share(asking, recording, body)
    local ____asking_store_10 = asking.store
    local tier = ____asking_store_10.tier
    if tier ~= nil then
        redis_tiers_write(
            tier,
            asking.key,
            heads_write(recording.head),
            body,
            seconds_of(asking, recording)
        )
    end
end
--- Gives the answer, which is kept under its name, to those with nearly the same picture.
local function offer(asking, recording, seconds)
    local near = asking.near
    if near == nil or recording.head.status ~= OK then
        return
    end
    local ____asking_11 = asking
    local store = ____asking_11.store
    local key = ____asking_11.key
    local name = ____asking_11.name
    near_answers_add(
        store.near,
        store.dict,
        near,
        key,
        name,
        math_min(seconds, near.seconds),
        0
    )
end
--- Keeps a copy of what nginx's cache has, for those with nearly the same picture.
local function keep_copy(asking, recording, body)
    local ____asking_12 = asking
    local store = ____asking_12.store
    local name = ____asking_12.name
    local near = ____asking_12.near
    if near == nil then
        return
    end
    local seconds = math_min(
        seconds_of(asking, recording),
        near.seconds
    )
    if seconds > 0 and kept_answers_keep(
        store.dict,
        name,
        heads_write(recording.head),
        body,
        seconds
    ) then
        offer(asking, recording, seconds)
    end
end
--- Keeps what was recorded, if it may be kept, and lets the others go on.
local function keep(asking, recording)
    local ____asking_13 = asking
    local store = ____asking_13.store
    local key = ____asking_13.key
    local name = ____asking_13.name
    local body = recordings_body_of(recording)
    local result = result_of(store, recording, body)
    local seconds = seconds_of(asking, recording)
    if result == "kept" and not kept_answers_keep(
        store.dict,
        name,
        heads_write(recording.head),
        body,
        seconds
    ) then
        result = "no_room"
    end
    metric_handles_add(store.results[result])
    if result == "kept" then
        share(asking, recording, body)
        offer(asking, recording, seconds)
        records_note_kept(store.dict, key, name, seconds)
    else
        records_forget(store.dict, key, name)
    end
    asking.recording = nil
    recordings_finish(recording)
    if result == "error" or result == "too_large" then
        let_others_pass(asking)
    else
        askings_give_up(asking)
    end
end
--- For how many seconds the answer that nginx stores may be used; 0: as long as nginx says.
local function seconds_in_nginx(____bindingPattern0)
    local seconds
    local store
    store = ____bindingPattern0.store
    seconds = ____bindingPattern0.seconds
    local most = store.seconds
    if most == nil then
        return 0
    end
    return seconds == nil and most or math_min(most, seconds)
end
--- nginx has stored the answer by now, if it stores it at all: the others go on. Phases: log, timer.
local function settle(asking)
    if asking.is_settled then
        return
    end
    asking.is_settled = true
    local ____asking_14 = asking
    local store = ____asking_14.store
    local key = ____asking_14.key
    local status = ____asking_14.status
    if status ~= OK then
        records_note_doubt(store.dict, key)
    elseif asking.was_expected then
        records_note_passing(store.dict, key)
    else
        records_note_likely(
            store.dict,
            key,
            request_now(),
            seconds_in_nginx(asking)
        )
    end
    askings_give_up(asking)
end
local function settle_later(_premature, asking)
    settle(asking)
end
--- nginx stores the answer after the filters; the client may take its time for the rest.
local function let_nginx_store(asking)
    asking.status = request_status()
    if asking.leads then
        ngx.timer.at(0, settle_later, asking)
    end
end
--- The stream has become too long to be kept: who comes now asks a node. Those that read it already go on.
local function let_go(asking, recording)
    records_forget(asking.store.dict, asking.key, recording.name)
    let_others_pass(asking)
end
--- The response has ended, of which nginx's cache has the whole as well.
local function share_copy(asking, recording)
    local body = recordings_body_of(recording)
    if body ~= nil then
        share(asking, recording, body)
        keep_copy(asking, recording, body)
    end
    asking.recording = nil
    let_nginx_store(asking)
end
local function take(asking, recording)
    recordings_take(recording, asking.store.faults)
    if not recording.is_whole then
        if asking.is_kept and asking.leads and recording.pieces == nil then
            let_go(asking, recording)
        end
        return
    end
    asking.has_ended = true
    if asking.is_kept then
        keep(asking, recording)
    else
        share_copy(asking, recording)
    end
end
--- Takes the next piece of the response. Phases: body_filter. Never raises.
local function body_filter()
    local ____opt_15 = request_state_present()
    local asking = ____opt_15 and ____opt_15.cache_asking
    if asking == nil or asking.has_ended or request_variable("upstream_cache_status") == nil then
        return
    end
    if asking.recording ~= nil then
        return take(asking, asking.recording)
    end
    if not chunk_is_last() or asking.is_from_cache then
        return
    end
    asking.has_ended = true
    let_nginx_store(asking)
end
____exports.body_filter = body_filter
--- Ends what the request still has to do with others. Phases: log. Never raises.
local function log()
    local state = request_state_present()
    if state == nil then
        return
    end
    local asking = state.cache_asking
    if asking ~= nil and asking.has_ended and asking.recording == nil and asking.status > 0 then
        settle(asking)
    end
    askings_leave(state)
    redis_tiers_leave(state)
end
____exports.log = log
return ____exports
