local ____exports = {}
local ipairs = ipairs
local bit_band = bit.band
local bit_bor = bit.bor
local bit_bxor = bit.bxor
local math_max = math.max
local math_min = math.min
local string_sub = string.sub
local table_concat = table.concat
local table_remove = table.remove
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_string = ffi.string
local c_memory = require("resty.openclaw.core.bytes.c_memory")
local c_memory_new = c_memory.new
local c_memory_release = c_memory.release
local c_memory_resize = c_memory.resize
local json_text = require("resty.openclaw.core.text.json")
local json_text_text = json_text.text
local emission = require("resty.openclaw.core.text.json.canonical.emission")
local emission_emit = emission.emit
local ____names = require("resty.openclaw.core.text.json.canonical.names")
local compare = ____names.compare
local numbers = require("resty.openclaw.core.text.json.canonical.numbers")
local numbers_LONGEST_TEXT = numbers.LONGEST_TEXT
local numbers_write = numbers.write
local order = require("resty.openclaw.core.text.json.canonical.order")
local order_sort_all = order.sort_all
local records = require("resty.openclaw.core.text.json.canonical.records")
local records_add_member = records.add_member
local records_add_object = records.add_object
local ____records = require("resty.openclaw.core.text.json.canonical.records")
local records_IN_ORDER = ____records.IN_ORDER
local records_NO_MEMBER = ____records.NO_MEMBER
local records_OUT_OF_ORDER = ____records.OUT_OF_ORDER
local records_WITH_GAPS = ____records.WITH_GAPS
local IN_ORDER = records_IN_ORDER
local NO_MEMBER = records_NO_MEMBER
local OUT_OF_ORDER = records_OUT_OF_ORDER
local WITH_GAPS = records_WITH_GAPS
local ____states = require("resty.openclaw.core.text.json.canonical.states")
local states_AFTER_ENTRY = ____states.AFTER_ENTRY
local states_AFTER_MEMBER = ____states.AFTER_MEMBER
local states_AFTER_TEXT = ____states.AFTER_TEXT
local states_BEGIN_NAME = ____states.BEGIN_NAME
local states_BEGIN_NUMBER = ____states.BEGIN_NUMBER
local states_BLANK = ____states.BLANK
local states_CLOSE_ARRAY = ____states.CLOSE_ARRAY
local states_CLOSE_OBJECT = ____states.CLOSE_OBJECT
local states_COLON = ____states.COLON
local states_END_NUMBER = ____states.END_NUMBER
local states_END_STRING = ____states.END_STRING
local states_END_WORD = ____states.END_WORD
local states_EXPONENT = ____states.EXPONENT
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_FIRST_ENTRY = ____states.FIRST_ENTRY
local states_FIRST_NAME = ____states.FIRST_NAME
local states_FRACTION = ____states.FRACTION
local states_NAME = ____states.NAME
local states_NEXT = ____states.NEXT
local states_NEXT_MEMBER = ____states.NEXT_MEMBER
local states_NEXT_NAME = ____states.NEXT_NAME
local states_NO_JSON = ____states.NO_JSON
local states_OPEN_ARRAY = ____states.OPEN_ARRAY
local states_OPEN_OBJECT = ____states.OPEN_OBJECT
local states_PAIR = ____states.PAIR
local states_PAIR_U = ____states.PAIR_U
local states_STRING = ____states.STRING
local states_VALUE = ____states.VALUE
local states_WHOLE = ____states.WHOLE
local states_ZERO = ____states.ZERO
local BEGIN_NUMBER = states_BEGIN_NUMBER
local BLANK = states_BLANK
local NEXT = states_NEXT
local NEXT_MEMBER = states_NEXT_MEMBER
local PAIR = states_PAIR
local PAIR_U = states_PAIR_U
local ____strings = require("resty.openclaw.core.text.json.canonical.strings")
local escape = ____strings.escape
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_AFTER_ENTRY = ____states.AFTER_ENTRY
local states_AFTER_MEMBER = ____states.AFTER_MEMBER
local states_AFTER_TEXT = ____states.AFTER_TEXT
local states_BEGIN_NAME = ____states.BEGIN_NAME
local states_BEGIN_NUMBER = ____states.BEGIN_NUMBER
local states_BLANK = ____states.BLANK
local states_CLOSE_ARRAY = ____states.CLOSE_ARRAY
local states_CLOSE_OBJECT = ____states.CLOSE_OBJECT
local states_COLON = ____states.COLON
local states_END_NUMBER = ____states.END_NUMBER
local states_END_STRING = ____states.END_STRING
local states_END_WORD = ____states.END_WORD
local states_EXPONENT = ____states.EXPONENT
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_FIRST_ENTRY = ____states.FIRST_ENTRY
local states_FIRST_NAME = ____states.FIRST_NAME
local states_FRACTION = ____states.FRACTION
local states_NAME = ____states.NAME
local states_NEXT = ____states.NEXT
local states_NEXT_MEMBER = ____states.NEXT_MEMBER
local states_NEXT_NAME = ____states.NEXT_NAME
local states_NO_JSON = ____states.NO_JSON
local states_OPEN_ARRAY = ____states.OPEN_ARRAY
local states_OPEN_OBJECT = ____states.OPEN_OBJECT
local states_PAIR = ____states.PAIR
local states_PAIR_U = ____states.PAIR_U
local states_STRING = ____states.STRING
local states_VALUE = ____states.VALUE
local states_WHOLE = ____states.WHOLE
local states_ZERO = ____states.ZERO
local AFTER_ENTRY = states_AFTER_ENTRY
local AFTER_MEMBER = states_AFTER_MEMBER
local AFTER_TEXT = states_AFTER_TEXT
local BEGIN_NAME = states_BEGIN_NAME
local CLOSE_ARRAY = states_CLOSE_ARRAY
local CLOSE_OBJECT = states_CLOSE_OBJECT
local COLON = states_COLON
local END_NUMBER = states_END_NUMBER
local END_STRING = states_END_STRING
local END_WORD = states_END_WORD
local EXPONENT = states_EXPONENT
local FIRST_ACTION = states_FIRST_ACTION
local FIRST_ENTRY = states_FIRST_ENTRY
local FIRST_NAME = states_FIRST_NAME
local FRACTION = states_FRACTION
local NAME = states_NAME
local STRICT = states_NEXT
local NEXT_NAME = states_NEXT_NAME
local NO_JSON = states_NO_JSON
local OPEN_ARRAY = states_OPEN_ARRAY
local OPEN_OBJECT = states_OPEN_OBJECT
local STRING = states_STRING
local VALUE = states_VALUE
local WHOLE = states_WHOLE
local ZERO = states_ZERO
--- How many objects and arrays may be inside one another: requests have ten or so, and each level takes memory in each text.
local MOST_DEPTH = 64
--- Of a name, so that none takes long to compare.
local MOST_NAME_BYTES = 1024
--- Places in the text have 31 bits.
local MOST_BYTES = 1024 * 1024 * 1024
--- What may be written beyond what is read: a number.
local SPARE_BYTES = 2 * numbers_LONGEST_TEXT
--- So that numbers which become longer do not move the text each time.
local LEAST_GROWTH = 16 * 1024
local DIGIT_ZERO = 48
local MINUS = 45
local function refuse(json, problem)
    json.problem = problem
    return VALUE
