local ____exports = {}
local ipairs = ipairs
local math_min = math.min
local string_lower = string.lower
local string_sub = string.sub
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
local IMAGE_TYPE = "image/"
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
--- An image in base64 without a URL around it. Returns its number.
local function add_letters(search, ____bindingPattern0)
    local ____end
    local from
    from = ____bindingPattern0.from
    ____end = ____bindingPattern0["end"]
    local ____search_1 = search
    local reading = ____search_1.reading
    local edits = ____search_1.edits
    local image = readings_add(
        reading,
        image_text_read(
            reading,
            from + 1,
            ____end - 1,
            true,
            false
        )
    )
    edits[#edits + 1] = {
        from = from,
        ["end"] = ____end,
        image = image,
        as = "base64",
        missing = {}
    }
    return image
end
local function is_image_type(memory, ____bindingPattern0)
    local ____end
    local from
    from = ____bindingPattern0.from
    ____end = ____bindingPattern0["end"]
    local text = json_text_unescaped(
        memory,
        from + 1,
        math_min(____end - from - 2, MOST_NAME_BYTES)
    ) or ""
    return string_sub(
        string_lower(text),
        1,
        #IMAGE_TYPE
    ) == IMAGE_TYPE
end
--- A part with a `source` of base64, if that is an image: documents have one, too.
local function read_source(search, part)
    local ____part_2 = part
    local memory = ____part_2.memory
    local source = member_at(memory, part.from, part["end"], "source")
    if source == nil then
        return
    end
    local ____type = member_at(memory, source.from, source["end"], "media_type")
    local data = member_at(memory, source.from, source["end"], "data")
    if ____type == nil or not json_ranges_is_string(memory, ____type.from) or not is_image_type(memory, ____type) then
        return
    end
    if data == nil or not json_ranges_is_string(memory, data.from) then
        return
    end
    local image = add_letters(search, data)
    local ____search_edits_3 = search.edits
    ____search_edits_3[#____search_edits_3 + 1] = {
        from = ____type.from,
        ["end"] = ____type["end"],
        image = image,
        as = "content_type",
        missing = {}
    }
end
--- A list of images in base64.
local function read_images(search, list)
    local ____list_4 = list
    local memory = ____list_4.memory
    if not json_ranges_is_array(memory, list.from) then
        return
    end
    search.is_chat = true
    local entry = json_ranges_enter(memory, list.from, list["end"])
    while search.reading.problem == nil and json_ranges_next_entry(entry) do
        if json_ranges_is_string(memory, entry.from) then
            add_letters(search, entry)
        end
    end
end
--- A part of a message: `image_url` is a URL, or an object with one.
local function read_part(search, part)
    local ____part_5 = part
    local memory = ____part_5.memory
    read_source(search, part)
    local member = member_at(memory, part.from, part["end"], "image_url")
    if member == nil then
        return
    end
    local ____json_ranges_is_object_result_6
    if json_ranges_is_object(memory, member.from) then
        ____json_ranges_is_object_result_6 = member_at(memory, member.from, member["end"], "url")
    else
        ____json_ranges_is_object_result_6 = member
    end
    local url = ____json_ranges_is_object_result_6
    if url ~= nil and json_ranges_is_string(memory, url.from) then
        add_url(search, url.from, url["end"])
    end
end
local function read_messages(search, messages)
    local ____messages_7 = messages
    local memory = ____messages_7.memory
    if not json_ranges_is_array(memory, messages.from) then
        return
    end
    search.is_chat = true
    local message = json_ranges_enter(memory, messages.from, messages["end"])
    while search.reading.problem == nil and json_ranges_next_entry(message) do
        local images = member_at(memory, message.from, message["end"], "images")
        if images ~= nil then
            read_images(search, images)
        end
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
    local ____search_8 = search
    local reading = ____search_8.reading
    local ____member_9 = member
    local from = ____member_9.from
    local ____end = ____member_9["end"]
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
    local ____search_10 = search
    local reading = ____search_10.reading
    local ____reading_11 = reading
    local memory = ____reading_11.memory
    local count = ____reading_11.count
    local wants = ____reading_11.wants
    local cursor = json_ranges_enter(memory, at, count)
    while reading.problem == nil and json_ranges_next_member(cursor) do
        local name = name_at(cursor)
        if name == "messages" or name == "input" then
            read_messages(search, cursor)
        end
        if name == "input" and json_ranges_is_string(memory, cursor.from) then
            search.is_chat = true
        end
        if name == "images" then
            read_images(search, cursor)
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
    local ____search_12 = search
    local from = ____search_12.from
    local ____end = ____search_12["end"]
    local image = ____search_12.image
    local edits = ____search_12.edits
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
    local ____search_13 = search
    local reading = ____search_13.reading
    local edits = ____search_13.edits
    local ____reading_14 = reading
    local memory = ____reading_14.memory
    local count = ____reading_14.count
    local wants = ____reading_14.wants
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
    local ____reading_15 = reading
    local wants = ____reading_15.wants
    local memory = ____reading_15.memory
    local count = ____reading_15.count
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
