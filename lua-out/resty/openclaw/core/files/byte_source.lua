local ____exports = {}
local math_min = math.min
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_open = files.open
local files_read = files.read
--- What is read at a time, at most.
local MOST_BYTES = 1024
--- One for the worker: never in use over a yield.
local target = ffi_new("uint8_t[?]", MOST_BYTES)
--- A source that may be read so often. It has to be closed, and before any yield. On failure nil and why. Phases: any.
local function open(place, most_reads)
    local ____place_0 = place
    local bytes = ____place_0.bytes
    local memory = ____place_0.memory
    if place.file == nil then
        return {
            bytes = bytes,
            memory = memory,
            file = nil,
            reads_left = most_reads,
            problem = nil
        }
    end
    local file, err = files_open(place.file, "read")
    if file == nil then
        return nil, err
    end
    return {
        bytes = bytes,
        memory = nil,
        file = file,
        reads_left = most_reads,
        problem = nil
    }
end
____exports.open = open
--- Closes the source. Phases: any.
local function close(source)
    if source.file ~= nil then
        files_close(source.file)
    end
end
____exports.close = close
--- So many bytes from `offset` on, 1024 at most; fewer at the end of what there is, and nothing past it. Nothing either once the source
-- has been read too often or cannot be read. Phases: any; never raises.
local function some(source, offset, count)
    local ____source_1 = source
    local bytes = ____source_1.bytes
    local memory = ____source_1.memory
    local file = ____source_1.file
    if not (offset >= 0 and offset < bytes) or source.reads_left <= 0 then
        return ""
    end
    source.reads_left = source.reads_left - 1
    local wanted = math_min(count, MOST_BYTES, bytes - offset)
    if memory ~= nil then
        return (ffi_string(memory + offset, wanted))
    end
    if file == nil then
        return ""
    end
    local got, err = files_read(file, target, wanted, offset)
    if got == nil or got < wanted then
        source.problem = err or "the file is shorter than it was"
        source.reads_left = 0
        return ""
    end
    return (ffi_string(target, got))
end
____exports.some = some
--- As `some`, but nothing where there are not so many bytes.
local function all(source, offset, count)
    local read = some(source, offset, count)
    return #read == count and read or nil
end
____exports.all = all
return ____exports