end
--- Makes room for so many bytes more, and a number. False if there is none; then there is a problem.
local function reserve(json, count)
    local ____json_0 = json
    local text_region = ____json_0.text_region
    local wanted = json.text_bytes + count + SPARE_BYTES
    if wanted <= text_region.bytes then
        return true
    end
    local more = text_region.bytes == 0 and 0 or LEAST_GROWTH
    local doubled = math_min(2 * text_region.bytes, json.settings.max_bytes)
    if not c_memory_resize(
        text_region,
        math_max(wanted + more, doubled)
    ) then
        json.problem = "no_memory"
        return false
    end
    json.text = ffi_cast("uint8_t *", text_region.memory)
    return true
end
local function put(json, byte)
    local at = json.text_bytes
    json.text[at] = byte
    json.text_bytes = at + 1
end
--- An object or array begins. Each of these returns the next state.
local function open(json, byte, is_object)
    local ____json_1 = json
    local depth = ____json_1.depth
    if depth >= MOST_DEPTH then
        return refuse(json, "too_deep")
    end
    json.outer_after[depth + 1] = json.after
    json.depth = depth + 1
    if is_object then
        json.outer_object[depth + 1] = json.object
        json.outer_member[depth + 1] = json.member
        json.object = json.object_count
        json.member = NO_MEMBER
        if not records_add_object(json) then
            return VALUE
        end
    end
    json.after = is_object and AFTER_MEMBER or AFTER_ENTRY
    put(json, byte)
    return is_object and FIRST_NAME or FIRST_ENTRY
end
local function end_member(json)
    if json.member ~= NO_MEMBER then
        json.members[json.member].ends = json.text_bytes
    end
end
local function close(json, byte, is_object)
    local depth = json.depth - 1
    json.depth = depth
    json.after = json.outer_after[depth + 1]
    if is_object then
        end_member(json)
        local object = json.objects[json.object]
        object.ends = json.text_bytes
        object.after = json.object_count
        json.object = json.outer_object[depth + 1]
        json.member = json.outer_member[depth + 1]
    end
    put(json, byte)
    return json.after
