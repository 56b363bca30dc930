local ____exports = {}
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_BEGIN_ESCAPE = ____states.BEGIN_ESCAPE
local states_BEGIN_NAME = ____states.BEGIN_NAME
local states_CLOSE_ARRAY = ____states.CLOSE_ARRAY
local states_CLOSE_OBJECT = ____states.CLOSE_OBJECT
local states_END_NUMBER = ____states.END_NUMBER
local states_END_STRING = ____states.END_STRING
local states_END_WORD = ____states.END_WORD
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_NAME = ____states.NAME
local states_NO_JSON = ____states.NO_JSON
local states_OPEN_ARRAY = ____states.OPEN_ARRAY
local states_OPEN_OBJECT = ____states.OPEN_OBJECT
local states_STRING = ____states.STRING
local BEGIN_ESCAPE = states_BEGIN_ESCAPE
local BEGIN_NAME = states_BEGIN_NAME
local CLOSE_ARRAY = states_CLOSE_ARRAY
local CLOSE_OBJECT = states_CLOSE_OBJECT
local END_NUMBER = states_END_NUMBER
local END_STRING = states_END_STRING
local END_WORD = states_END_WORD
local FIRST_ACTION = states_FIRST_ACTION
local NAME = states_NAME
local NO_JSON = states_NO_JSON
local OPEN_ARRAY = states_OPEN_ARRAY
local OPEN_OBJECT = states_OPEN_OBJECT
local STRING = states_STRING
local number_places = require("resty.openclaw.core.text.json.canonical.number_places")
local number_places_begin_number = number_places.begin_number
local number_places_end_number = number_places.end_number
local objects = require("resty.openclaw.core.text.json.canonical.objects")
local objects_begin_name = objects.begin_name
local objects_close = objects.close
local objects_end_name = objects.end_name
local objects_next_member = objects.next_member
local objects_open = objects.open
local ____plain = require("resty.openclaw.core.text.json.canonical.plain")
local plain_bytes = ____plain.plain_bytes
local ____steps = require("resty.openclaw.core.text.json.canonical.steps")
local steps_BEGIN_NUMBER = ____steps.BEGIN_NUMBER
local steps_BLANK = ____steps.BLANK
local steps_NEXT = ____steps.NEXT
local steps_NEXT_MEMBER = ____steps.NEXT_MEMBER
local steps_PAIR = ____steps.PAIR
local steps_PAIR_U = ____steps.PAIR_U
local BEGIN_NUMBER = steps_BEGIN_NUMBER
local BLANK = steps_BLANK
local NEXT = steps_NEXT
local NEXT_MEMBER = steps_NEXT_MEMBER
local PAIR = steps_PAIR
local PAIR_U = steps_PAIR_U
local ____strings = require("resty.openclaw.core.text.json.canonical.strings")
local escape = ____strings.escape
local whole_escape = ____strings.whole_escape
local writing = require("resty.openclaw.core.text.json.canonical.text")
local writing_put = writing.put
local writing_refuse = writing.refuse
local writing_reserve = writing.reserve
--- No text goes on like this.
local function refuse_byte(json, byte, state)
    if state == PAIR or state == PAIR_U then
        return writing_refuse(json, "lone_surrogate")
    end
    local is_in_character = state > STRING and state < NAME
    if is_in_character or state == STRING and byte >= 128 then
        return writing_refuse(json, "invalid_utf8")
    end
    return writing_refuse(json, "not_json")
end
local function end_string(json, byte)
    local next = json.is_name and objects_end_name(json) or json.after
    writing_put(json, byte)
    return next
end
--- What a byte causes, where it does more than change the state.
local function act(json, byte, action, state)
    if action == END_STRING then
        return end_string(json, byte)
    end
    if action == BEGIN_NAME then
        return objects_begin_name(json, byte)
    end
    if action == NEXT_MEMBER then
        return objects_next_member(json, byte)
    end
    if action == BEGIN_NUMBER then
        return number_places_begin_number(json, byte, state)
    end
    if action == OPEN_OBJECT or action == OPEN_ARRAY then
        return objects_open(json, byte, action == OPEN_OBJECT)
    end
    if action == CLOSE_OBJECT or action == CLOSE_ARRAY then
        return objects_close(json, byte, action == CLOSE_OBJECT)
    end
    if action == END_WORD then
        writing_put(json, byte)
        return json.after
    end
    if action == NO_JSON then
        return refuse_byte(json, byte, state)
    end
    return escape(json, byte, action)
end
--- The next four bytes of the piece in a string; 0, which has a meaning, where there are not so many.
local function next_four(state, memory, at, count)
    if state ~= STRING or at + 4 > count then
        return 0
    end
    local four = ffi_cast("const int32_t *", memory + at)[0]
    return four
end
--- After so many steps in a string, the rest of it is copied by `copy_plain`.
local STEPS_IN_STRING = 8
--- Copies what is plain in a string, four bytes at a time; returns how many bytes. A loop of its own, for long strings: LuaJIT compiles the loop
-- over all in the way that the first texts take, and if these are short, interprets steps in later strings in part.
local function copy_plain(target, memory, at, count)
    local copied = 0
    while at + copied + 4 <= count do
        local four = ffi_cast("const int32_t *", memory + (at + copied))[0]
        local plain = plain_bytes(four)
        if plain == 0 then
            break
        end
        ffi_cast("int32_t *", target + copied)[0] = four
        copied = copied + plain
    end
    return copied
end
--- Reads the next bytes of the text, from `memory` on. Does nothing where there is a problem already. PIECE_BYTES at a time take well
-- below a millisecond, whatever they are. Phases: any. Never raises.
local function feed(json, memory, count)
    if json.problem ~= nil or not writing_reserve(json, count) then
        return
    end
    local state = json.state
    local text = json.text
    local text_bytes = json.text_bytes
    local at = 0
    local steps = 0
    while at < count do
        local four = next_four(state, memory, at, count)
        local plain = plain_bytes(four)
        if plain > 0 then
            ffi_cast("int32_t *", text + text_bytes)[0] = four
            text_bytes = text_bytes + plain
            at = at + plain
            steps = steps + 1
            if steps == STEPS_IN_STRING then
                local copied = copy_plain(text + text_bytes, memory, at, count)
                text_bytes = text_bytes + copied
                at = at + copied
                steps = 0
            end
        else
            steps = 0
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
                local escape_bytes = next == BEGIN_ESCAPE and whole_escape(json, memory, at, count) or 0
                if escape_bytes > 0 then
                    at = at + escape_bytes
                elseif next == END_NUMBER then
                    state = number_places_end_number(json, state, count - at)
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
return ____exports
