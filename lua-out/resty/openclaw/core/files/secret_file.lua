local ____exports = {}
local ffi = require("ffi")
local texts = require("resty.openclaw.core.text.text")
local files = require("resty.openclaw.core.files.files")
ffi.cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);")
--- From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine.
local AT_FDCWD = -100
local STATX_MODE = 2
--- In words of 16 bits.
local STATX_WORDS = 128
local MODE_AT = 14
local OTHERS_MAY_READ = 4
--- The rights of other users on a file: the last digit of its mode; nothing where it is unknown. Phases: any.
function ____exports.rights_of_others(path)
    local result = ffi.new("uint16_t[?]", STATX_WORDS)
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
    return bit.band(result[MODE_AT], 7)
end
--- Raises where a secret, from a file or not, holds anything but printable ASCII, or fewer or more bytes than that; the
-- sentence begins with the option's path and never shows the secret. Phases: init.
function ____exports.check(option, secret, least_bytes, most_bytes)
    local plain = string.find(secret, "^[!-~]*$")
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
--- What stands in a file, without the blanks and line ends around it; of more than `most_bytes` one byte more than those,
-- for `check` to refuse. Raises when the file cannot be read, or all users may read it; the sentence begins with the option's path and never shows what stands there. Phases: init.
function ____exports.read(option, path, most_bytes)
    local text, err = files.beginning(path, most_bytes + 1)
    if text == nil then
        error((((option .. ": cannot read ") .. path) .. ": ") .. err, 0)
    end
    local rights = ____exports.rights_of_others(path)
    if rights == nil then
        error((option .. ": cannot tell who may read ") .. path, 0)
    end
    if bit.band(rights, OTHERS_MAY_READ) ~= 0 then
        error(((option .. ": ") .. path) .. " may be read by all users; chmod it to 600", 0)
    end
    return texts.trim(text)
end
return ____exports
