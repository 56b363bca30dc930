local ____exports = {}
local pairs = pairs
local setmetatable = setmetatable
local tonumber = tonumber
local math_ceil = math.ceil
local math_max = math.max
local math_min = math.min
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_each = request_body.each
local request_body_read = request_body.read
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_new = scanners.new
--- Larger numbers count as this one.
local MOST = 1000000000
--- More tokens than any budget has, in a number that is written as a whole one.
local MOST_COST = 1000000000000000
local PIECE_BYTES = 16 * 1024
local function places(of)
    local ____table = {}
    for name, place in pairs(of) do
        ____table[name] = place
    end
    return ____table
end
local MAXIMUM = {name = "most"}
local ROOT = {fields = places({
    max_tokens = MAXIMUM,
    max_completion_tokens = MAXIMUM,
    max_output_tokens = MAXIMUM,
    n = {name = "choices"},
    options = {fields = places({num_predict = MAXIMUM})},
    parameters = {fields = places({max_new_tokens = MAXIMUM})},
    generationConfig = {fields = places({maxOutputTokens = MAXIMUM})}
})}
--- Numbers in quotes count as well: many servers accept them.
local function value(self, name, text)
    local number = tonumber(text)
    if number == nil or not (number >= 0 and number % 1 == 0) then
        return
    end
    local bounded = math_min(MOST, number)
    if name == "choices" then
        self.choices = math_max(self.choices, bounded)
    else
        self.most = math_max(self.most or 0, bounded)
    end
end
local function ignore(self)
    return
end
local metatable = {__index = {value = value, begins = ignore, ends = ignore}}
local function feed(scanner, bytes, count)
    scanners_feed(scanner, bytes, 0, count)
end
--- What the request at hand asks for. Of a body that cannot be read, which is a fault, what is known of it. Phases: access; yields.
-- Ends the request only where nginx cannot read its body. Never raises.
local function read(faults)
    local finding = setmetatable({bytes = 0, most = nil, choices = 1}, metatable)
    local body, read_err = request_body_read()
    if body == nil then
        faults:report("unreadable_body", read_err)
        return finding
    end
    finding.bytes = body.bytes
    local count, err = request_body_each(
        body,
        feed,
        scanners_new(ROOT, finding),
        PIECE_BYTES
    )
    if count == nil then
        faults:report("unreadable_body", err)
    end
    return finding
end
____exports.read = read
--- The tokens of the prompt, as they are guessed. Phases: any.
local function prompt_of(asked, bytes_per_token)
    return (math_min(
        MOST_COST,
        math_ceil(asked.bytes / bytes_per_token)
    ))
end
____exports.prompt_of = prompt_of
--- The most that the request may cost. `answer_tokens`: for an answer without a maximum. Phases: any.
local function cost_of(asked, answer_tokens, bytes_per_token)
    local answers = (asked.most or answer_tokens) * asked.choices
    return (math_min(
        MOST_COST,
        prompt_of(asked, bytes_per_token) + answers
    ))
end
____exports.cost_of = cost_of
return ____exports
