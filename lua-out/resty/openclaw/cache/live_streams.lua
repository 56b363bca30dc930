local ____exports = {}
local tostring = tostring
local math_min = math.min
local table_concat = table.concat
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local leadership = require("resty.openclaw.cache.leadership")
local leadership_is_dead = leadership.is_dead
local leadership_was_dead = leadership.was_dead
local rooms = require("resty.openclaw.cache.room")
local rooms_set = rooms.set
local turns = require("resty.openclaw.cache.turns")
local turns_add = turns.add
local turns_look = turns.look
local turns_new = turns.new
--- The node is sending.
local COMING = 1
____exports.COMING = COMING
--- All has come, and the response has ended as it should.
local ENDED = 2
____exports.ENDED = ENDED
--- It was cut short, or is gone.
local BROKEN = 3
____exports.BROKEN = BROKEN
--- Pieces are forgotten after so many seconds: long after the last reader in another worker has taken them.
local SECONDS = 600
____exports.SECONDS = SECONDS
--- The pieces of a stream that has ended are forgotten after so many seconds.
local LAST_SECONDS = 2
--- So many are forgotten before others have their turn.
local AT_ONCE = 500
--- To wake a reader and to write to it costs about 15 µs, for one event or for several. So readers rest for so many seconds for each of them:
-- a stream with up to 125 readers takes 4 % of a worker. Measured by bench/cache.mjs.
local PAUSE_SECONDS = 0.0004
local LONGEST_PAUSE_SECONDS = 0.05
--- How often a worker looks whether the process of the leader lives, in seconds.
local ALIVE_SECONDS = 0.25
--- A worker with readers says so as often; so long it is believed, in seconds.
local READ_SECONDS = 5
local function readers_key(name)
    return name .. " readers"
end
local function piece_key(name, number)
    return (name .. " ") .. tostring(number)
end
--- Begins a stream. False where there is no room. Phases: header_filter.
local function begin(dict, name, limit)
    if not rooms_set(
        dict,
        name,
        0,
        SECONDS,
        COMING
    ) then
        return nil
    end
    return {
        dict = dict,
        name = name,
        limit = limit,
        sizes = {},
        first = 1,
        count = 0,
        bytes = 0,
        is_read = true,
        looked_at = clock_now()
    }
end
____exports.begin = begin
--- Sends a piece. False where there is no room for it. Phases: body_filter.
local function send(sending, piece)
    local ____sending_0 = sending
    local dict = ____sending_0.dict
    local name = ____sending_0.name
    local sizes = ____sending_0.sizes
    local limit = ____sending_0.limit
    local number = sending.count + 1
    if not rooms_set(
        dict,
        piece_key(name, number),
        piece,
        SECONDS
    ) then
        return false
    end
    sizes[number] = #piece
    sending.bytes = sending.bytes + #piece
    while sending.bytes > limit and sending.first < number do
        sending.bytes = sending.bytes - sizes[sending.first]
        sizes[sending.first] = nil
        dict:delete(piece_key(name, sending.first))
        sending.first = sending.first + 1
    end
    sending.count = number
    return rooms_set(
        dict,
        name,
        number,
        SECONDS,
        COMING
    )
end
____exports.send = send
--- Whether anybody has read the stream in the last seconds, in any worker. Phases: body_filter.
local function is_read(sending)
    local now = clock_now()
    if sending.is_read and now - sending.looked_at > ALIVE_SECONDS then
        sending.looked_at = now
        local some = sending.dict:get(readers_key(sending.name))
        sending.is_read = some == true
    end
    return sending.is_read
end
____exports.is_read = is_read
--- Forgets the pieces when all workers have had them.
local function discard(_premature, sending)
    local ____sending_1 = sending
    local dict = ____sending_1.dict
    local name = ____sending_1.name
    local count = ____sending_1.count
    for number = sending.first, count do
        dict:delete(piece_key(name, number))
        if number % AT_ONCE == 0 then
            ngx.sleep(0)
        end
    end
end
--- Ends the stream. Phases: body_filter, log.
local function finish(sending, is_whole)
    local ____sending_2 = sending
    local dict = ____sending_2.dict
    local name = ____sending_2.name
    local count = ____sending_2.count
    rooms_set(
        dict,
        name,
        count,
        SECONDS,
        is_whole and ENDED or BROKEN
    )
    ngx.timer.at(LAST_SECONDS, discard, sending)
