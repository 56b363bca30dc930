local ____exports = {}
local bit_band = bit.band
local bit_bor = bit.bor
local bit_bxor = bit.bxor
local ffi = require("ffi")
local ffi_cast = ffi.cast
local names = require("resty.openclaw.core.text.json.structure.names")
local names_add_digit = names.add_digit
local names_begin_escape = names.begin_escape
local names_cut = names.cut
local names_end_escape = names.end_escape
local names_is_duplicate = names.is_duplicate
local names_new = names.new
local names_open = names.open
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_AFTER_ENTRY = ____states.AFTER_ENTRY
local states_AFTER_MEMBER = ____states.AFTER_MEMBER
local states_AFTER_TEXT = ____states.AFTER_TEXT
local states_BEGIN_HEX = ____states.BEGIN_HEX
local states_BEGIN_NAME = ____states.BEGIN_NAME
local states_CLOSE_ARRAY = ____states.CLOSE_ARRAY
local states_CLOSE_OBJECT = ____states.CLOSE_OBJECT
local states_COLON = ____states.COLON
local states_END_ESCAPE = ____states.END_ESCAPE
local states_END_NAME = ____states.END_NAME
local states_END_NUMBER = ____states.END_NUMBER
local states_END_STRING = ____states.END_STRING
local states_END_WORD = ____states.END_WORD
local states_EXPONENT = ____states.EXPONENT
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_FIRST_ENTRY = ____states.FIRST_ENTRY
local states_FIRST_NAME = ____states.FIRST_NAME
local states_FRACTION = ____states.FRACTION
local states_HEX_DIGIT = ____states.HEX_DIGIT
local states_NAME = ____states.NAME
local states_NAME_END = ____states.NAME_END
local states_NAME_ESCAPE = ____states.NAME_ESCAPE
local states_NAME_HEX = ____states.NAME_HEX
local states_NEXT = ____states.NEXT
local states_NO_JSON = ____states.NO_JSON
local states_OPEN_ARRAY = ____states.OPEN_ARRAY
local states_OPEN_OBJECT = ____states.OPEN_OBJECT
local states_STRING = ____states.STRING
local states_VALUE = ____states.VALUE
local states_WHOLE = ____states.WHOLE
local states_ZERO = ____states.ZERO
local AFTER_ENTRY = states_AFTER_ENTRY
local AFTER_MEMBER = states_AFTER_MEMBER
local AFTER_TEXT = states_AFTER_TEXT
local BEGIN_HEX = states_BEGIN_HEX
local BEGIN_NAME = states_BEGIN_NAME
local CLOSE_ARRAY = states_CLOSE_ARRAY
local CLOSE_OBJECT = states_CLOSE_OBJECT
local COLON = states_COLON
local END_ESCAPE = states_END_ESCAPE
local END_NAME = states_END_NAME
local END_NUMBER = states_END_NUMBER
local END_STRING = states_END_STRING
local END_WORD = states_END_WORD
local EXPONENT = states_EXPONENT
local FIRST_ACTION = states_FIRST_ACTION
local FIRST_ENTRY = states_FIRST_ENTRY
local FIRST_NAME = states_FIRST_NAME
local FRACTION = states_FRACTION
local HEX_DIGIT = states_HEX_DIGIT
local NAME = states_NAME
local NAME_END = states_NAME_END
local NAME_ESCAPE = states_NAME_ESCAPE
local NAME_HEX = states_NAME_HEX
local NEXT = states_NEXT
local NO_JSON = states_NO_JSON
local OPEN_ARRAY = states_OPEN_ARRAY
local OPEN_OBJECT = states_OPEN_OBJECT
local STRING = states_STRING
local VALUE = states_VALUE
local WHOLE = states_WHOLE
local ZERO = states_ZERO
local function refuse(checker, problem)
    checker.problem = problem
    return VALUE
end
--- An object or array begins. Each of these returns the next state.
local function open(checker, is_object)
    local ____checker_0 = checker
    local depth = ____checker_0.depth
    if depth >= checker.limits.max_depth then
        return refuse(checker, "too_deep")
    end
    checker.outer[depth + 1] = checker.after
    checker.depth = depth + 1
    checker.after = is_object and AFTER_MEMBER or AFTER_ENTRY
    if is_object then
        names_open(checker.names, depth)
    end
    return is_object and FIRST_NAME or FIRST_ENTRY
end
local function close(checker)
    local depth = checker.depth - 1
    checker.depth = depth
    checker.after = checker.outer[depth + 1]
    return checker.after
end
local function begin_name(checker, at)
    checker.members = checker.members + 1
    if checker.members > checker.limits.max_members then
        return refuse(checker, "too_many_members")
    end
    checker.names.begins = at
    return NAME
