local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local math_min = math.min
local string_find = string.find
local table_remove = table.remove
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_string = ffi.string
local regions = require("resty.openclaw.core.bytes.region")
local regions_LEAST_BYTES = regions.LEAST_BYTES
local regions_new = regions.new
local regions_resize = regions.resize
local json_text = require("resty.openclaw.core.text.json")
local json_text_text = json_text.text
local emission = require("resty.openclaw.core.text.json.canonical.emission")
local emission_emit = emission.emit
local number_places = require("resty.openclaw.core.text.json.canonical.number_places")
local number_places_end_number = number_places.end_number
local order = require("resty.openclaw.core.text.json.canonical.order")
local order_sort_all = order.sort_all
local reader = require("resty.openclaw.core.text.json.canonical.reader")
local reader_feed = reader.feed
local ____records = require("resty.openclaw.core.text.json.canonical.records")
local records_NO_MEMBER = ____records.NO_MEMBER
local NO_MEMBER = records_NO_MEMBER
local writing = require("resty.openclaw.core.text.json.canonical.text")
local writing_reserve = writing.reserve
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_AFTER_TEXT = ____states.AFTER_TEXT
local states_EXPONENT = ____states.EXPONENT
local states_FRACTION = ____states.FRACTION
local states_VALUE = ____states.VALUE
local states_WHOLE = ____states.WHOLE
local states_ZERO = ____states.ZERO
local AFTER_TEXT = states_AFTER_TEXT
local EXPONENT = states_EXPONENT
local FRACTION = states_FRACTION
local VALUE = states_VALUE
local WHOLE = states_WHOLE
local ZERO = states_ZERO
--- Places in the text have 31 bits.
local MOST_BYTES = 1024 * 1024 * 1024
--- What `feed` should be given at a time.
local PIECE_BYTES = 4 * 1024
____exports.PIECE_BYTES = PIECE_BYTES
--- Reads the next bytes of the text. Does nothing where there is a problem already. PIECE_BYTES at a time take well below a millisecond,
-- whatever they are. Phases: any. Never raises.
____exports.feed = reader.feed
--- The text has ended: what remains to be refused.
local function end_text(json)
    local ____json_0 = json
    local state = ____json_0.state
    if json.problem ~= nil then
        return
    end
    local is_number = state == ZERO or state == WHOLE or state == FRACTION or state == EXPONENT
    if is_number and json.depth == 0 then
        json.state = number_places_end_number(json, state, 0)
    end
    if json.problem ~= nil then
        return
    end
    if json.state ~= AFTER_TEXT or json.depth > 0 then
        json.problem = "not_json"
    elseif json.text_bytes > json.settings.max_bytes then
        json.problem = "too_large"
    end
end
--- Of the wanted member's value.
local MOST_WANTED_BYTES = 256
local QUOTE = 34
--- The value of the wanted member, if it is a string without escapes and of at most 256 bytes.
local function wanted_value(json)
    if json.wanted == NO_MEMBER then
        return nil
    end
    local ____json_members_json_wanted_1 = json.members[json.wanted]
    local begins = ____json_members_json_wanted_1.begins
    local name_bytes = ____json_members_json_wanted_1.name_bytes
    local ends = ____json_members_json_wanted_1.ends
    local value = begins + name_bytes + 3
    local bytes = ends - value - 2
    if json.text[value] ~= QUOTE or bytes > MOST_WANTED_BYTES then
        return nil
    end
    local text = ffi_string(json.text + (value + 1), bytes)
    local escape = string_find(text, "\\", 1, true)
    return escape == nil and text or nil
end
--- Texts that are done, whose memory serves the next ones.
local idle = {}
local MOST_IDLE = 8
local MOST_FREED = 2 * 1024 * 1024
--- Gives back all memory of a region but the least, in steps: the system takes a quarter of a millisecond for a MiB.
local function shrink(region, breathe)
    local ____region_2 = region
    local bytes = ____region_2.bytes
    while bytes > regions_LEAST_BYTES do
        bytes = math_max(bytes - MOST_FREED, regions_LEAST_BYTES)
        regions_resize(region, bytes)
        if breathe ~= nil then
            breathe()
        end
    end
