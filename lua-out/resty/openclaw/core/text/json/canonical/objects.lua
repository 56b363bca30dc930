local ____exports = {}
local ffi = require("ffi")
local ffi_string = ffi.string
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_AFTER_ENTRY = ____states.AFTER_ENTRY
local states_AFTER_MEMBER = ____states.AFTER_MEMBER
local states_COLON = ____states.COLON
local states_FIRST_ENTRY = ____states.FIRST_ENTRY
local states_FIRST_NAME = ____states.FIRST_NAME
local states_NEXT_NAME = ____states.NEXT_NAME
local states_STRING = ____states.STRING
local states_VALUE = ____states.VALUE
local AFTER_ENTRY = states_AFTER_ENTRY
local AFTER_MEMBER = states_AFTER_MEMBER
local COLON = states_COLON
local FIRST_ENTRY = states_FIRST_ENTRY
local FIRST_NAME = states_FIRST_NAME
local NEXT_NAME = states_NEXT_NAME
local STRING = states_STRING
local VALUE = states_VALUE
local ____names = require("resty.openclaw.core.text.json.canonical.names")
local compare = ____names.compare
local key_of = ____names.key_of
local ____records = require("resty.openclaw.core.text.json.canonical.records")
local records_IN_ORDER = ____records.IN_ORDER
local records_NO_MEMBER = ____records.NO_MEMBER
local records_OUT_OF_ORDER = ____records.OUT_OF_ORDER
local records_WITH_GAPS = ____records.WITH_GAPS
local add_member = ____records.add_member
local add_object = ____records.add_object
local IN_ORDER = records_IN_ORDER
local NO_MEMBER = records_NO_MEMBER
local OUT_OF_ORDER = records_OUT_OF_ORDER
local WITH_GAPS = records_WITH_GAPS
local text = require("resty.openclaw.core.text.json.canonical.text")
local text_put = text.put
local text_refuse = text.refuse
--- How many objects and arrays may be inside one another: requests have ten or so, and each level takes memory in each text.
local MOST_DEPTH = 64
--- Of a name, so that none takes long to compare.
local MOST_NAME_BYTES = 1024
--- An object or array begins. Each of these returns the next state; if there is a problem, one that is never used. Phases: any.
local function open(json, byte, is_object)
    local ____json_0 = json
    local depth = ____json_0.depth
    if depth >= MOST_DEPTH then
        return text_refuse(json, "too_deep")
    end
    json.outer_after[depth + 1] = json.after
    json.depth = depth + 1
    if is_object then
        json.outer_object[depth + 1] = json.object
        json.outer_member[depth + 1] = json.member
        json.object = json.object_count
        json.member = NO_MEMBER
        if not add_object(json) then
            return VALUE
        end
    end
    json.after = is_object and AFTER_MEMBER or AFTER_ENTRY
    text_put(json, byte)
    return is_object and FIRST_NAME or FIRST_ENTRY
end
____exports.open = open
local function end_member(json)
    if json.member ~= NO_MEMBER then
        json.members[json.member].ends = json.text_bytes
    end
end
--- It ends. As `open`.
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
    text_put(json, byte)
    return json.after
end
____exports.close = close
--- A member begins with its name. As `open`.
local function begin_name(json, byte)
    local before = json.member
    local member = json.member_count
    if not add_member(json) then
        return VALUE
    end
    if before == NO_MEMBER then
        json.objects[json.object].first = member
    else
        json.members[before].next = member
    end
    json.is_name = true
    text_put(json, byte)
    return STRING
end
____exports.begin_name = begin_name
--- Compares a name with the one before it in its object.
local function compare_to(json, before, member)
    local difference = compare(json.text, before, member)
    if difference > 0 then
        json.objects[json.object].order = OUT_OF_ORDER
    elseif difference == 0 then
        json.problem = "duplicate_name"
    end
end
--- At the top level: leaves a member out if its name is to be ignored. Makes no string of other names: there may be many.
local function ignore(json, member)
    local ____json_settings_1 = json.settings
    local ignored = ____json_settings_1.ignored
    if ignored == nil or json.depth ~= 1 then
        return
    end
    local names = ignored[member.key]
    if names == nil then
        return
    end
    local name = ffi_string(json.text + (member.begins + 1), member.name_bytes)
    if not (names[name] ~= nil) then
        return
    end
    member.is_ignored = 1
    local object = json.objects[json.object]
    if object.order == IN_ORDER then
        object.order = WITH_GAPS
    end
end
--- At the top level: notes where the wanted member is.
local function note_wanted(json, member, at)
    if member.key ~= json.settings.wanted_key or json.depth ~= 1 then
        return
    end
    local name = ffi_string(json.text + (member.begins + 1), member.name_bytes)
    if name == json.settings.wanted_name then
        json.wanted = at
    end
end
--- The name is whole. As `open`.
local function end_name(json)
    local at = json.member_count - 1
    local member = json.members[at]
    local begins = member.begins
    local bytes = json.text_bytes - begins - 1
    if bytes > MOST_NAME_BYTES then
        return text_refuse(json, "name_too_long")
    end
    member.name_bytes = bytes
    member.key = key_of(json.text, begins + 1, bytes)
    if json.member ~= NO_MEMBER then
        compare_to(json, json.members[json.member], member)
    end
    ignore(json, member)
    note_wanted(json, member, at)
    json.member = at
    json.is_name = false
    return COLON
end
____exports.end_name = end_name
--- A member ends, and another one follows. As `open`.
local function next_member(json, byte)
    end_member(json)
    text_put(json, byte)
    return NEXT_NAME
end
____exports.next_member = next_member
return ____exports
