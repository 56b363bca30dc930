local ____exports = {}
local math_max = math.max
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local regions = require("resty.openclaw.core.bytes.region")
local regions_resize = regions.resize
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_VALUE = ____states.VALUE
local VALUE = states_VALUE
local numbers = require("resty.openclaw.core.text.json.canonical.numbers")
local numbers_LONGEST_TEXT = numbers.LONGEST_TEXT
--- What may be written beyond what is read: a number.
local SPARE_BYTES = 2 * numbers_LONGEST_TEXT
--- Refuses the text; returns a state that is never used. Phases: any.
local function refuse(json, problem)
    json.problem = problem
    return VALUE
end
____exports.refuse = refuse
--- Makes room for so many bytes more, and a number. False if there is none; then there is a problem. Phases: any.
local function reserve(json, count)
    local ____json_0 = json
    local text_region = ____json_0.text_region
    local wanted = json.text_bytes + count + SPARE_BYTES
    if wanted <= text_region.bytes then
        return true
    end
    local doubled = math_min(2 * text_region.bytes, json.settings.max_bytes)
    if not regions_resize(
        text_region,
        math_max(wanted, doubled)
    ) then
        json.problem = "no_memory"
        return false
    end
    json.text = ffi_cast("uint8_t *", text_region.memory)
    return true
end
____exports.reserve = reserve
--- Writes a byte, for which there is room: what is read is never shorter than what is written, but for numbers. Phases: any.
local function put(json, byte)
    local at = json.text_bytes
    json.text[at] = byte
    json.text_bytes = at + 1
end
____exports.put = put
return ____exports
