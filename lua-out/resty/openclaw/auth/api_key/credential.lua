local ____exports = {}
local tonumber = tonumber
local string_char = string.char
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
ffi_cdef("size_t openclaw_api_key_span(const char *text, const char *allowed) __asm__(\"strspn\");")
local LEAST_BYTES = 16
local MOST_BYTES = 256
local FIRST_PRINTABLE = 33
local LAST_PRINTABLE = 126
local function printable()
    local letters = {}
    for byte = FIRST_PRINTABLE, LAST_PRINTABLE do
        letters[#letters + 1] = string_char(byte)
    end
    return (table_concat(letters))
end
--- ASCII without blanks and control characters.
local ALLOWED = printable()
--- Whether a text may be a key: 16 to 256 bytes of printable ASCII without blanks. Without a pattern, which LuaJIT does not compile. Phases: any.
local function is_legal(key)
    local size = #key
    if size < LEAST_BYTES or size > MOST_BYTES then
        return false
    end
    return tonumber(ffi.C.openclaw_api_key_span(key, ALLOWED)) == size
end
____exports.is_legal = is_legal
local sha256 = digests_new("sha256")
--- The SHA-256 of a key in lower-case hex. Nothing where OpenSSL fails. Phases: any.
local function digest_of(key)
    local digest = sha256:of(key)
    return digest
end
____exports.digest_of = digest_of
return ____exports
