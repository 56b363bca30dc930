local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("\n    struct openclaw_base64url_text { size_t bytes; const uint8_t *data; };\n    intptr_t openclaw_decode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)\n        __asm__(\"ngx_decode_base64url\");\n    void openclaw_encode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)\n        __asm__(\"ngx_encode_base64url\");\n")
local source = ffi_new("struct openclaw_base64url_text")
local target = ffi_new("struct openclaw_base64url_text")
--- A buffer of this size is kept; a longer text gets one of its own.
local KEPT_BYTES = 16384
local kept = ffi_new("uint8_t[?]", KEPT_BYTES)
local function buffer_of(bytes)
    return bytes <= KEPT_BYTES and kept or ffi_new("uint8_t[?]", bytes)
end
--- The bytes as base64url without padding. Phases: any.
local function encode(bytes)
    local buffer = buffer_of(#bytes * 1.5 + 4)
    source.bytes = #bytes
    source.data = ffi_cast("const uint8_t *", bytes)
    target.data = buffer
    ffi.C.openclaw_encode_base64url(target, source)
    return (ffi_string(
        buffer,
        tonumber(target.bytes)
    ))
end
____exports.encode = encode
--- The bytes of a text in base64url. Nothing unless it is exactly what `encode` makes of them: padding, other letters, blanks, an
-- impossible length, and bits in the last letter that stand for nothing are all refused. Phases: any.
local function decode(text)
    local buffer = buffer_of(#text)
    source.bytes = #text
    source.data = ffi_cast("const uint8_t *", text)
    target.data = buffer
    if tonumber(ffi.C.openclaw_decode_base64url(target, source)) ~= 0 then
        return nil
    end
    local bytes = ffi_string(
        buffer,
        tonumber(target.bytes)
    )
    return encode(bytes) == text and bytes or nil
end
____exports.decode = decode
return ____exports
