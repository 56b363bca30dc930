local ____exports = {}
local math_max = math.max
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local rooms = require("resty.openclaw.cache.room")
local rooms_add = rooms.add
local rooms_set = rooms.set
--- Nothing is known.
local NONE = 0
____exports.NONE = NONE
--- nginx's cache has the answer; the record is when it was stored, in seconds since 1970.
local STORED = 1
____exports.STORED = STORED
--- The answer is in shared memory; the record is its name there.
local KEPT = 2
____exports.KEPT = KEPT
--- A node is sending the answer, which is read as it comes; the record is its name in shared memory.
local LIVE = 3
____exports.LIVE = LIVE
--- Answers to this may not be stored, so requests do not wait for one another.
local PASSING = 4
____exports.PASSING = PASSING
--- The last answer may or may not be in nginx's cache: the next request finds out, and the others wait.
local DOUBT = 5
____exports.DOUBT = DOUBT
--- The process of the leader has died, and nginx's own lock of the key has outlived it.
local LOST = 6
____exports.LOST = LOST
--- nginx's cache should have the answer, since when the record says: the next request finds out, and the others wait.
local LIKELY = 7
____exports.LIKELY = LIKELY
--- The last answer broke off, perhaps because nginx could not store it: shared memory keeps the next one.
local CUT = 8
____exports.CUT = CUT
--- How long nginx keeps that lock, at most, in seconds: `proxy_cache_lock_age` in nginx/cache.conf.
local LOCK_SECONDS = 300
--- For how many seconds nginx is not trusted with answers to what broke off.
local CUT_SECONDS = 60
--- What is stale is served by nginx alone for so many seconds before the gateway has one request ask again.
local STALE_SECONDS = 1
--- The shortest time that a record can have left.
local LEAST_SECONDS = 0.001
--- A record of what may not be stored ends after so many seconds: the next answer may be another one.
local PASSING_SECONDS = 5
--- Kinds of answers that are somewhere.
local function is_answer(kind)
    return kind == STORED or kind == KEPT or kind == LIKELY
end
--- The record of a key, its kind, and whether there was an answer that is too old now. Phases: any.
local function look(dict, key)
    local value, kind, is_stale = dict:get_stale(key)
    if value == nil then
        return nil, NONE, false
    end
    if is_stale then
        return nil, NONE, is_answer(kind)
    end
    return value, kind or NONE, false
end
____exports.look = look
--- Notes that nginx's cache has the answer, since that time, as long as there is room for the record. Phases: any.
local function note_stored(dict, key, made_at)
    rooms_set(
        dict,
        key,
        made_at,
        0,
        STORED
    )
end
____exports.note_stored = note_stored
--- Notes that nginx's cache has an answer that is stale. Phases: any.
local function note_stale(dict, key, made_at)
    rooms_set(
        dict,
        key,
        made_at,
        STALE_SECONDS,
        STORED
    )
end
____exports.note_stale = note_stale
--- Notes that an answer has come that nginx's cache should have from now on, for so many seconds; 0: without end. Phases: any.
local function note_likely(dict, key, now, seconds)
    rooms_set(
        dict,
        key,
        now,
        seconds,
        LIKELY
    )
end
____exports.note_likely = note_likely
--- Notes that nginx's cache does have what it should have. False if nothing like that is known. Phases: any.
local function confirm(dict, key, has_end)
    local value, kind = look(dict, key)
    if value == nil or kind ~= LIKELY then
        return false
    end
    if not has_end then
        rooms_set(
            dict,
            key,
            value,
            0,
            STORED
        )
        return true
    end
    local left = dict:ttl(key)
    if left ~= nil then
        rooms_set(
            dict,
            key,
            value,
            math_max(LEAST_SECONDS, left),
            STORED
        )
    end
    return true
end
____exports.confirm = confirm
--- Notes that the answer of that name is kept for so many seconds. Phases: any.
local function note_kept(dict, key, name, seconds)
    rooms_set(
        dict,
        key,
        name,
        seconds,
        KEPT
    )
end
____exports.note_kept = note_kept
--- Notes that the answer of that name is coming. Phases: any.
local function note_live(dict, key, name, seconds)
    rooms_set(
        dict,
        key,
        name,
        seconds,
        LIVE
    )
end
____exports.note_live = note_live
--- Notes that answers may not be stored. Phases: any.
local function note_passing(dict, key)
    rooms_set(
        dict,
        key,
        clock_now(),
        PASSING_SECONDS,
        PASSING
    )
end
____exports.note_passing = note_passing
--- Notes that an answer has come of which only nginx.conf says whether it is stored. After two of them in succession, none of which nginx had
-- stored, requests do not wait for one another. Phases: any.
local function note_doubt(dict, key)
    local ____, kind = look(dict, key)
    if kind == DOUBT then
        return note_passing(dict, key)
    end
    rooms_set(
        dict,
        key,
        clock_now(),
        PASSING_SECONDS,
        DOUBT
    )
end
____exports.note_doubt = note_doubt
--- Notes that an answer broke off. Phases: any.
local function note_cut(dict, key)
    rooms_set(
        dict,
        key,
        clock_now(),
        CUT_SECONDS,
        CUT
    )
end
____exports.note_cut = note_cut
--- Notes that the leader has died, unless the answer is known already. Phases: any.
local function note_lost(dict, key)
    rooms_add(
        dict,
        key,
        clock_now(),
        LOCK_SECONDS,
        LOST
    )
end
____exports.note_lost = note_lost
--- Forgets what is known, if it is still this. Phases: any.
local function forget(dict, key, value)
    local known = dict:get(key)
    if known == value then
        dict:delete(key)
    end
end
____exports.forget = forget
return ____exports
