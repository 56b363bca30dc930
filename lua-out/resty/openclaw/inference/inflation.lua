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
local OUTPUT_BYTES = 16 * 1024
--- What comes of one piece of an answer is no more than this, or the answer is given up: zlib makes a thousand times as much of a
-- hostile one, and 512 KB take it a millisecond.
local MOST_OUTPUTS = 32
local output = ffi_new("uint8_t[?]", OUTPUT_BYTES)
local library
--- Uncompresses the next bytes for a reader. Phases: any. Sets `problem` when they are no such data, or too much comes of them.
function ____exports.feed(inflation, reader, memory, bytes)
    if inflation.problem ~= nil or inflation.is_ended then
        return
    end
    local state = inflation.state
    state.next_in = memory
    state.avail_in = bytes
    for _ = 1, MOST_OUTPUTS do
        state.next_out = output
        state.avail_out = OUTPUT_BYTES
        local code = inflation.library.openclaw_inflate(state, Z_SYNC_FLUSH)
        if code ~= Z_OK and code ~= Z_STREAM_END and code ~= Z_BUF_ERROR then
            inflation.problem = "its compressed data is damaged"
            return
        end
        local made = OUTPUT_BYTES - state.avail_out
        if made > 0 then
            reader:feed(output, made)
        end
        if code == Z_STREAM_END then
            inflation.is_ended = true
        end
        if code ~= Z_OK or state.avail_out > 0 then
            return
        end
    end
    inflation.problem = "its compressed data expands too much"
end
--- Gives its memory back, 40 KB of which LuaJIT knows nothing. Nothing is fed to it any more. Phases: any.
local function finish(inflation)
    inflation.is_ended = true
    ffi_gc(inflation.state, nil)
    inflation.library.openclaw_inflate_end(inflation.state)
end
____exports.finish = finish
--- For one answer. Phases: any. Nothing where there is no zlib.
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