end
____exports.finish = finish
local lives = {}
local in_turns = turns_new()
--- Takes what has come since the last look.
local function take(live)
    local ____live_3 = live
    local dict = ____live_3.dict
    local name = ____live_3.name
    local pieces = ____live_3.pieces
    local count, state = dict:get(name)
    if count == nil then
        live.state = BROKEN
        return
    end
    for number = live.count + 1, count do
        local piece = dict:get(piece_key(name, number))
        if piece == nil then
            live.state = BROKEN
            return
        end
        pieces[number] = piece
        live.bytes = live.bytes + #piece
        live.count = number
    end
    while live.bytes > live.limit and live.first < live.count do
        live.bytes = live.bytes - #pieces[live.first]
        pieces[live.first] = nil
        live.first = live.first + 1
    end
    live.state = state or BROKEN
end
local function wake_all(____bindingPattern0)
    local semaphore
    semaphore = ____bindingPattern0.semaphore
    local waiting = -semaphore:count()
    if waiting > 0 then
        semaphore:post(waiting)
    end
end
local function note_readers(____bindingPattern0)
    local name
    local dict
    dict = ____bindingPattern0.dict
    name = ____bindingPattern0.name
    rooms_set(
        dict,
        readers_key(name),
        true,
        READ_SECONDS
    )
end
--- Begins to read a stream; nothing if its beginning or its leader is gone, or there is no memory. Phases: access.
local function join(dict, name, limit)
    local known = lives[name]
    if known ~= nil then
        if known.first > 1 or known.state == BROKEN then
            return nil
        end
        known.readers = known.readers + 1
        return known
    end
    local semaphore = semaphores_new(0)
    if semaphore == nil then
        return nil
    end
    local live = {
        dict = dict,
        name = name,
        limit = limit,
        pieces = {},
        first = 1,
        count = 0,
        bytes = 0,
        state = COMING,
        semaphore = semaphore,
        readers = 1,
        text = "",
        text_from = 0,
        text_to = 0,
        has_news = false,
        wake_at = clock_now(),
        looked_at = clock_now()
    }
    take(live)
    if live.state == BROKEN or live.first > 1 then
        return nil
    end
    if live.state ~= COMING then
        return live
    end
    if leadership_is_dead(name) then
        return nil
    end
    lives[name] = live
    turns_add(in_turns, live)
    note_readers(live)
    return live
end
____exports.join = join
--- The pieces from that one on, together; all of them must be here. Phases: access.
local function text_from(live, from)
    local ____live_4 = live
    local pieces = ____live_4.pieces
    local count = ____live_4.count
    if from == count then
        return pieces[count]
    end
    if live.text_from ~= from or live.text_to ~= count then
        live.text = table_concat(pieces, "", from, count)
        live.text_from = from
        live.text_to = count
    end
    return live.text
end
____exports.text_from = text_from
--- Ends one request's reading. Phases: any with a request.
local function leave(live)
    live.readers = live.readers - 1
    if live.readers == 0 and lives[live.name] == live then
        lives[live.name] = nil
    end
end
____exports.leave = leave
--- Takes what has come of a stream, and wakes its readers. Returns whether more may come for any.
local function stays(live, now)
    if live.readers == 0 then
        return false
    end
    local before = live.count
    take(live)
    if live.state == COMING and now - live.looked_at > ALIVE_SECONDS then
        live.looked_at = now
        note_readers(live)
        if leadership_was_dead(live.name, now) then
            live.state = BROKEN
        end
    end
    local is_over = live.state ~= COMING
    if is_over then
        lives[live.name] = nil
    end
    if live.count > before then
        live.has_news = true
    end
    if is_over or live.has_news and now >= live.wake_at then
        live.has_news = false
        live.wake_at = now + math_min(LONGEST_PAUSE_SECONDS, live.readers * PAUSE_SECONDS)
        wake_all(live)
    end
    return not is_over
end
--- Looks at the streams whose turn it is. Returns whether any are read still. Phases: timer.
local function look(now)
    return turns_look(in_turns, stays, now)
end
____exports.look = look
return ____exports
