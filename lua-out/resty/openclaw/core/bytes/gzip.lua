local ____exports = {}
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
local ffi_new = ffi.new
local ffi_string = ffi.string
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
ffi_cdef("\n    struct openclaw_z_stream {\n        const uint8_t *next_in;\n        unsigned int avail_in;\n        unsigned long total_in;\n        uint8_t *next_out;\n        unsigned int avail_out;\n        unsigned long total_out;\n        const char *msg;\n        void *state, *zalloc, *zfree, *opaque;\n        int data_type;\n        unsigned long adler, reserved;\n    };\n    const char *openclaw_zlib_version(void) __asm__(\"zlibVersion\");\n    int openclaw_deflate_init(struct openclaw_z_stream *stream, int level, int method, int window_bits,\n        int memory_level, int strategy, const char *version, int stream_bytes) __asm__(\"deflateInit2_\");\n    int openclaw_deflate_reset(struct openclaw_z_stream *stream) __asm__(\"deflateReset\");\n    int openclaw_deflate(struct openclaw_z_stream *stream, int flush) __asm__(\"deflate\");\n    int openclaw_deflate_end(struct openclaw_z_stream *stream) __asm__(\"deflateEnd\");\n")
--- Z_BEST_SPEED: higher levels cost far more time than they save bytes.
local LEVEL = 1
local Z_DEFLATED = 8
--- The largest window, and 16 for gzip's header rather than zlib's own.
local WINDOW_BITS = 15 + 16
local MEMORY_LEVEL = 8
local Z_DEFAULT_STRATEGY = 0
local Z_NO_FLUSH = 0
local Z_FINISH = 4
local Z_OK = 0
local Z_STREAM_END = 1
--- There was nothing to do.
local Z_BUF_ERROR = -5
local STREAM_BYTES = 112
--- Bytes compressed before yielding: well below a millisecond.
local PIECE_BYTES = 32768
local OUTPUT_BYTES = 32768
local output = ffi_new("uint8_t[?]", OUTPUT_BYTES)
local function has_zlib(library)
    return library.openclaw_deflate_init
end
--- Nginx's own zlib where others can see it, or else that of the system; nothing where there is none. Phases: init.
local function find_library()
    local inside = pcall(has_zlib, ffi.C)
    if inside then
        return ffi.C
    end
    local found, library = pcall(ffi.load, "libz.so.1")
    return found and library or nil
end
____exports.find_library = find_library
--- Feeds the next piece, and appends what comes of it.
local function feed(gzip, pointer, count, flush, parts)
    local stream = gzip.stream
    stream.next_in = pointer
    stream.avail_in = count
    repeat
        do
            stream.next_out = output
            stream.avail_out = OUTPUT_BYTES
            local code = gzip.library.openclaw_deflate(stream, flush)
            if code ~= Z_OK and code ~= Z_STREAM_END and code ~= Z_BUF_ERROR then
                return false
            end
            parts[#parts + 1] = ffi_string(output, OUTPUT_BYTES - stream.avail_out)
        end
    until not (stream.avail_out == 0)
    return true
end
local function compress(self, text)
    self.library.openclaw_deflate_reset(self.stream)
    local bytes = ffi_cast("const uint8_t *", text)
    local parts = {}
    local at = 0
    while #text - at > PIECE_BYTES do
        if not feed(
            self,
            bytes + at,
            PIECE_BYTES,
            Z_NO_FLUSH,
            parts
        ) then
            break
        end
        at = at + PIECE_BYTES
        time_slice_yield_now()
    end
    local rest = #text - at
    if rest > PIECE_BYTES or not feed(
        self,
        bytes + at,
        rest,
        Z_FINISH,
        parts
    ) then
        return nil, "zlib failed"
    end
    return (table_concat(parts))
end
local metatable = {__index = {compress = compress}}
--- A compressor to be used for one string after the other. Phases: init. Nil and why where there is no zlib.
local function create()
    local library = find_library()
    if library == nil then
        return nil, "no zlib in this nginx, and no libz.so.1 on this system"
    end
    local stream = ffi_new("struct openclaw_z_stream")
    local code = library.openclaw_deflate_init(
        stream,
        LEVEL,
        Z_DEFLATED,
        WINDOW_BITS,
        MEMORY_LEVEL,
        Z_DEFAULT_STRATEGY,
        library.openclaw_zlib_version(),
        STREAM_BYTES
    )
    if code ~= Z_OK then
        return nil, ("zlib refuses to start (" .. tostring(code)) .. ")"
    end
    local held = ffi_gc(stream, library.openclaw_deflate_end)
    local gzip = setmetatable({library = library, stream = held}, metatable)
    return gzip
end
____exports.new = create
return ____exports
