local ____exports = {}
local type = type
local fields = require("resty.openclaw.admin.fields")
local fields_read = fields.read
local KNOWN = {"concurrency"}
local EXPECTED = "concurrency must be a whole number from 1 to 1000000. " .. "DELETE of queue/changes goes back to what nginx.conf says, such as \"learned\"."
--- As in the option `queue`.
local MOST_CONCURRENCY = 1000000
local function check(____bindingPattern0)
    local concurrency
    concurrency = ____bindingPattern0.concurrency
    local is_valid = type(concurrency) == "number" and concurrency % 1 == 0 and concurrency >= 1 and concurrency <= MOST_CONCURRENCY
    local ____is_valid_0
    if is_valid then
        ____is_valid_0 = nil
    else
        ____is_valid_0 = EXPECTED
    end
    return ____is_valid_0
end
--- Reads the number. On failure nil, a code and a message. Phases: any.
local function read(text)
    local given, code, message = fields_read(text, KNOWN, check)
    if given == nil then
        return nil, code, message
    end
    return given.concurrency
end
____exports.read = read
return ____exports
