local ____exports = {}
local error = error
local pcall = pcall
local tostring = tostring
local bit_band = bit.band
local string_find = string.find
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local texts = require("resty.openclaw.core.text.text")
local texts_trim = texts.trim
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
ffi_cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);")
--- From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine.
local AT_FDCWD = -100
local STATX_MODE = 2
--- In words of 16 bits.
local STATX_WORDS = 128
local MODE_AT = 14
local OTHERS_MAY_READ = 4
--- The rights of other users on a file: the last digit of its mode; nothing where it is unknown. Phases: any.
local function rights_of_others(path)
    local result = ffi_new("uint16_t[?]", STATX_WORDS)
    local ok, failed = pcall(function() return ffi.C.statx(
        AT_FDCWD,
        path,
        0,
        STATX_MODE,
        result
    ) end)
    if not ok or failed ~= 0 then
        return nil
    end
    return bit_band(result[MODE_AT], 7)
end
____exports.rights_of_others = rights_of_others
--- Raises where a secret, from a file or not, holds anything but printable ASCII, or fewer or more bytes than that; the
-- sentence begins with the option's path and never shows the secret. Phases: init.
local function check(option, secret, least_bytes, most_bytes)
    local plain = string_find(secret, "^[!-~]*$")
    if plain == nil then
        error(option .. " must hold printable ASCII without blanks only", 0)
    end
    if #secret < least_bytes or #secret > most_bytes then
        error(
            (((((option .. " must hold ") .. tostring(least_bytes)) .. " to ") .. tostring(most_bytes)) .. " bytes, got ") .. tostring(#secret),
            0
        )
    end
end
____exports.check = check
--- What stands in a file, without the blanks and line ends around it; of more than `most_bytes` one byte more than those,
-- for `check` to refuse. Raises when the file cannot be read, or all users may read it; the sentence begins with the option's path and never shows what stands there. Phases: init.
local function read(option, path, most_bytes)
    local text, err = files_beginning(path, most_bytes + 1)
    if text == nil then
        error((((option .. ": cannot read ") .. path) .. ": ") .. err, 0)
    end
    local rights = rights_of_others(path)
    if rights == nil then
        error((option .. ": cannot tell who may read ") .. path, 0)
    end
    if bit_band(rights, OTHERS_MAY_READ) ~= 0 then
        error(((option .. ": ") .. path) .. " may be read by all users; chmod it to 600", 0)
    end
    return texts_trim(text)
end
____exports.read = read
return ____exports
