local ____exports = {}
local ffi = require("ffi")
local files = require("resty.openclaw.files")
local read = require("resty.openclaw.options")
--- rw-r-----
local RIGHTS = 416
local last_byte = ffi.new("char[1]")
--- Whether the file ends inside a line: a full disk, or a crash, has cut the last write short.
local function is_torn(path)
    local file = files.open(path, "read")
    if file == nil then
        return false
    end
    local bytes = (files.size(file)) or 0
    local torn = bytes > 0 and (files.read(file, last_byte, 1, bytes - 1)) == 1 and ffi.string(last_byte, 1) ~= "\n"
    files.close(file)
    return torn
end
local function send(self, text)
    local whole = is_torn(self.path) and "\n" .. text or text
    local file, open_err = files.open(self.path, "append", RIGHTS)
    if file == nil then
        return "retry", open_err
    end
    local err = files.write(file, whole, #whole)
    files.close(file)
    if err ~= nil then
        return "retry", err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
--- A sink that appends to the file at `path`, the option of this name. Phases: init. Raises when that is no path.
function ____exports.at(owner, name, path)
    local odd = string.find(
        tostring(path),
        "%z"
    )
    if type(path) ~= "string" or string.byte(path) ~= string.byte("/") or odd ~= nil then
        read.refuse(owner, name, "an absolute path, beginning with \"/\"", path)
    end
    return setmetatable({path = path}, metatable)
end
--- A sink that appends to the file at the option `path`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    read.check(owner, options, {"type", "path"})
    return ____exports.at(
        owner,
        "path",
        read.text(owner, options, "path")
    )
end
____exports.new = create
return ____exports
