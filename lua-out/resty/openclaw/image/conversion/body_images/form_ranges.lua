local ____exports = {}
local ffi = require("ffi")
local ffi_string = ffi.string
local part_header = require("resty.openclaw.core.http.multipart.part_header")
local part_header_read = part_header.read
local windows = require("resty.openclaw.core.http.multipart.window")
local windows_find = windows.find
local LINE_END = "\r\n"
local END_OF_HEADER = "\r\n\r\n"
local HYPHEN = 45
--- The parts in their order. Each byte is searched once. Phases: any.
local function read(memory, count, boundary)
    local delimiter = "--" .. boundary
    local parts = {}
    local at = #delimiter
    while at < count and memory[at] ~= HYPHEN do
        local header_from = at + #LINE_END
        local header_count = windows_find(memory + header_from, count - header_from, END_OF_HEADER)
        local header = part_header_read(ffi_string(memory + header_from, header_count))
        local from = header_from + header_count + #END_OF_HEADER
        local its_count = windows_find(memory + from, count - from, delimiter) - #LINE_END
        parts[#parts + 1] = {
            header_from = header_from,
            header_count = header_count,
            from = from,
            count = its_count,
            name = header.name,
            file_name = header.file_name,
            type = header.type,
            image = 0
        }
        at = from + its_count + #LINE_END + #delimiter
    end
    return parts
end
____exports.read = read
return ____exports
