local ____exports = {}
local string_byte = string.byte
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_point = request.point
ffi_cdef("void *memchr(const void *memory, int byte, size_t bytes);")
--- Between the addresses of attempts there is a blank.
local BLANK = string_byte(" ")
--- Gives `$openclaw_responding_node` the node's address after one attempt. Anything else is left to nginx. Phases: header_filter.
local function show()
    local addresses, count = request_bytes_of("upstream_addr")
    if addresses == nil or ffi.C.memchr(addresses, BLANK, count) ~= nil then
        return
    end
    request_point("openclaw_responding_node", addresses, count)
end
____exports.show = show
return ____exports
