--- What specs do with files besides what they test.
local assert = require("luassert")

local _M = {}

--- Runs a command, put together as by string.format; it must succeed.
function _M.shell(command, ...)
    assert.equal(0, os.execute(command:format(...)))
end

--- All that stands in a file.
function _M.content(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

return _M