end
local function begin_name(json, byte)
    local before = json.member
    local member = json.member_count
    if not records_add_member(json) then
        return VALUE
    end
    if before == NO_MEMBER then
        json.objects[json.object].first = member
    else
        json.members[before].next = member
    end
    json.is_name = true
    put(json, byte)
    return STRING
end
--- Compares a name with the one before it in its object.
local function compare_to(json, before, begins, bytes)
    local other = json.members[before]
    local difference = compare(
        json.text,
        other.begins + 1,
        other.name_bytes,
        begins + 1,
        bytes
    )
    if difference > 0 then
        json.objects[json.object].order = OUT_OF_ORDER
    elseif difference == 0 then
        json.problem = "duplicate_name"
    end
end
--- At the top level: leaves a member out if its name is to be ignored.
local function ignore(json, begins, bytes)
    local ____json_settings_2 = json.settings
    local ignored = ____json_settings_2.ignored
    if ignored == nil or json.depth ~= 1 then
        return
    end
    local name = ffi_string(json.text + (begins + 1), bytes)
    if not (ignored[name] ~= nil) then
        return
    end
    json.members[json.member_count - 1].is_ignored = 1
    local object = json.objects[json.object]
    if object.order == IN_ORDER then
        object.order = WITH_GAPS
    end
end
local function end_name(json)
    local member = json.member_count - 1
    local ____json_members_member_3 = json.members[member]
    local begins = ____json_members_member_3.begins
    local bytes = json.text_bytes - begins - 1
    if bytes > MOST_NAME_BYTES then
        return refuse(json, "name_too_long")
    end
    json.members[member].name_bytes = bytes
    if json.member ~= NO_MEMBER then
        compare_to(json, json.member, begins, bytes)
    end
    ignore(json, begins, bytes)
    json.member = member
    json.is_name = false
    return COLON
end
local function end_string(json, byte)
    local next = json.is_name and end_name(json) or json.after
    put(json, byte)
    return next
end
local function next_member(json, byte)
    end_member(json)
    put(json, byte)
    return NEXT_NAME
end
--- Whether the number at hand is canonical as it is, which most are, as far as a glance shows it.
local function is_canonical(json, state)
    local ____json_4 = json
    local text = ____json_4.text
    local number_begins = ____json_4.number_begins
    local bytes = json.text_bytes - number_begins
    local first = text[number_begins]
    if state == WHOLE then
        return bytes <= 15
    end
    if state == ZERO then
        return first ~= MINUS
    end
    if state ~= FRACTION or bytes > 16 or first == MINUS or text[json.text_bytes - 1] == DIGIT_ZERO then
        return false
    end
    return first ~= DIGIT_ZERO or bytes <= 8 or text[number_begins + 2] ~= DIGIT_ZERO
end
--- The number at hand has ended; so many bytes of the piece follow.
local function end_number(json, state, left)
    if not is_canonical(json, state) then
        local ____end, problem = numbers_write(json.text, json.number_begins, json.text_bytes)
        if ____end == nil then
            return refuse(json, problem)
        end
        json.text_bytes = ____end
        if not reserve(json, left) then
            return VALUE
        end
    end
    return json.after
end
local function begin_number(json, byte, state)
    json.number_begins = json.text_bytes
    put(json, byte)
    return STRICT[state * 256 + byte]
end
--- No text goes on like this.
local function refuse_byte(json, byte, state)
    if state == PAIR or state == PAIR_U then
        return refuse(json, "lone_surrogate")
    end
    local is_in_character = state > STRING and state < NAME
    if is_in_character or state == STRING and byte >= 128 then
        return refuse(json, "invalid_utf8")
    end
    return refuse(json, "not_json")
end
--- What a byte causes, where it does more than change the state.
local function act(json, byte, action, state)
    if action == END_STRING then
        return end_string(json, byte)
    end
    if action == BEGIN_NAME then
        return begin_name(json, byte)
    end
    if action == NEXT_MEMBER then
        return next_member(json, byte)
    end
    if action == BEGIN_NUMBER then
        return begin_number(json, byte, state)
    end
    if action == OPEN_OBJECT or action == OPEN_ARRAY then
        return open(json, byte, action == OPEN_OBJECT)
    end
    if action == CLOSE_OBJECT or action == CLOSE_ARRAY then
        return close(json, byte, action == CLOSE_OBJECT)
    end
    if action == END_WORD then
        put(json, byte)
        return json.after
    end
    if action == NO_JSON then
        return refuse_byte(json, byte, state)
    end
    return escape(json, byte, action)
end
--- Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character.
local function are_plain(four)
    local quotes = bit_bxor(four, 572662306)
    local backslashes = bit_bxor(four, 1549556828)
    return bit_band(
        bit_bor(
            bit_bor(
                bit_bor(four, four - 538976288),
                quotes - 16843009
            ),
            backslashes - 16843009
        ),
        2155905152
    ) == 0
