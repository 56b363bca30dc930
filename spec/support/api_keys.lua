--- API keys, and what stands in a file about them.
local digests = require("resty.openclaw.core.bytes.digest")

local sha256 = digests.new("sha256")

local _M = {}

--- A key by a name; the same for the same name.
function _M.key(name) return "oc_" .. sha256:of("spec key " .. name):sub(1, 43) end

function _M.digest(key) return (assert(sha256:of(key))) end

--- The line of a key.
function _M.line(name, attributes)
    return ("%s %s%s\n"):format(name, _M.digest(_M.key(name)), attributes and " " .. attributes or "")
end

return _M
