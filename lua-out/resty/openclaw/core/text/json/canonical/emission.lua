local ____exports = {}
local math_min = math.min
local ffi = require("ffi")
local ffi_new = ffi.new
local ____records = require("resty.openclaw.core.text.json.canonical.records")
local records_NO_MEMBER = ____records.NO_MEMBER
local NO_MEMBER = records_NO_MEMBER
--- What is passed on at a time: a fifth of a millisecond for SHA-256 without the processor's help.
local PIECE_BYTES = 32 * 1024
--- Members between two looks at the clock.
local STEPS = 64
local COMMA = ffi_new("uint8_t[1]", 44)
local function flush(emission)
    while emission.from < emission.to do
        local count = math_min(emission.to - emission.from, PIECE_BYTES)
        emission.sink(emission.state, emission.json.text + emission.from, count)
        emission.from = emission.from + count
        if count == PIECE_BYTES and emission.breathe ~= nil then
            emission.breathe()
        end
    end
end
--- A stretch of the text is next.
local function put(emission, from, to)
    if from ~= emission.to then
        flush(emission)
        emission.from = from
    end
    emission.to = to
end
local function put_comma(emission)
    flush(emission)
    emission.sink(emission.state, COMMA, 1)
end
--- From a member on, the first one that is not ignored.
local function not_ignored(json, member)
    while member ~= NO_MEMBER and json.members[member].is_ignored ~= 0 do
        member = json.members[member].next
    end
    return member
end
--- From the object of that number on, the first one that is written member by member.
local function next_unordered(json, object)
    return object < json.object_count and json.objects[object].unordered or json.object_count
end
--- Writes the beginning of an object; returns its first member.
local function enter(emission, object, at, limit)
    local ____emission_0 = emission
    local json = ____emission_0.json
    local depth = ____emission_0.depth
    local ____json_objects_object_1 = json.objects[object]
    local begins = ____json_objects_object_1.begins
    local first = ____json_objects_object_1.first
    put(emission, at, begins + 1)
    emission.objects[depth + 1] = object
    emission.limits[depth + 1] = limit
    emission.depth = depth + 1
    return not_ignored(json, first)
end
--- Where a member is to be written from: at its comma, unless it is the first one.
local function begin_of(emission, begins, is_first)
    if is_first then
        return begins
    end
    if emission.json.text[begins - 1] == COMMA[0] then
        return begins - 1
    end
    put_comma(emission)
    return begins
end
local function take_step(emission)
    emission.steps = emission.steps + 1
    if emission.steps % STEPS == 0 and emission.breathe ~= nil then
        emission.breathe()
    end
end
local function emit_all(emission)
    local ____emission_2 = emission
    local json = ____emission_2.json
    local at = 0
    local limit = json.text_bytes
    local object = next_unordered(json, 0)
    local is_done = false
    while not is_done do
        local is_object = object < json.object_count and json.objects[object].begins < limit
        local member = NO_MEMBER
        if is_object then
            member = enter(emission, object, at, limit)
        else
            put(emission, at, limit)
            if emission.depth == 0 then
                is_done = true
            else
                member = not_ignored(json, json.members[emission.members[emission.depth]].next)
            end
        end
        if member ~= NO_MEMBER then
            local next = json.members[member]
            at = begin_of(emission, next.begins, is_object)
            limit = next.ends
            object = next_unordered(json, next.objects)
            emission.members[emission.depth] = member
        elseif not is_done then
            emission.depth = emission.depth - 1
            local its_object = json.objects[emission.objects[emission.depth + 1]]
            at = its_object.ends
            limit = emission.limits[emission.depth + 1]
            object = next_unordered(json, its_object.after)
        end
        take_step(emission)
    end
    flush(emission)
end
--- Passes all of a text, whose objects are sorted, to the sink. Calls `breathe` after less than a millisecond each.
local function emit(json, sink, state, breathe)
    emit_all({
        json = json,
        sink = sink,
        state = state,
        breathe = breathe,
        steps = 0,
        from = 0,
        to = 0,
        depth = 0,
        members = {},
        objects = {},
        limits = {}
    })
end
____exports.emit = emit
return ____exports
