local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("\n    struct openclaw_base64url_text { size_t bytes; const uint8_t *data; };\n    intptr_t openclaw_decode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)\n        __asm__(\"ngx_decode_base64url\");\n    void openclaw_encode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)\n        __asm__(\"ngx_encode_base64url\");\n    int memcmp(const void *one, const void *other, size_t bytes);\n")
local source = ffi_new("struct openclaw_base64url_text")
local target = ffi_new("struct openclaw_base64url_text")
--- A buffer of this size is kept; a longer text gets one of its own.
local KEPT_BYTES = 16384
local kept = ffi_new("uint8_t[?]", KEPT_BYTES)
local kept_letters = ffi_new("uint8_t[?]", KEPT_BYTES)
local function buffer_of(bytes, usual)
    return bytes <= KEPT_BYTES and usual or ffi_new("uint8_t[?]", bytes)
end
--- Writes so many bytes in base64url to a buffer, which is returned; `target` has the number of letters.
local function write(bytes, count)
    local buffer = buffer_of(count * 1.5 + 4, kept_letters)
    source.bytes = count
    source.data = bytes
    target.data = buffer
    ffi.C.openclaw_encode_base64url(target, source)
    return buffer
end
--- The bytes as base64url without padding. Phases: any.
local function encode(bytes)
    local letters = write(
        ffi_cast("const uint8_t *", bytes),
        #bytes
    )
    return (ffi_string(
        letters,
        tonumber(target.bytes)
    ))
end
____exports.encode = encode
--- The bytes of a text in base64url, or of a part of it. Nothing unless it is exactly what `encode` makes of them: padding, other letters,
-- blanks, an impossible length, and bits in the last letter that stand for nothing are all refused. Phases: any.
local function decode(text, first, last)
    if first == nil then
        first = 1
    end
    if last == nil then
        last = #text
    end
    local count = last - first + 1
    local letters = ffi_cast("const uint8_t *", text) + (first - 1)
    local buffer = buffer_of(count, kept)
    source.bytes = count
    source.data = letters
    target.data = buffer
    if tonumber(ffi.C.openclaw_decode_base64url(target, source)) ~= 0 then
        return nil
    end
    local byte_count = tonumber(target.bytes)
    local written = write(buffer, byte_count)
    if tonumber(target.bytes) ~= count or ffi.C.memcmp(written, letters, count) ~= 0 then
        return nil
    end
    return (ffi_string(buffer, byte_count))
end
____exports.decode = decode
return ____exports
