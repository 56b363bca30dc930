local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local math_min = math.min
local string_gsub = string.gsub
local ffi = require("ffi")
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_is_gone = files.is_gone
local files_read = files.read
local files_remove = files.remove
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_at = c_memory.at
local c_memory_hand_over = c_memory.hand_over
local in_time = require("resty.openclaw.core.time.in_time")
local in_time_run = in_time.run
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local answers = require("resty.openclaw.image.helper_process.answer")
local answers_read = answers.read
local notes = require("resty.openclaw.image.helper_process.notes")
local notes_folder_of = notes.folder_of
local notes_forget_folder = notes.forget_folder
local notes_note_pid = notes.note_pid
local notes_pid_of = notes.pid_of
local protocol = require("resty.openclaw.image.helper_process.protocol")
local protocol_GREETING = protocol.GREETING
local protocol_LENGTH_DIGITS = protocol.LENGTH_DIGITS
local protocol_length_of = protocol.length_of
local protocol_message = protocol.message
local spawning = require("resty.openclaw.image.helper_process.spawn")
local spawning_kill = spawning.kill
local spawning_spawn = spawning.spawn
--- What is sent and read at a time.
local PIECE_BYTES = 65536
--- How long a helper may take to start.
local START_SECONDS = 5
--- How long one that has been there may take to greet at least: the machine may be busy.
local LEAST_GREETING_SECONDS = 1
--- A greeting that does not come in time.
local TIMEOUT = "timeout"
--- The helper has ended: nothing is left to kill, and its pid may be another process's.
local CLOSED = "closed"
local CRASHED = "The image cannot be converted."
local piece = ffi_new("uint8_t[?]", PIECE_BYTES)
--- A text that the other side frames. On failure nil and why.
local function receive_text(socket)
    local digits, err = socket:receive(protocol_LENGTH_DIGITS)
    if digits == nil then
        return nil, err
    end
    local length = protocol_length_of(digits)
    if length == nil then
        return nil, "its answer is none"
    end
    local text, text_err = socket:receive(length)
    if text == nil then
        return nil, text_err
    end
    return text
end
--- Lets others have their turn: sockets do not, as long as the helper keeps up.
local function pause(slice)
    if not time_slice_is_over(slice) then
        return
    end
    time_slice_yield_now()
    time_slice_renew(slice)
end
--- Ends the helper of a place at that path, whatever it does; the place has no helper then.
local function kill(____bindingPattern0, place, path)
    local region
    region = ____bindingPattern0.region
    local pid = notes_pid_of(region, place, path)
    if pid ~= nil then
        spawning_kill(pid, path)
    end
    files_remove(path)
end
--- A connection to the helper at a path, once it has greeted, within so many seconds: it is ready then. On failure nil and why.
local function meet(____bindingPattern0, path, greeting_seconds)
    local seconds
    seconds = ____bindingPattern0.seconds
    local socket = ngx.socket.tcp()
    local greeting_ms = greeting_seconds * 1000
    socket:settimeouts(greeting_ms, greeting_ms, greeting_ms)
    local is_connected, connect_err = socket:connect("unix:" .. path)
    if is_connected == nil then
        return nil, connect_err
    end
    local greeting, err = receive_text(socket)
    if greeting == protocol_GREETING then
        local most_ms = math_max(START_SECONDS, seconds) * 1000
        socket:settimeouts(most_ms, most_ms, most_ms)
        return socket
    end
    socket:close()
    return nil, err or "its greeting is none"
end
--- Starts a helper, and meets it. On failure nil, why, and whether it is the folder's.
local function start(helpers, place, folder, path)
    local pid, problem, needs_folder = spawning_spawn(path, folder)
    if pid == nil then
        return nil, problem, needs_folder
    end
    notes_note_pid(helpers.region, place, path, pid)
    local socket, err = meet(helpers, path, START_SECONDS)
    if socket ~= nil then
        return socket
    end
    local is_removed = files_is_gone(path)
    if err ~= CLOSED then
        kill(helpers, place, path)
    end
    return nil, "the helper process does not start, and has said why in this log: " .. err, is_removed
end
--- A connection to the helper of a place, which is started if there is none. One that ends before it has greeted, as it does after a minute
-- without work, has not seen the order, and is replaced; so is one that does not greet, as it was stopped. On failure as `start`.
local function connect(helpers, place, folder, path)
    if not files_is_gone(path) then
        local socket, err = meet(
            helpers,
            path,
            math_max(LEAST_GREETING_SECONDS, helpers.seconds / 2)
        )
        if socket ~= nil then
            return socket
        end
        if err == TIMEOUT then
            kill(helpers, place, path)
        end
    end
    return start(helpers, place, folder, path)
end
local function send_memory(socket, address, bytes)
    local memory = c_memory_at(address)
    local slice = time_slice_begin()
    for offset = 0, bytes - 1, PIECE_BYTES do
        local part = ffi_string(
            memory + offset,
            math_min(PIECE_BYTES, bytes - offset)
        )
        local sent, err = socket:send(part)
        if sent == nil then
            return err
        end
        pause(slice)
    end
    return nil
