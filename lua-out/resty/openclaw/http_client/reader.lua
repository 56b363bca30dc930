local ____exports = {}
local math_floor = math.floor
local math_min = math.min
local string_byte = string.byte
local string_find = string.find
local string_sub = string.sub
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- Maximum number of bytes of one read.
local PIECE_BYTES = 65536
--- A reader at the start of a response. Phases: those that may yield.
local function create(socket, read_ms, deadline)
    return {
        socket = socket,
        read_ms = read_ms,
        deadline = deadline,
        text = "",
        at = 1,
        began = false
    }
end
____exports.new = create
--- Receives at most `most` bytes. On failure nil and "closed", "timeout" or the system's error.
local function receive(reader, most)
    local left = math_floor((reader.deadline - clock_now()) * 1000)
    if left < 1 then
        return nil, "timeout"
    end
    reader.socket:settimeout(math_min(left, reader.read_ms))
    local piece, err = reader.socket:receiveany(math_min(most, PIECE_BYTES))
    if piece == nil then
        return nil, err
    end
    reader.began = true
    return piece
end
____exports.receive = receive
--- Number of bytes that were received but not read yet.
local function unread(reader)
    return #reader.text - reader.at + 1
end
____exports.unread = unread
--- The next line without its end, LF or CR LF. Nil and why if it is longer than `most` bytes or is not received.
local function line(reader, most)
    local ____end = string_find(reader.text, "\n", reader.at, true)
    while ____end == nil do
        local held = unread(reader)
        if held > most then
            return nil, "a line is too long"
        end
        local piece, err = receive(reader, PIECE_BYTES)
        if piece == nil then
            return nil, err
        end
        reader.text = string_sub(reader.text, reader.at) .. piece
        reader.at = 1
        ____end = string_find(reader.text, "\n", held + 1, true)
    end
    if ____end - reader.at > most then
        return nil, "a line is too long"
    end
    local last = ____end - 1
    if last >= reader.at and string_byte(reader.text, last) == 13 then
        last = last - 1
    end
    local found = string_sub(reader.text, reader.at, last)
    reader.at = ____end + 1
    return found
end
____exports.line = line
--- Adds a piece. Returns why no more is wanted, or nothing.
local function add(pieces, piece)
    if pieces.take ~= nil then
        return pieces.take(piece)
    end
    local ____pieces_list_0 = pieces.list
    ____pieces_list_0[#____pieces_list_0 + 1] = piece
    return nil
end
____exports.add = add
--- Adds exactly `count` bytes to the pieces. Nil and why if they are not received.
local function bytes(reader, count, pieces)
    local missing = count
    local held = math_min(
        unread(reader),
        missing
    )
    if held > 0 then
        local piece = string_sub(reader.text, reader.at, reader.at + held - 1)
        reader.at = reader.at + held
        missing = missing - held
        local reason = add(pieces, piece)
        if reason ~= nil then
            return nil, reason
        end
    end
    while missing > 0 do
        local piece, err = receive(reader, missing)
        if piece == nil then
            return nil, err
        end
        missing = missing - #piece
        local reason = add(pieces, piece)
        if reason ~= nil then
            return nil, reason
        end
    end
    return true
end
____exports.bytes = bytes
return ____exports
