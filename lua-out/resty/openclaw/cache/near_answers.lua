local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local string_find = string.find
local string_format = string.format
local string_lower = string.lower
local string_sub = string.sub
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_LOST_SLOT = shared_memory.LOST_SLOT
local shared_memory_slot = shared_memory.slot
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_handles_counter = metric_handles.counter
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local cache_key = require("resty.openclaw.core.request.cache_key")
local cache_key_without_body = cache_key.without_body
local near_picture = require("resty.openclaw.core.request.near_picture")
local near_picture_DIGITS = near_picture.DIGITS
local near_picture_take = near_picture.take
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local kept_answers = require("resty.openclaw.cache.kept_answers")
local kept_answers_body_of = kept_answers.body_of
local kept_answers_head_of = kept_answers.head_of
local near_index = require("resty.openclaw.cache.near_index")
local near_index_distance_of = near_index.distance_of
local near_index_masked = near_index.masked
local near_index_new = near_index.new
local near_index_next = near_index.next
local near_index_put = near_index.put
local near_index_remove = near_index.remove
local near_index_search = near_index.search
local purge_list = require("resty.openclaw.cache.purges")
local purge_list_generation_of_key = purge_list.generation_of_key
--- Begins the names of what is noted in the dict; keys are hexadecimal, and names of answers have a `/`.
local PREFIX = "near:"
--- How long the parts are: two digests, the hash between them, and the moment. The name of the answer comes after them.
local DIGEST_DIGITS = 64
local HASH_AT = DIGEST_DIGITS + 1
local KEY_AT = HASH_AT + near_picture_DIGITS
local TIME_AT = KEY_AT + DIGEST_DIGITS
local NAME_AT = TIME_AT + 15
local NOTE = "%s%s%s%015.3f%s"
--- How many numbers that lead nowhere a request takes out of the index before it asks a node.
local MOST_TRIES = 4
--- Those of all routes of a region.
local indices = {}
local function index_of(region)
    local known = indices[region]
    if known ~= nil then
        return known
    end
    local made = near_index_new(region)
    indices[region] = made
    return made
end
local function total_in(region, route)
    local slot = shared_memory_slot(region, "near answers of " .. route)
    return metric_handles_counter(region, slot or shared_memory_LOST_SLOT)
end
--- What a route counts of them. Phases: init.
local function create(registry, route)
    local family = metric_registry_counter(registry, "openclaw_cache_near_total", "Requests that were answered with the answer to nearly the same picture, by the bits in which the hashes differ.", {"route", "distance"})
    local ____registry_0 = registry
    local region = ____registry_0.region
    return {
        index = index_of(region),
        route = route,
        family = family,
        counters = {},
        total = total_in(region, route)
    }
end
____exports.new = create
--- Another value for each two models and rests.
local function said(model, rest)
    return ((tostring(#model) .. ":") .. model) .. rest
end
--- Whether a body is nothing but a picture.
local function is_picture(content_type)
    local found = string_find(
        string_lower(content_type or ""),
        "^image/"
    )
    return found ~= nil
end
--- The picture of the request at hand, if one was noted and it is known what else is asked. Phases: access, after the key is made.
-- 
-- @param content_type what of it is in the key
-- @param model what the body says of it, where that is known
local function of_request(key, content_type, model, generations, purges)
    local picture = near_picture_take()
    if picture == nil then
        return nil
    end
    local hash = picture.hash
    local distance = picture.distance
    local seconds = picture.seconds
    local rest = picture.rest
    if rest == nil and not is_picture(content_type) then
        return nil
    end
    local scope = cache_key_without_body(
        key,
        content_type,
        said(model or "", rest or ""),
        generations
    )
    if scope == nil then
        return nil
    end
    local low, high = near_index_masked(
        hash,
        string_sub(scope, 1, near_picture_DIGITS)
    )
    return {
        hash = hash,
        distance = distance,
        seconds = seconds,
        scope = scope,
        low = low,
        high = high,
        purges = purges
    }
end
____exports.of_request = of_request
--- Has an answer found by requests with nearly the same picture, for so many seconds. `age`: how old it is, in seconds. Phases: any.
local function add(answers, dict, near, key, name, seconds, age)
    local number = near_index_next(answers.index)
    if number == nil then
        return
    end
    local note = string_format(
        NOTE,
        near.scope,
        near.hash,
        key,
        clock_now() - age,
        name
    )
    local has_room = dict:set(
        PREFIX .. tostring(number),
        note,
        seconds
    )
    if has_room then
        near_index_put(answers.index, number, near.low, near.high)
    end
end
____exports.add = add
--- Whether an operator has purged that answer alone.
local function is_purged(near, key)
    local purges = near.purges
    return purges ~= nil and purge_list_generation_of_key(purges, key) ~= nil
end
--- The answer that a note leads to; nothing if it is none for this request, or gone.
local function read(dict, near, note)
    if string_sub(note, 1, DIGEST_DIGITS) ~= near.scope then
        return nil
    end
    local distance = near_index_distance_of(
        near.hash,
        string_sub(note, HASH_AT, KEY_AT - 1)
    )
    if distance > near.distance or is_purged(
        near,
        string_sub(note, KEY_AT, TIME_AT - 1)
    ) then
        return nil
    end
    local name = string_sub(note, NAME_AT)
    local head = kept_answers_head_of(dict, name)
    local body = kept_answers_body_of(dict, name)
    if head == nil or body == nil then
        return nil
    end
    return {head = head, body = body, distance = distance}
end
local function is_older(note, seconds)
    return clock_now() - tonumber(string_sub(note, TIME_AT, NAME_AT - 1)) > seconds
end
--- The answer to the nearest picture that is no older than so many seconds; of several equally near ones the last. What leads nowhere, as its answer was
-- forgotten, is taken out of the index. Nothing if there is none. Phases: any.
local function find(answers, dict, near, seconds)
    local index = answers.index
    for _ = 1, MOST_TRIES do
        local number = near_index_search(
            index,
            near.low,
            near.high,
            near.distance,
            seconds
        )
        if number == nil then
            return nil
        end
        local note = dict:get(PREFIX .. tostring(number))
        if note ~= nil then
            if is_older(note, seconds) then
                return nil
            end
            local found = read(dict, near, note)
            if found ~= nil then
                return found
            end
        end
        near_index_remove(index, number)
    end
    return nil
end
____exports.find = find
--- Counts an answer that is given. Phases: any.
local function count(answers, distance)
    local counter = answers.counters[distance]
    if counter == nil then
        counter = answers.family:labels(
            answers.route,
            tostring(distance)
        )
        answers.counters[distance] = counter
    end
    metric_handles_add(counter)
    metric_handles_add(answers.total)
end
____exports.count = count
return ____exports
