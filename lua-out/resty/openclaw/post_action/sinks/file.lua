local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local type = type
local math_min = math.min
local string_find = string.find
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local ____schema = require("resty.openclaw.config.schema")
local required = ____schema.required
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_lock = files.lock
local files_open = files.open
local files_read = files.read
local files_size = files.size
local files_write = files.write
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local function is_path(given)
    if type(given) ~= "string" then
        return false
    end
    local legal = string_find(given, "^/[^%z]*$")
    return legal ~= nil
end
--- The path of a file or folder.
local PATH = kinds_of("path", "an absolute path, beginning with \"/\"", is_path)
____exports.PATH = PATH
local SCHEMA = {path = required(PATH, "absolute; the folder must be writable for the workers' user")}
____exports.SCHEMA = SCHEMA
--- rw-r-----
local RIGHTS = 416
--- Other workers hold the lock for one write only; another process may hold it longer.
local LOCK_SECONDS = 1
local LOCK_PAUSE_SECONDS = 0.001
local last_byte = ffi_new("char[1]")
--- Locks the file; false when that takes too long. Closing the file releases the lock.
local function lock(file, most_seconds)
    local ____until = clock_now() + math_min(most_seconds, LOCK_SECONDS)
    while not files_lock(file) do
        if clock_now() >= ____until then
            return false
        end
        ngx.sleep(LOCK_PAUSE_SECONDS)
    end
    return true
end
--- Whether a file that is open for writing ends inside a line, because a full disk or a crash has cut the last write short. Needs the
-- lock: a write in progress looks the same.
local function is_torn(file)
    local again = files_open(
        "/proc/self/fd/" .. tostring(file),
        "read"
    )
    if again == nil then
        return false
    end
    local bytes = (files_size(again)) or 0
    local torn = bytes > 0 and (files_read(again, last_byte, 1, bytes - 1)) == 1 and ffi_string(last_byte, 1) ~= "\n"
    files_close(again)
    return torn
end
--- Appends to an open file. Returns the error, if any.
local function append(file, text, most_seconds)
    if not lock(file, most_seconds) then
        return "cannot lock: another process has it"
    end
    local whole = is_torn(file) and "\n" .. text or text
    return files_write(file, whole, #whole)
end
local function send(self, text, _entries, most_seconds)
    local file, open_err = files_open(self.path, "append", RIGHTS)
    if file == nil then
        return "retry", (self.path .. ": ") .. open_err
    end
    local err = append(file, text, most_seconds)
    files_close(file)
    if err ~= nil then
        return "retry", (self.path .. ": ") .. err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
--- A sink that appends to the file at `path`. Phases: init.
local function create(____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    return setmetatable({path = path}, metatable)
end
____exports.new = create
return ____exports