end
local function send_file(socket, file, bytes)
    local slice = time_slice_begin()
    local offset = 0
    while offset < bytes do
        local count, read_err = files_read(
            file,
            piece,
            math_min(PIECE_BYTES, bytes - offset),
            offset
        )
        if count == nil or count == 0 then
            return read_err or "the body's file is shorter than it was"
        end
        local sent, err = socket:send(ffi_string(piece, count))
        if sent == nil then
            return err
        end
        offset = offset + count
        pause(slice)
    end
    return nil
end
--- Sends the order. Returns why that failed, if it did.
local function send_order(____bindingPattern0)
    local order
    local seconds
    local socket
    socket = ____bindingPattern0.socket
    seconds = ____bindingPattern0.seconds
    order = ____bindingPattern0.order
    local ____order_0 = order
    local plan = ____order_0.plan
    local bytes = ____order_0.bytes
    local content_type = ____order_0.content_type
    local memory = ____order_0.memory
    local file = ____order_0.file
    local fetched = {}
    for ____, image in ipairs(order.fetched or ({})) do
        fetched[#fetched + 1] = {address = image.address, bytes = image.bytes}
    end
    local sent, err = socket:send(protocol_message({
        plan = plan,
        bytes = bytes,
        content_type = content_type,
        seconds = seconds,
        fetched = #fetched > 0 and fetched or nil
    }))
    if sent == nil then
        return err
    end
    local ____temp_1
    if memory ~= nil then
        ____temp_1 = send_memory(socket, memory, bytes)
    else
        ____temp_1 = send_file(socket, file, bytes)
    end
    local problem = ____temp_1
    for ____, image in ipairs(order.fetched or ({})) do
        if problem == nil then
            problem = send_memory(socket, image.memory, image.bytes)
        end
    end
    return problem
end
--- Reads the bytes of the answer. On failure nil and why.
local function receive_bytes(socket, bytes)
    local memory = c_memory_allocate(bytes)
    if memory == nil then
        return nil, "there is no memory for its answer"
    end
    local slice = time_slice_begin()
    local at = 0
    while at < bytes do
        local part, err = socket:receive(math_min(PIECE_BYTES, bytes - at))
        if part == nil then
            return nil, err
        end
        ffi_copy(memory + at, part, #part)
        at = at + #part
        pause(slice)
    end
    return c_memory_hand_over(memory)
end
local function receive_answer(____bindingPattern0)
    local order
    local socket
    socket = ____bindingPattern0.socket
    order = ____bindingPattern0.order
    local text, err = receive_text(socket)
    if text == nil then
        return nil, err
    end
    local answer = answers_read(text, order.plan)
    if answer == nil then
        return nil, "its answer is none"
    end
    local bytes = answer.bytes
    if bytes == nil then
        return answer
    end
    local memory, bytes_err = receive_bytes(socket, bytes)
    if memory == nil then
        return nil, bytes_err
    end
    answer.memory = memory
    return answer
end
local function ask(talk)
    talk.err = send_order(talk)
    if talk.err == nil then
        local ____temp_2 = {receive_answer(talk)}
        talk.answer = ____temp_2[1]
        talk.err = ____temp_2[2]
    end
end
--- Gives the order to the helper. On failure nil and why.
local function have_converted(____bindingPattern0, socket, order)
    local seconds
    seconds = ____bindingPattern0.seconds
    local talk = {
        socket = socket,
        seconds = seconds,
        order = order,
        answer = nil,
        err = nil
    }
    local is_done, err = in_time_run(seconds, ask, talk)
    socket:close()
    if is_done == nil then
        return nil, err
    end
    if talk.answer == nil then
        return nil, talk.err
    end
    return talk.answer
end
--- A connection to the helper of a place, and where it listens. On failure nil and why.
local function reach(helpers, place, is_last_attempt)
    local folder, err = notes_folder_of(helpers.region)
    if folder == nil then
        return nil, err
    end
    local name = string_gsub(place.key, "[^%w]", "_")
    local path = (folder .. "/") .. name
    local socket, connect_err, needs_folder = connect(helpers, place, folder, path)
    if socket ~= nil then
        return socket, path
    end
    if needs_folder ~= true or is_last_attempt then
        return nil, connect_err
    end
    notes_forget_folder(helpers.region, folder)
    return reach(helpers, place, true)
end
--- Runs a conversion in the helper of that place. Phases: timer; yields. Never raises.
local function run(helpers, place, order)
    local ____helpers_3 = helpers
    local route = ____helpers_3.route
    local faults = ____helpers_3.faults
    local socket, path_or_err = reach(helpers, place, false)
    if socket == nil then
        return {problem = "no_helper", message = "", detail = path_or_err}
    end
    local path = path_or_err
    local answer, err = have_converted(helpers, socket, order)
    if answer ~= nil then
        return answer
    end
    if err == CLOSED then
        files_remove(path)
    else
        kill(helpers, place, path)
    end
    faults:report("helper", ("route \"" .. route) .. "\": the helper process that converted an image has been lost: ", err)
    return {problem = "broken_image", message = CRASHED}
end
____exports.run = run
return ____exports
