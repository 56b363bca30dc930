local ____exports = {}
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_FRACTION = ____states.FRACTION
local states_NEXT = ____states.NEXT
local states_VALUE = ____states.VALUE
local states_WHOLE = ____states.WHOLE
local states_ZERO = ____states.ZERO
local FRACTION = states_FRACTION
local STRICT = states_NEXT
local VALUE = states_VALUE
local WHOLE = states_WHOLE
local ZERO = states_ZERO
local numbers = require("resty.openclaw.core.text.json.canonical.numbers")
local numbers_write = numbers.write
local text = require("resty.openclaw.core.text.json.canonical.text")
local text_put = text.put
local text_refuse = text.refuse
local text_reserve = text.reserve
local DIGIT_ZERO = 48
local MINUS = 45
--- Whether the number at hand is canonical as it is, which most are, as far as a glance shows it.
local function is_canonical(json, state)
    local ____json_0 = json
    local number_begins = ____json_0.number_begins
    local bytes = json.text_bytes - number_begins
    local first = json.text[number_begins]
    if state == WHOLE then
        return bytes <= 15
    end
    if state == ZERO then
        return first ~= MINUS
    end
    if state ~= FRACTION or bytes > 16 or first == MINUS or json.text[json.text_bytes - 1] == DIGIT_ZERO then
        return false
    end
    return first ~= DIGIT_ZERO or bytes <= 8 or json.text[number_begins + 2] ~= DIGIT_ZERO
end
--- The number at hand has ended; so many bytes of the piece follow. Returns the next state. Phases: any.
local function end_number(json, state, left)
    if not is_canonical(json, state) then
        local ____end, problem = numbers_write(json.text, json.number_begins, json.text_bytes)
        if ____end == nil then
            return text_refuse(json, problem)
        end
        json.text_bytes = ____end
        if not text_reserve(json, left) then
            return VALUE
        end
    end
    return json.after
end
____exports.end_number = end_number
--- A number begins with this byte. Returns the next state. Phases: any.
local function begin_number(json, byte, state)
    json.number_begins = json.text_bytes
    text_put(json, byte)
    return STRICT[state * 256 + byte]
end
____exports.begin_number = begin_number
return ____exports
