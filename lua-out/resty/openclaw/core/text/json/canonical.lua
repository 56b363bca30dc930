local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local math_min = math.min
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
--- Texts that are done, whose memory serves the next ones.
local idle = {}
local MOST_IDLE = 8
local MOST_FREED = 2 * 1024 * 1024
--- Gives back all memory of a region but the least, in steps: the system takes a quarter of a millisecond for a MiB.
local function shrink(region, breathe)
    local ____region_1 = region
    local bytes = ____region_1.bytes
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
--- The text has ended: passes its canonical text to the sink, whole or not at all. Returns what became of it, and why there is no
-- canonical form. The object must not be used again. Calls `breathe`, if there is one, after less than a millisecond each: it may
-- yield. Phases: any. Never raises, if the sink and `breathe` do not.
local function finish(json, sink, state, breathe)
    end_text(json)
    if json.problem == nil then
        order_sort_all(json, breathe)
    end
    local ____json_2 = json
    local problem = ____json_2.problem
    if problem == nil then
        emission_emit(json, sink, state, breathe)
    end
    recycle(json, breathe)
    if problem == nil then
        return "canonical"
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
--- Adds a name to those that are ignored, as it stands in canonical JSON.
local function add_name(ignored, name)
    local text = ("{" .. json_text_text(name)) .. ":0}"
    local json = create({max_bytes = MOST_BYTES, ignored = nil}, #text)
    reader_feed(
        json,
        ffi_cast("const uint8_t *", text),
        #text
    )
    if json.problem == nil then
        local ____json_members__0_3 = json.members[0]
        local begins = ____json_members__0_3.begins
        local name_bytes = ____json_members__0_3.name_bytes
        local key = ____json_members__0_3.key
        local names = ignored[key] or ({})
        names[ffi_string(json.text + (begins + 1), name_bytes)] = true
        ignored[key] = names
    end
    finish(json, discard, nil)
end
--- Settings for texts whose canonical text may have so many bytes, at most 1 GiB. If the text is an object, its members with one of these
-- names are left out, but not those of objects in it. Phases: any.
function ____exports.settings(max_bytes, ignored_names)
    local ignored = {}
    for ____, name in ipairs(ignored_names) do
        add_name(ignored, name)
    end
    return {
        max_bytes = math_min(max_bytes, MOST_BYTES),
        ignored = #ignored_names > 0 and ignored or nil
    }
end
return ____exports
