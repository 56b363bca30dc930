local ____exports = {}
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_has_left = client_watch.has_left
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_when_forgotten = request_state.when_forgotten
local request_state_when_lost = request_state.when_lost
local leadership = require("resty.openclaw.cache.leadership")
local leadership_give_up = leadership.give_up
local leadership_new_name = leadership.new_name
local leadership_take = leadership.take
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_leave = live_streams.leave
local recordings = require("resty.openclaw.cache.recording")
local recordings_finish = recordings.finish
local records = require("resty.openclaw.cache.records")
local records_forget = records.forget
local records_note_cut = records.note_cut
--- Says that nginx is not to store the response.
local NO_STORE = "openclaw_cache_no_store"
____exports.NO_STORE = NO_STORE
--- Tries to make the request the leader of its key. Returns whether it asks, as the leader or because there is no room to note one. Phases:
-- access, balancer.
local function try_to_lead(store, key, state, seconds)
    local name = leadership_new_name()
    local asking = {
        store = store,
        key = key,
        name = name,
        seconds = seconds,
        near = state.cache_near,
        leads = false,
        recording = nil,
        is_kept = false,
        avoids_nginx = false,
        is_in_nginx = false,
        is_from_cache = false,
        was_expected = false,
        has_ended = false,
        status = 0,
        is_settled = false
    }
    if store.coalesces then
        local is_taken, err = leadership_take(store.dict, key, name)
        if not is_taken and err == nil then
            return false
        end
        if err ~= nil then
            store.faults:report("no_room", "the lua_shared_dict of the answers: ", err)
        end
        asking.leads = is_taken
    end
    state.cache_asking = asking
    state.is_unfinished = true
    return true
end
____exports.try_to_lead = try_to_lead
--- Gives up the lead. Phases: any with a request, timer.
local function give_up(asking)
    if not asking.leads then
        return
    end
    asking.leads = false
    leadership_give_up(asking.store.dict, asking.key, asking.name)
end
____exports.give_up = give_up
--- Ends what a request still has to do with others, whatever has become of it. Phases: any with a request. Never raises.
local function leave(state)
    local ____state_0 = state
    local cache_asking = ____state_0.cache_asking
    local cache_live = ____state_0.cache_live
    state.cache_key = nil
    state.cache_store = nil
    state.cache_near = nil
    if cache_live ~= nil then
        state.cache_live = nil
        live_streams_leave(cache_live)
    end
    if cache_asking == nil then
        return
    end
    state.cache_asking = nil
    local ____cache_asking_1 = cache_asking
    local recording = ____cache_asking_1.recording
    local store = ____cache_asking_1.store
    local key = ____cache_asking_1.key
    local name = ____cache_asking_1.name
    local is_in_nginx = ____cache_asking_1.is_in_nginx
    local has_ended = ____cache_asking_1.has_ended
    if is_in_nginx and not has_ended and not client_watch_has_left() then
        records_note_cut(store.dict, key)
    end
    if recording ~= nil then
        records_forget(store.dict, key, name)
        recordings_finish(recording)
    end
    give_up(cache_asking)
end
____exports.leave = leave
request_state_when_forgotten(leave)
request_state_when_lost(leave)
return ____exports
