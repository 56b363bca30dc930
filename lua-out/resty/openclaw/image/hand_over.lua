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
--- A place for the body, to `fill`; whoever gets it has to `release` it. On failure nil and why. Phases: access.
local function open(____bindingPattern0)
    local file
    local bytes
    bytes = ____bindingPattern0.bytes
    file = ____bindingPattern0.file
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
    return {bytes = bytes, memory = memory}
end
____exports.open = open
--- Puts the body in its place. Returns why that failed, if it did. Phases: access; yields, and nobody may come back.
local function fill(____bindingPattern0, body)
    local memory
    memory = ____bindingPattern0.memory
    if memory == nil then
        return nil
    end
    local ____, err = request_body_each(body, copy_piece, {memory = memory, at = 0})
    return err
end
____exports.fill = fill
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
