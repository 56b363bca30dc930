local ____exports = {}
local tostring = tostring
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local structure = require("resty.openclaw.core.text.json.structure")
local structure_finish = structure.finish
local structure_new = structure.new
--- What is checked at a time: well below a millisecond, even where LuaJIT does not compile it.
local PIECE_BYTES = 16 * 1024
local REASONS = {no_json = "invalid_json", too_deep = "json_too_deep", too_many_members = "json_too_many_members", duplicate_name = "json_duplicate_name"}
local function message_of(problem, limits, at)
    if problem == "too_deep" then
        return ("The JSON is nested more than " .. tostring(limits.max_depth)) .. " deep."
    end
    if problem == "too_many_members" then
        return ("The JSON has more than " .. tostring(limits.max_members)) .. " members."
    end
    if problem == "duplicate_name" then
        return ("An object has the same name twice, at byte " .. tostring(at)) .. "."
    end
    return ("The body is not valid JSON, at byte " .. tostring(at)) .. "."
end
--- Whether a body of so many bytes is too long. Phases: any.
local function check_length(limits, bytes)
    if bytes <= limits.max_bytes then
        return nil
    end
    return "json_too_large", ("A JSON body may have at most " .. tostring(limits.max_bytes)) .. " bytes."
end
____exports.check_length = check_length
--- Checks a body; where it cannot be read, the reason is `unreadable`, and the message why. Phases: access; yields.
local function check(limits, body)
    local reason, message = check_length(limits, body.bytes)
    if reason ~= nil then
        return reason, message
    end
    local checker = structure_new(limits)
    local count, err = request_body_each(body, structure.feed, checker, PIECE_BYTES)
    if count == nil then
        return "unreadable", err
    end
    local problem = structure_finish(checker)
    if problem == nil then
        return nil
    end
    return REASONS[problem], message_of(problem, limits, checker.bytes)
end
____exports.check = check
return ____exports
