local ____exports = {}
local ipairs = ipairs
local table_sort = table.sort
local image_text = require("resty.openclaw.image.conversion.body_images.image_text")
local image_text_read = image_text.read
local json_body = require("resty.openclaw.image.conversion.body_images.json_body")
local json_body_check = json_body.check
local json_ranges = require("resty.openclaw.image.conversion.body_images.json_ranges")
local json_ranges_enter = json_ranges.enter
local json_ranges_first_value = json_ranges.first_value
local json_ranges_is_array = json_ranges.is_array
local json_ranges_is_object = json_ranges.is_object
local json_ranges_is_string = json_ranges.is_string
local json_ranges_next_entry = json_ranges.next_entry
local json_ranges_next_member = json_ranges.next_member
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_unescaped = json_text.unescaped
local ____names = require("resty.openclaw.image.conversion.body_images.names")
local names_OWN_MEMBERS = ____names.OWN_MEMBERS
local OWN_MEMBERS = names_OWN_MEMBERS
local other_fields = require("resty.openclaw.image.conversion.body_images.other_fields")
local other_fields_add_member = other_fields.add_member
local other_fields_finish = other_fields.finish
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_NO_IMAGE = problems.NO_IMAGE
local problems_refuse = problems.refuse
local readings = require("resty.openclaw.image.conversion.body_images.readings")
local readings_accept = readings.accept
local readings_add = readings.add
local readings_is_accepted = readings.is_accepted
--- Longer names are none that are wanted here, whatever their escapes are.
local MOST_NAME_BYTES = 1024
local function name_at(cursor)
    if cursor.name_count > MOST_NAME_BYTES then
        return nil
    end
    return json_text_unescaped(cursor.memory, cursor.name_from, cursor.name_count)
end
--- The value of the member of that name; nothing if there is none.
local function member_at(memory, at, ____end, name)
    if not json_ranges_is_object(memory, at) then
        return nil
    end
    local cursor = json_ranges_enter(memory, at, ____end)
    while json_ranges_next_member(cursor) do
        if name_at(cursor) == name then
            return cursor
        end
    end
    return nil
end
local function add_url(search, from, ____end)
    local ____search_0 = search
    local reading = ____search_0.reading
    local edits = ____search_0.edits
    local found = image_text_read(
        reading,
        from + 1,
        ____end - 1,
        true,
        true
    )
    local image = readings_add(reading, found)
    edits[#edits + 1] = {
        from = from,
        ["end"] = ____end,
        image = image,
        as = "data_url",
        missing = {}
    }
end
--- A part of a message: `image_url` is a URL, or an object with one.
local function read_part(search, part)
    local ____part_1 = part
    local memory = ____part_1.memory
    local member = member_at(memory, part.from, part["end"], "image_url")
    if member == nil then
        return
    end
    local ____json_ranges_is_object_result_2
    if json_ranges_is_object(memory, member.from) then
        ____json_ranges_is_object_result_2 = member_at(memory, member.from, member["end"], "url")
    else
        ____json_ranges_is_object_result_2 = member
    end
    local url = ____json_ranges_is_object_result_2
    if url ~= nil and json_ranges_is_string(memory, url.from) then
        add_url(search, url.from, url["end"])
    end
end
local function read_messages(search, messages)
    local ____messages_3 = messages
    local memory = ____messages_3.memory
    if not json_ranges_is_array(memory, messages.from) then
        return
    end
    search.is_chat = true
    local message = json_ranges_enter(memory, messages.from, messages["end"])
    while json_ranges_next_entry(message) do
        local content = member_at(memory, message.from, message["end"], "content")
        if content ~= nil and json_ranges_is_array(memory, content.from) then
            local part = json_ranges_enter(memory, content.from, content["end"])
            while search.reading.problem == nil and json_ranges_next_entry(part) do
                read_part(search, part)
            end
        end
    end
