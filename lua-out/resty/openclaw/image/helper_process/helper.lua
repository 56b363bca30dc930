local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tonumber = tonumber
local math_ceil = math.ceil
local math_max = math.max
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_errno = ffi.errno
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_names = files.names
local files_remove = files.remove
local files_remove_folder = files.remove_folder
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_address_of = c_memory.address_of
local c_memory_allocate = c_memory.allocate
local c_memory_free = c_memory.free
local c_memory_take_over = c_memory.take_over
local conversion = require("resty.openclaw.image.conversion")
local conversion_run = conversion.run
local priority = require("resty.openclaw.image.conversion.priority")
local priority_lower = priority.lower
local leftovers = require("resty.openclaw.image.helper_process.leftovers")
local leftovers_lock_path = leftovers.lock_path
local protocol = require("resty.openclaw.image.helper_process.protocol")
local protocol_GREETING = protocol.GREETING
local protocol_LENGTH_DIGITS = protocol.LENGTH_DIGITS
local protocol_framed = protocol.framed
local protocol_length_of = protocol.length_of
local protocol_message = protocol.message
local protocol_read = protocol.read
ffi_cdef("\n    struct openclaw_helper_poll { int fd; short events; short revents; };\n    int openclaw_helper_poll(struct openclaw_helper_poll *polls, unsigned long count, int milliseconds) __asm__(\"poll\");\n    int openclaw_helper_accept(int fd, void *address, void *bytes) __asm__(\"accept\");\n    long openclaw_helper_read(int fd, void *memory, size_t count) __asm__(\"read\");\n    long openclaw_helper_send(int fd, const void *memory, size_t count, int flags) __asm__(\"send\");\n    unsigned int openclaw_helper_alarm(unsigned int seconds) __asm__(\"alarm\");\n    int openclaw_helper_parent(void) __asm__(\"getppid\");\n")
local LISTENING = 0
local FIRST_OTHER = 3
local POLLIN = 1
--- It ends when nobody wants it for so long, or for a moment after the worker that has started it has ended.
local LOOKS = 60
local LOOK_MS = 1000
--- An order has to come within this time. And the worker ends this process before it has taken so much longer than it may.
local SPARE_SECONDS = 60
local EINTR = 4
--- MSG_NOSIGNAL
local NO_SIGNAL = 16384
--- The worker's connections, which this process has inherited, would otherwise stay open as long as this process.
local function close_inherited()
    local names = files_names("/proc/self/fd")
    for ____, name in ipairs(names or ({})) do
        local fd = tonumber(name)
        if fd ~= nil and fd >= FIRST_OTHER then
            files_close(fd)
        end
    end
end
--- Reads all of it; false if the other side has gone.
local function read_all(fd, memory, count)
    local at = 0
    while at < count do
        local got = tonumber(ffi.C.openclaw_helper_read(fd, memory + at, count - at))
        if got > 0 then
            at = at + got
        elseif got == 0 or ffi_errno() ~= EINTR then
            return false
        end
    end
    return true
end
local function send_all(fd, bytes, count)
    local memory = ffi_cast("const uint8_t *", bytes)
    local at = 0
    while at < count do
        local sent = tonumber(ffi.C.openclaw_helper_send(fd, memory + at, count - at, NO_SIGNAL))
        if sent > 0 then
            at = at + sent
        elseif ffi_errno() ~= EINTR then
            return false
        end
    end
    return true
end
local function send_text(fd, text)
    return send_all(fd, text, #text)
end
local function read_text(fd)
    local digits = ffi_new("uint8_t[?]", protocol_LENGTH_DIGITS)
    if not read_all(fd, digits, protocol_LENGTH_DIGITS) then
        return nil
    end
    local length = protocol_length_of(ffi_string(digits, protocol_LENGTH_DIGITS))
    if length == nil then
        return nil
    end
    local memory = ffi_new(
        "uint8_t[?]",
        math_max(length, 1)
    )
    return read_all(fd, memory, length) and ffi_string(memory, length) or nil
end
--- So many bytes in memory; nothing if they do not come.
local function read_bytes(fd, count)
    local memory = c_memory_allocate(count)
    return memory ~= nil and read_all(fd, memory, count) and memory or nil
end
local function send_answer(fd, answer)
    local ____answer_0 = answer
    local memory = ____answer_0.memory
    if memory == nil then
        send_text(
            fd,
            protocol_message(answer)
        )
        return
    end
    local made = c_memory_take_over(memory)
    if send_text(
        fd,
        protocol_message(answer)
    ) then
        send_all(fd, made, answer.bytes)
    end
    c_memory_free(made)
end
--- Ends this process after so many seconds, whatever it does then: the worker that would have ended it may be gone. With 0, never.
local function limit_time(seconds)
    ffi.C.openclaw_helper_alarm(seconds)
end
local function serve_one(fd)
    send_text(
        fd,
        protocol_framed(protocol_GREETING)
    )
    local text = read_text(fd)
    local ____temp_1
    if text == nil then
        ____temp_1 = nil
    else
        ____temp_1 = protocol_read(text)
    end
    local sent = ____temp_1
    if sent == nil then
        return
    end
    local plan = sent.plan
    local bytes = sent.bytes
    local content_type = sent.content_type
    local seconds = sent.seconds
    limit_time(math_ceil(seconds) + SPARE_SECONDS)
    local memory = read_bytes(fd, bytes)
    if memory == nil then
        return
    end
    local kept = {memory}
    local fetched = {}
    for ____, image in ipairs(sent.fetched or ({})) do
        local its_memory = read_bytes(fd, image.bytes)
        if its_memory == nil then
            return
        end
        kept[#kept + 1] = its_memory
        fetched[#fetched + 1] = {
            address = image.address,
            memory = c_memory_address_of(its_memory),
            bytes = image.bytes
        }
    end
    local order = {
        plan = plan,
        bytes = bytes,
        memory = c_memory_address_of(memory),
        content_type = content_type,
        fetched = fetched
    }
    send_answer(
        fd,
        conversion_run(order)
    )
    for ____, its_memory in ipairs(kept) do
        c_memory_free(its_memory)
    end
end
--- Waits for somebody to connect; false if nobody does.
local function is_wanted(polls, parent)
    for _ = 1, LOOKS do
        if ffi.C.openclaw_helper_poll(polls, 1, LOOK_MS) ~= 0 then
            return true
        end
        if ffi.C.openclaw_helper_parent() ~= parent then
            return false
        end
    end
    return false
end
--- Serves until nobody wants it any more, and ends the process; its socket and, if it is empty, the folder go with it. Phases: init.
local function serve(path, folder)
    local parent = ffi.C.openclaw_helper_parent()
    close_inherited()
    priority_lower()
    local polls = ffi_new("struct openclaw_helper_poll[1]", {{fd = LISTENING, events = POLLIN}})
    while is_wanted(polls, parent) do
        local fd = ffi.C.openclaw_helper_accept(LISTENING, nil, nil)
        if fd >= 0 then
            limit_time(SPARE_SECONDS)
            local ok, err = pcall(serve_one, fd)
            limit_time(0)
            files_close(fd)
            if not ok then
                ngx.log(ngx.ERR, "image: helper: ", err)
            end
        end
    end
    files_remove(leftovers_lock_path(path))
    files_remove(path)
    files_remove_folder(folder)
    return os.exit(0)
end
____exports.serve = serve
return ____exports
