local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
local ffi_new = ffi.new
local gzip = require("resty.openclaw.core.bytes.gzip")
local gzip_find_library = gzip.find_library
ffi_cdef("\n    int openclaw_inflate_init(struct openclaw_z_stream *stream, int window_bits, const char *version,\n        int stream_bytes) __asm__(\"inflateInit2_\");\n    int openclaw_inflate(struct openclaw_z_stream *stream, int flush) __asm__(\"inflate\");\n    int openclaw_inflate_end(struct openclaw_z_stream *stream) __asm__(\"inflateEnd\");\n")
--- The largest window, and 32: gzip's header or zlib's own, whichever comes.
local WINDOW_BITS = 15 + 32
local Z_SYNC_FLUSH = 2
local Z_OK = 0
local Z_STREAM_END = 1
--- There was nothing to do.
local Z_BUF_ERROR = -5
local STREAM_BYTES = 112
--- No step makes more than this.
local OUTPUT_BYTES = 16 * 1024
____exports.OUTPUT_BYTES = OUTPUT_BYTES
--- Where a step leaves its bytes, until the next step of any.
____exports.output = ffi_new("uint8_t[?]", OUTPUT_BYTES)
local library
--- Gives it the next bytes, which must stay where they are until no step makes more of them. Phases: any.
local function give(inflation, memory, bytes)
    inflation.state.next_in = memory
    inflation.state.avail_in = bytes
end
____exports.give = give
--- Makes the next bytes of what was given, in `output`, and returns how many. Less than `OUTPUT_BYTES`: more can come only of more input,
-- or the data has ended. Sets `problem` when it is no such data. Phases: any.
local function step(inflation)
    local state = inflation.state
    state.next_out = ____exports.output
    state.avail_out = OUTPUT_BYTES
    local code = inflation.library.openclaw_inflate(state, Z_SYNC_FLUSH)
    if code ~= Z_OK and code ~= Z_STREAM_END and code ~= Z_BUF_ERROR then
        inflation.problem = "its compressed data is damaged"
        return 0
    end
    if code == Z_STREAM_END then
        inflation.is_ended = true
    end
    return OUTPUT_BYTES - state.avail_out
end
____exports.step = step
--- Gives its memory back, 40 KB of which LuaJIT knows nothing. It is not used any more. Phases: any.
local function finish(inflation)
    inflation.is_ended = true
    ffi_gc(inflation.state, nil)
    inflation.library.openclaw_inflate_end(inflation.state)
end
____exports.finish = finish
--- For one text. Phases: any. Nothing where there is no zlib.
local function create()
    library = library or gzip_find_library()
    if library == nil then
        return nil
    end
    local state = ffi_new("struct openclaw_z_stream")
    local version = library.openclaw_zlib_version()
    if library.openclaw_inflate_init(state, WINDOW_BITS, version, STREAM_BYTES) ~= Z_OK then
        return nil
    end
    local held = ffi_gc(state, library.openclaw_inflate_end)
    return {library = library, state = held, is_ended = false}
end
____exports.new = create
return ____exports