end
local function end_name(checker, memory, ____end)
    local is_duplicate = names_is_duplicate(checker.names, memory, ____end, checker.depth - 1)
    return is_duplicate and refuse(checker, "duplicate_name") or COLON
end
--- A part of an escape in a name; its byte is at `at`.
local function escape(checker, memory, at, action)
    local its_names = checker.names
    if action == HEX_DIGIT then
        return names_add_digit(its_names, memory[at], at + 1) and NAME or NAME_HEX
    end
    if action == BEGIN_HEX then
        return NAME_HEX
    end
    if action == END_ESCAPE then
        names_end_escape(its_names, memory[at], at + 1)
        return NAME
    end
    names_begin_escape(its_names, memory, at)
    return NAME_ESCAPE
end
--- What the byte at `at` causes, where it does more than change the state.
local function act(checker, memory, at, action)
    if action == END_WORD then
        return checker.after
    end
    if action == BEGIN_NAME then
        return begin_name(checker, at + 1)
    end
    if action == END_NAME then
        return end_name(checker, memory, at)
    end
    if action == OPEN_OBJECT or action == OPEN_ARRAY then
        return open(checker, action == OPEN_OBJECT)
    end
    if action == CLOSE_OBJECT or action == CLOSE_ARRAY then
        return close(checker)
    end
    if action == NO_JSON then
        return refuse(checker, "no_json")
    end
    return escape(checker, memory, at, action)
end
--- As `act`. A number ends with the byte after it, which has a meaning of its own.
local function act_on(checker, memory, at, action)
    if action ~= END_NUMBER then
        return act(checker, memory, at, action)
    end
    local next = NEXT[checker.after * 256 + memory[at]]
    return next < FIRST_ACTION and next or act(checker, memory, at, next)
end
--- Whether none of four bytes has a meaning in a string: all are ASCII, and no quote, backslash or control character.
local function are_plain(memory, at)
    local four = ffi_cast("const int32_t *", memory + at)[0]
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
--- Checks the next bytes of the text, from `memory` on. Does nothing where there is a problem already. Phases: any. Never raises,
-- whatever the bytes are.
local function feed(checker, memory, count)
    local state = checker.state
    local at = 0
    if checker.problem ~= nil then
        return
    end
    while at < count do
        if state == STRING and at + 4 <= count and are_plain(memory, at) then
            at = at + 4
        else
            local next = NEXT[state * 256 + memory[at]]
            if next < FIRST_ACTION then
                state = next
            elseif next == END_STRING then
                state = checker.after
            else
                state = act_on(checker, memory, at, next)
                if checker.problem ~= nil then
                    count = at + 1
                end
            end
            at = at + 1
        end
    end
    checker.state = state
    checker.bytes = checker.bytes + at
    if state >= NAME and state < NAME_END then
        names_cut(checker.names, memory, at)
    end
end
____exports.feed = feed
--- Whether the text may end in this state: the value at the top level is whole.
local function may_end(checker)
    local ____checker_1 = checker
    local state = ____checker_1.state
    if checker.depth > 0 then
        return false
    end
    return state == AFTER_TEXT or state == ZERO or state == WHOLE or state == FRACTION or state == EXPONENT
end
--- The text has ended. Why it is refused; nothing where it is fine. Phases: any.
local function finish(checker)
    if checker.problem == nil and not may_end(checker) then
        checker.problem = "no_json"
    end
    return checker.problem
end
____exports.finish = finish
--- A checker for one text. Phases: any.
local function create(limits)
    return {
        limits = limits,
        problem = nil,
        bytes = 0,
        state = VALUE,
        depth = 0,
        members = 0,
        after = AFTER_TEXT,
        outer = {},
        names = names_new(limits.unique_names)
    }
end
____exports.new = create
--- The checker of a text before, whose tables serve the next one with the same limits.
local used
--- How many names it keeps, of all these texts.
local used_names = 0
local MOST_USED_NAMES = 256
local function take_used(limits)
    local checker = used
    if checker == nil or checker.limits ~= limits or used_names > MOST_USED_NAMES then
        used_names = 0
        return create(limits)
    end
    checker.bytes = 0
    checker.state = VALUE
    checker.members = 0
    checker.after = AFTER_TEXT
    return checker
end
--- Checks a text at once: for short ones. Why it is refused, and at which byte, counted from 1; nothing where it is fine. Phases: any.
local function check(text, limits)
    local checker = take_used(limits)
    feed(
        checker,
        ffi_cast("const uint8_t *", text),
        #text
    )
    local problem = finish(checker)
    used = problem == nil and checker or nil
    used_names = used_names + checker.members
    if problem == nil then
        return nil
    end
    return problem, checker.bytes
end
____exports.check = check
return ____exports