end
--- Reads the next bytes of the text, from `memory` on. Does nothing where there is a problem already. 16 KiB at a time take well below a
-- millisecond. Phases: any. Never raises, whatever the bytes are.
local function feed(json, memory, count)
    if json.problem ~= nil or not reserve(json, count) then
        return
    end
    local ____json_5 = json
    local state = ____json_5.state
    local text = ____json_5.text
    local text_bytes = ____json_5.text_bytes
    local at = 0
    while at < count do
        local four = state == STRING and at + 4 <= count and ffi_cast("const int32_t *", memory + at)[0] or 0
        if four ~= 0 and are_plain(four) then
            ffi_cast("int32_t *", text + text_bytes)[0] = four
            text_bytes = text_bytes + 4
            at = at + 4
        else
            local byte = memory[at]
            local next = NEXT[state * 256 + byte]
            if next < FIRST_ACTION then
                text[text_bytes] = byte
                text_bytes = text_bytes + 1
                at = at + 1
                state = next
            elseif next == BLANK then
                at = at + 1
            else
                json.text_bytes = text_bytes
                if next == END_NUMBER then
                    state = end_number(json, state, count - at)
                else
                    state = act(json, byte, next, state)
                    at = at + 1
                end
                text_bytes = json.text_bytes
                text = json.text
                if json.problem ~= nil then
                    at = count
                end
            end
        end
    end
    json.state = state
    json.text_bytes = text_bytes
    if text_bytes > json.settings.max_bytes and json.problem == nil then
        json.problem = "too_large"
    end
end
____exports.feed = feed
--- The text has ended: what remains to be refused.
local function end_text(json)
    local ____json_6 = json
    local state = ____json_6.state
    if json.problem ~= nil then
        return
    end
    local is_number = state == ZERO or state == WHOLE or state == FRACTION or state == EXPONENT
    if is_number and json.depth == 0 then
        json.state = end_number(json, state, 0)
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
--- Of each of their regions.
local MOST_IDLE_BYTES = 64 * 1024
local function recycle(json)
    local ____json_7 = json
    local text_region = ____json_7.text_region
    local member_region = ____json_7.member_region
    local object_region = ____json_7.object_region
    if text_region.bytes > MOST_IDLE_BYTES then
        c_memory_release(text_region)
    end
    if member_region.bytes > MOST_IDLE_BYTES then
        c_memory_release(member_region)
    end
    if object_region.bytes > MOST_IDLE_BYTES then
        c_memory_release(object_region)
    end
    if #idle < MOST_IDLE then
        idle[#idle + 1] = json
    end
end
--- The text has ended: passes its canonical text to the sink, whole or not at all. Returns what became of it, and why there is no
-- canonical form. The object must not be used again. Calls `breathe`, if there is one, after less than a millisecond each: it may
-- yield. Phases: any. Never raises, if the sink and `breathe` do not.
local function finish(json, sink, state, breathe)
    end_text(json)
    if json.problem == nil and not order_sort_all(json, breathe) then
        json.problem = "duplicate_name"
    end
    local ____json_8 = json
    local problem = ____json_8.problem
    if problem == nil then
        emission_emit(json, sink, state, breathe)
    end
    recycle(json)
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
    local text_region = c_memory_new()
    return {
        settings = settings,
        text_region = text_region,
        outer_after = {},
        outer_object = {},
        outer_member = {},
        member_region = c_memory_new(),
        object_region = c_memory_new()
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
    reserve(
        json,
        math_min(expected_bytes, settings.max_bytes)
    )
    return json
end
____exports.new = create
local function keep(parts, bytes, count)
    parts[#parts + 1] = ffi_string(bytes, count)
end
--- A name as it stands in canonical JSON, without the quotes.
local function canonical_name(name)
    local text = json_text_text(name)
    local json = create({max_bytes = MOST_BYTES, ignored = nil}, #text)
    feed(
        json,
        ffi_cast("const uint8_t *", text),
        #text
    )
    local parts = {}
    finish(json, keep, parts)
    return (string_sub(
        table_concat(parts),
        2,
        -2
    ))
end
--- Settings for texts whose canonical text may have so many bytes, at most 1 GiB. If the text is an object, its members with one of these
-- names are left out, but not those of objects in it. Phases: any.
function ____exports.settings(max_bytes, ignored_names)
    local ignored = {}
    for ____, name in ipairs(ignored_names) do
        ignored[canonical_name(name)] = true
    end
    return {
        max_bytes = math_min(max_bytes, MOST_BYTES),
        ignored = #ignored_names > 0 and ignored or nil
    }
end
return ____exports