end
local function read_image(search, member)
    local ____search_4 = search
    local reading = ____search_4.reading
    local ____member_5 = member
    local from = ____member_5.from
    local ____end = ____member_5["end"]
    if not json_ranges_is_string(member.memory, from) or ____end - from == 2 then
        return
    end
    search.from = from
    search["end"] = ____end
    local found = image_text_read(
        reading,
        from + 1,
        ____end - 1,
        true,
        false
    )
    search.image = readings_add(reading, found)
end
local function read_members(search, at)
    local ____search_6 = search
    local reading = ____search_6.reading
    local ____reading_7 = reading
    local memory = ____reading_7.memory
    local count = ____reading_7.count
    local wants = ____reading_7.wants
    local cursor = json_ranges_enter(memory, at, count)
    while reading.problem == nil and json_ranges_next_member(cursor) do
        local name = name_at(cursor)
        if name == "messages" or name == "input" then
            read_messages(search, cursor)
        end
        if name == "input" and json_ranges_is_string(memory, cursor.from) then
            search.is_chat = true
        end
        if name == wants.json_field then
            read_image(search, cursor)
        end
        for ____, own in ipairs(OWN_MEMBERS) do
            if name == own then
                search.own[own] = {from = cursor.from, ["end"] = cursor["end"]}
            end
        end
    end
end
--- The image's own member becomes base64, with what it is beside it.
local function edit_own(search)
    local ____search_8 = search
    local from = ____search_8.from
    local ____end = ____search_8["end"]
    local image = ____search_8.image
    local edits = ____search_8.edits
    local missing = {}
    for ____, name in ipairs(OWN_MEMBERS) do
        local own = search.own[name]
        if own == nil then
            missing[#missing + 1] = name
        else
            edits[#edits + 1] = {
                from = own.from,
                ["end"] = own["end"],
                image = image,
                as = name,
                missing = {}
            }
        end
    end
    edits[#edits + 1] = {
        from = from,
        ["end"] = ____end,
        image = image,
        as = "base64",
        missing = missing
    }
end
--- What the new body has beside the image. In a chat, or in JSON again, that is all that there is.
local function plan(search, at)
    local ____search_9 = search
    local reading = ____search_9.reading
    local edits = ____search_9.edits
    local ____reading_10 = reading
    local memory = ____reading_10.memory
    local count = ____reading_10.count
    local wants = ____reading_10.wants
    if #edits > 0 or wants.send == "json" then
        if search.image > 0 then
            edit_own(search)
        end
        table_sort(
            edits,
            function(one, other) return one.from < other.from end
        )
        reading.edits = edits
        return
    end
    local cursor = json_ranges_enter(memory, at, count)
    while reading.problem == nil and json_ranges_next_member(cursor) do
        if cursor.from ~= search.from then
            other_fields_add_member(
                reading,
                name_at(cursor),
                cursor
            )
        end
    end
    other_fields_finish(reading)
end
--- Finds the images in JSON, and what the new body has beside them. Phases: any.
local function find(reading)
    local ____reading_11 = reading
    local wants = ____reading_11.wants
    local memory = ____reading_11.memory
    local count = ____reading_11.count
    if not readings_is_accepted(wants, "data_url") then
        readings_accept(reading, "json")
    end
    if reading.problem == nil then
        json_body_check(reading)
    end
    if reading.problem ~= nil then
        return
    end
    local search = {
        reading = reading,
        from = -1,
        ["end"] = -1,
        image = 0,
        is_chat = false,
        own = {},
        edits = {}
    }
    local at = json_ranges_first_value(memory, count)
    if json_ranges_is_object(memory, at) then
        read_members(search, at)
    end
    if reading.problem ~= nil then
        return
    end
    if #reading.images == 0 then
        if search.is_chat then
            return
        end
        local message = ("The JSON has no member \"" .. wants.json_field) .. "\" with an image in it, and is no chat."
        return problems_refuse(reading, problems_NO_IMAGE, message)
    end
    plan(search, at)
end
____exports.find = find
return ____exports
