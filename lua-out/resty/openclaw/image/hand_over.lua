local ____exports = {}
local ffi = require("ffi")
local ffi_copy = ffi.copy
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_open = files.open
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_free = c_memory.free
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local function copy_piece(copy, bytes, count)
    ffi_copy(copy.memory + copy.at, bytes, count)
    copy.at = copy.at + count
end
--- The body for a conversion, which has to `release` it. On failure nil and why. Phases: access; yields.
local function take(body)
    local ____body_0 = body
    local bytes = ____body_0.bytes
    local file = ____body_0.file
    if file ~= nil then
        local opened, err = files_open(file, "read")
        if opened == nil then
            return nil, err
        end
        return {bytes = bytes, file = opened}
    end
    local memory = c_memory_allocate(bytes)
    if memory == nil then
        return nil, "there is no memory for the body"
    end
    local count, err = request_body_each(body, copy_piece, {memory = memory, at = 0})
    if count == nil then
        return nil, err
    end
    return {bytes = bytes, memory = memory}
end
____exports.take = take
--- Gives back what the body takes. Phases: any.
local function release(____bindingPattern0)
    local file
    local memory
    memory = ____bindingPattern0.memory
    file = ____bindingPattern0.file
    if memory ~= nil then
        c_memory_free(memory)
    end
    if file ~= nil then
        files_close(file)
    end
end
____exports.release = release
return ____exports
