local ____exports = {}
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local ffi_string = ffi.string
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local NUMBERS = 3
local GENERATION = 1
local LABELS_END = 2
local FIRST_ROOM = 8
local function new_numbers(room)
    return (ffi_new("double[?]", room * NUMBERS))
end
--- An empty list. Phases: any.
local function create()
    return {
        texts = string_buffer_new(),
        text_bytes = 0,
        numbers = new_numbers(FIRST_ROOM),
        count = 0,
        room = FIRST_ROOM
    }
end
____exports.new = create
local function grow(list)
    local numbers = new_numbers(2 * list.room)
    ffi_copy(numbers, list.numbers, list.count * NUMBERS * 8)
    list.numbers = numbers
    list.room = list.room * 2
end
--- Appends a series, whose labels are the `bytes` at `labels`. Phases: any.
local function add(list, labels, bytes, slot, generation)
    if list.count == list.room then
        grow(list)
    end
    list.texts:putcdata(labels, bytes)
    list.text_bytes = list.text_bytes + bytes
    local at = list.count * NUMBERS
    list.numbers[at] = slot
    list.numbers[at + GENERATION] = generation
    list.numbers[at + LABELS_END] = list.text_bytes
    list.count = list.count + 1
end
____exports.add = add
--- The first slot of a series. Phases: any.
function ____exports.slot(list, index)
    return list.numbers[index * NUMBERS]
end
--- The generation that this slot had. Phases: any.
function ____exports.generation(list, index)
    return list.numbers[index * NUMBERS + GENERATION]
end
--- Whether a series is still what its slots hold: to be asked anew after each pause. Phases: any.
local function is_current(list, index, generations)
    return generations[____exports.slot(list, index)] == ____exports.generation(list, index)
end
____exports.is_current = is_current
local function labels_begin(list, index)
    return index == 0 and 0 or list.numbers[(index - 1) * NUMBERS + LABELS_END]
end
--- How many bytes the labels of a series have: 0 for one without any. Phases: any.
local function label_bytes(list, index)
    return list.numbers[index * NUMBERS + LABELS_END] - labels_begin(list, index)
end
____exports.label_bytes = label_bytes
--- Where the labels of a series are, until the next one is added. Phases: any.
local function labels_at(list, index)
    local memory = list.texts:ref()
    return ffi_cast("const uint8_t *", memory) + labels_begin(list, index)
end
____exports.labels_at = labels_at
--- The labels of a series as the page shows them: `{name="value",…}`, or nothing. Phases: any.
function ____exports.labels(list, index)
    return (ffi_string(
        labels_at(list, index),
        label_bytes(list, index)
    ))
end
return ____exports
