local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local files = require("resty.openclaw.core.files.files")
local files_names = files.names
ffi_cdef("\n    char *openclaw_real_path(const char *path, char *resolved) __asm__(\"realpath\");\n    long openclaw_read_link(const char *path, char *target, size_t bytes) __asm__(\"readlink\");\n")
--- PATH_MAX. Source: Linux's limits.h.
local MOST_PATH_BYTES = 4096
local DESCRIPTORS = "/proc/self/fd"
--- Files checked before yielding; each takes about a microsecond.
local FILES_AT_A_STRETCH = 256
--- One for the worker: never in use over a yield.
local path_text = ffi_new("char[?]", MOST_PATH_BYTES)
--- A path without links in it; nothing where there is no such file.
local function resolve(path)
    if ffi.C.openclaw_real_path(path, path_text) == nil then
        return nil
    end
    return (ffi_string(path_text))
end
--- Whether a descriptor is that of the file with this name; for a removed file the system appends " (deleted)".
local function leads_to(descriptor, name)
    local link = (DESCRIPTORS .. "/") .. descriptor
    local bytes = tonumber(ffi.C.openclaw_read_link(link, path_text, MOST_PATH_BYTES))
    return bytes == #name and ffi_string(path_text, bytes) == name
end
--- Whether this process has the file with that name open; false for a file that another process has created under a name that was removed,
-- and where it is unknown. Phases: those that may yield.
local function has(path)
    local name = resolve(path)
    if name == nil then
        return false
    end
    local descriptors = files_names(DESCRIPTORS)
    local checked = 0
    for ____, descriptor in ipairs(descriptors or ({})) do
        if leads_to(descriptor, name) then
            return true
        end
        checked = checked + 1
        if checked % FILES_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
    return false
end
____exports.has = has
return ____exports
