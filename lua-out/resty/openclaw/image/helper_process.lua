local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
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
local files_remove_folder = files.remove_folder
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_at = c_memory.at
local c_memory_hand_over = c_memory.hand_over
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local protocol = require("resty.openclaw.image.helper_process.protocol")
local protocol_LENGTH_DIGITS = protocol.LENGTH_DIGITS
local protocol_length_of = protocol.length_of
local protocol_message = protocol.message
local protocol_read = protocol.read
local spawning = require("resty.openclaw.image.helper_process.spawn")
local spawning_kill = spawning.kill
local spawning_make_folder = spawning.make_folder
local spawning_spawn = spawning.spawn
--- What is sent and read at a time.
local PIECE_BYTES = 65536
--- No answer has more.
local MOST_ANSWER_BYTES = 1024 * 1024 * 1024
local CONNECT_SECONDS = 5
local TIMEOUT = "timeout"
local CRASHED = "The image cannot be converted."
local piece = ffi_new("uint8_t[?]", PIECE_BYTES)
--- The folder of the sockets, which all workers of a configuration share. On failure nil and why.
local function folder_of(____bindingPattern0)
    local region
    region = ____bindingPattern0.region
    local key = "image folder " .. tostring(region.configuration)
    local known = region.names:get(key)
    if known ~= nil and not files_is_gone(known) then
        return known
    end
    local made, err = spawning_make_folder()
    if made == nil then
        return nil, err
    end
    if known ~= nil then
        region.names:delete(key)
    end
    local is_mine = region.names:safe_add(key, made)
    if is_mine == true then
        return made
    end
    files_remove_folder(made)
    local winner = region.names:get(key)
    if winner == nil then
        return nil, "the lua_shared_dict is full"
    end
    return winner
end
--- A connection to the helper of a place, which is started if there is none. On failure nil and why.
local function connect(helpers, folder, path)
    local socket = ngx.socket.tcp()
    socket:settimeouts(CONNECT_SECONDS * 1000, helpers.seconds * 1000, helpers.seconds * 1000)
    if not files_is_gone(path) then
        local is_connected = socket:connect("unix:" .. path)
        if is_connected ~= nil then
            return socket
        end
    end
    local problem = spawning_spawn(path, folder)
    if problem ~= nil then
        return nil, problem
    end
    local is_connected, err = socket:connect("unix:" .. path)
    if is_connected == nil then
        return nil, err
    end
    return socket
end
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
local function send_order(socket, order)
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
    local sent, err = socket:send(protocol_message({plan = plan, bytes = bytes, content_type = content_type, fetched = #fetched > 0 and fetched or nil}))
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
    local ____temp_2
    if bytes > MOST_ANSWER_BYTES then
        ____temp_2 = nil
    else
        ____temp_2 = c_memory_allocate(bytes)
    end
    local memory = ____temp_2
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
local function with_memory(answer, memory)
    local ____answer_3 = answer
    local bytes = ____answer_3.bytes
    local content_type = ____answer_3.content_type
    local query = ____answer_3.query
    local images = ____answer_3.images
    local hash = ____answer_3.hash
    local rest = ____answer_3.rest
    local seconds = ____answer_3.seconds
    return {
        memory = memory,
        bytes = bytes,
        content_type = content_type,
        query = query,
        images = images,
        hash = hash,
        rest = rest,
        seconds = seconds
    }
end
local function receive_answer(socket)
    local text, err = receive_text(socket)
    if text == nil then
        return nil, err
    end
    local answer = protocol_read(text)
    if answer == nil then
        return nil, "its answer is none"
    end
    if answer.memory == nil then
        return answer
    end
    local memory, bytes_err = receive_bytes(
        socket,
        tonumber(answer.bytes) or 0
    )
    if memory == nil then
        return nil, bytes_err
    end
    return with_memory(answer, memory)
end
local function ask(socket, order)
    local pid, pid_err = receive_text(socket)
    if pid == nil then
        return nil, pid_err
    end
    local problem = send_order(socket, order)
    if problem ~= nil then
        return nil, problem, tonumber(pid)
    end
    local answer, err = receive_answer(socket)
    if answer == nil then
        return nil, err, tonumber(pid)
    end
    return answer
end
--- Runs a conversion in the helper of that place. Phases: timer; yields. Never raises.
local function run(helpers, place, order)
    local ____helpers_4 = helpers
    local route = ____helpers_4.route
    local faults = ____helpers_4.faults
    local folder, folder_err = folder_of(helpers)
    if folder == nil then
        return {problem = "no_helper", message = "", detail = folder_err}
    end
    local name = string_gsub(place.key, "[^%w]", "_")
    local path = (folder .. "/") .. name
    local socket, err = connect(helpers, folder, path)
    if socket == nil then
        return {problem = "no_helper", message = "", detail = err}
    end
    local answer, ask_err, pid = ask(socket, order)
    socket:close()
    if answer ~= nil then
        return answer
    end
    if ask_err == TIMEOUT and pid ~= nil and pid > 1 then
        spawning_kill(pid)
    end
    files_remove(path)
    faults:report("helper", ("route \"" .. route) .. "\": the helper process that converted an image has been lost: ", ask_err)
    return {problem = "broken_image", message = CRASHED}
end
____exports.run = run
return ____exports
