local ____exports = {}
local tostring = tostring
local math_min = math.min
local structure = require("resty.openclaw.core.text.json.structure")
local structure_feed = structure.feed
local structure_finish = structure.finish
local structure_new = structure.new
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_FIELDS_TOO_LARGE = problems.FIELDS_TOO_LARGE
local problems_INVALID_JSON = problems.INVALID_JSON
local problems_JSON_DUPLICATE_NAME = problems.JSON_DUPLICATE_NAME
local problems_JSON_TOO_DEEP = problems.JSON_TOO_DEEP
local problems_JSON_TOO_MANY_MEMBERS = problems.JSON_TOO_MANY_MEMBERS
local problems_refuse = problems.refuse
local LIMITS = {max_depth = 64, max_members = 100000, unique_names = true}
--- Names become Lua strings, so they are read in small pieces, and a name that does not end within these is no name.
local PIECE_BYTES = 64 * 1024
local PROBLEMS = {
    no_json = {problems_INVALID_JSON, "The body is not valid JSON."},
    too_deep = {
        problems_JSON_TOO_DEEP,
        ("The JSON is nested more than " .. tostring(LIMITS.max_depth)) .. " deep."
    },
    too_many_members = {
        problems_JSON_TOO_MANY_MEMBERS,
        ("The JSON has more than " .. tostring(LIMITS.max_members)) .. " members."
    },
    duplicate_name = {problems_JSON_DUPLICATE_NAME, "An object in the JSON has two members of the same name."}
}
--- Refuses a body that is no JSON or breaks a limit. Its work is a step for each byte. Phases: any.
local function check(reading)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local count = ____reading_0.count
    local checker = structure_new(LIMITS)
    local at = 0
    while at < count and checker.problem == nil do
        local bytes = math_min(PIECE_BYTES, count - at)
        structure_feed(checker, memory + at, bytes)
        at = at + bytes
        if #checker.names.before > PIECE_BYTES then
            return problems_refuse(reading, problems_FIELDS_TOO_LARGE, "A name in the JSON is too long.")
        end
    end
    local refusal = structure_finish(checker)
    if refusal == nil then
        return
    end
    local problem, message = unpack(PROBLEMS[refusal], 1, 2)
    problems_refuse(reading, problem, message)
end
____exports.check = check
return ____exports