end
--- Keeps the text, with the least memory, for the next one.
local function recycle(json, breathe)
    shrink(json.text_region, breathe)
    shrink(json.member_region, breathe)
    shrink(json.object_region, breathe)
    shrink(json.sort_region, breathe)
    if #idle < MOST_IDLE then
        idle[#idle + 1] = json
    end
end
--- The text has ended: passes its canonical text to the sink, whole or not at all. Returns what became of it, why there is no
-- canonical form, and the value of the wanted member if that is a string without escapes and of at most 256 bytes. The object must not be
-- used again. Calls `breathe`, if there is one, after less than a millisecond each: it may
-- yield. Phases: any. Never raises, if the sink and `breathe` do not.
local function finish(json, sink, state, breathe)
    end_text(json)
    if json.problem == nil then
        order_sort_all(json, breathe)
    end
    local ____json_3 = json
    local problem = ____json_3.problem
    local ____temp_4
    if problem == nil then
        ____temp_4 = wanted_value(json)
    else
        ____temp_4 = nil
    end
    local wanted = ____temp_4
    if problem == nil then
        emission_emit(json, sink, state, breathe)
    end
    recycle(json, breathe)
    if problem == nil then
        return "canonical", nil, wanted
    end
    if problem == "not_json" or problem == "too_large" then
        return problem
    end
    return "not_keyable", problem
end
____exports.finish = finish
local function fresh(settings)
    return {
        settings = settings,
        text_region = regions_new(),
        outer_after = {},
        outer_object = {},
        outer_member = {},
        member_region = regions_new(),
        object_region = regions_new(),
        sort_region = regions_new()
    }
end
--- A text that is to be read. It takes memory for its canonical text, and up to twice as much for tables where members are many and short.
-- `expected_bytes`: how long it is, if that is known, so that its memory need not grow. Phases: any.
local function create(settings, expected_bytes)
    if expected_bytes == nil then
        expected_bytes = 0
    end
    local json = table_remove(idle) or fresh(settings)
    json.settings = settings
    json.problem = nil
    json.text_bytes = 0
    json.state = VALUE
    json.depth = 0
    json.after = AFTER_TEXT
    json.object = 0
    json.member = NO_MEMBER
    json.is_name = false
    json.number_begins = 0
    json.code = 0
    json.hex_digits = 0
    json.high = 0
    json.wanted = NO_MEMBER
    json.member_count = 0
    json.object_count = 0
    writing_reserve(
        json,
        math_min(expected_bytes, settings.max_bytes)
    )
    return json
end
____exports.new = create
local function discard()
    return
end
local PLAIN = {max_bytes = MOST_BYTES, ignored = nil, wanted_key = nil, wanted_name = nil}
--- A name as it stands in canonical JSON, and its key; nothing where it is too long to have a canonical form.
local function canonical_name(name)
    local text = ("{" .. json_text_text(name)) .. ":0}"
    local json = create(PLAIN, #text)
    reader_feed(
        json,
        ffi_cast("const uint8_t *", text),
        #text
    )
    local its_name
    local its_key
    if json.problem == nil then
        local ____json_members__0_5 = json.members[0]
        local begins = ____json_members__0_5.begins
        local name_bytes = ____json_members__0_5.name_bytes
        local key = ____json_members__0_5.key
        its_name = ffi_string(json.text + (begins + 1), name_bytes)
        its_key = key
    end
    finish(json, discard, nil)
    return its_name, its_key
end
--- Adds a name to those that are ignored.
local function add_name(ignored, name)
    local its_name, key = canonical_name(name)
    if its_name == nil then
        return
    end
    local names = ignored[key] or ({})
    names[its_name] = true
    ignored[key] = names
end
--- Settings for texts whose canonical text may have so many bytes, at most 1 GiB. If the text is an object, its members with one of these
-- names are left out, but not those of objects in it. `wanted`: the name of the member whose value `finish` returns, also if it is left
-- out. Phases: any.
function ____exports.settings(max_bytes, ignored_names, wanted)
    local ignored = {}
    for ____, name in ipairs(ignored_names) do
        add_name(ignored, name)
    end
    local wanted_name, wanted_key = canonical_name(wanted or "")
    local ____math_min_result_7 = math_min(max_bytes, MOST_BYTES)
    local ____temp_8 = #ignored_names > 0 and ignored or nil
    local ____temp_6
    if wanted == nil then
        ____temp_6 = nil
    else
        ____temp_6 = wanted_key
    end
    return {max_bytes = ____math_min_result_7, ignored = ____temp_8, wanted_key = ____temp_6, wanted_name = wanted_name}
end
return ____exports
