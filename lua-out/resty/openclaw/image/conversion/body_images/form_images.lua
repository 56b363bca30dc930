local ____exports = {}
local ipairs = ipairs
local string_sub = string.sub
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_boundary_of = multipart.boundary_of
local multipart_feed = multipart.feed
local multipart_finish = multipart.finish
local multipart_new = multipart.new
local form_ranges = require("resty.openclaw.image.conversion.body_images.form_ranges")
local form_ranges_read = form_ranges.read
local image_text = require("resty.openclaw.image.conversion.body_images.image_text")
local image_text_is_data_url = image_text.is_data_url
local image_text_read = image_text.read
local names = require("resty.openclaw.image.conversion.body_images.names")
local names_is_own_member = names.is_own_member
local other_fields = require("resty.openclaw.image.conversion.body_images.other_fields")
local other_fields_add_part = other_fields.add_part
local other_fields_finish = other_fields.finish
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_BROKEN_FORM = problems.BROKEN_FORM
local problems_NO_IMAGE = problems.NO_IMAGE
local problems_TOO_MANY_IMAGES = problems.TOO_MANY_IMAGES
local problems_UNSENDABLE_FIELD = problems.UNSENDABLE_FIELD
local problems_UNSUPPORTED_MEDIA_TYPE = problems.UNSUPPORTED_MEDIA_TYPE
local problems_refuse = problems.refuse
local readings = require("resty.openclaw.image.conversion.body_images.readings")
local readings_accept = readings.accept
local readings_add = readings.add
local SENTENCES = {
    malformed = "The form is not well-formed.",
    preamble = "The form has something before its first part.",
    epilogue = "The form has something after its last part.",
    part_header_too_long = "A part of the form has a header that is too long.",
    part_header_malformed = "A part of the form has a header that readers understand differently.",
    too_many_parts = "The form has too many parts."
}
local NO_BOUNDARY = "The form's Content-Type has no boundary, or one that readers understand differently."
--- The parts' ranges are read later.
local function pass_over()
    return
end
--- Checks the form strictly, and returns its boundary.
local function check(reading)
    local boundary = multipart_boundary_of(reading.content_type or "")
    if boundary == nil then
        problems_refuse(reading, problems_BROKEN_FORM, NO_BOUNDARY)
        return ""
    end
    local form = multipart_new(boundary, pass_over, nil)
    multipart_feed(form, reading.memory, reading.count)
    local refusal = multipart_finish(form)
    if refusal ~= nil then
        problems_refuse(reading, problems_BROKEN_FORM, SENTENCES[refusal])
    end
    return boundary
end
local function is_file(part)
    return part.file_name ~= nil or string_sub(part.type or "", 1, 6) == "image/"
end
--- An empty file of an empty name: what browsers send of a file that nobody chose.
local function is_unchosen(part)
    return part.file_name == "" and part.count == 0
end
--- The name of the field that has the image.
local function field_of(reading, parts)
    if reading.wants.form_field ~= nil then
        return reading.wants.form_field
    end
    for ____, part in ipairs(parts) do
        if is_file(part) and not is_unchosen(part) then
            return part.name
        end
    end
    return nil
end
local function image_of(reading, part)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local ____part_1 = part
    local from = ____part_1.from
    local count = ____part_1.count
    if image_text_is_data_url(memory, from, from + count, false) then
        return image_text_read(
            reading,
            from,
            from + count,
            false,
            true
        )
    end
    return {from = from, count = count, encoding = "bytes", is_in_json = false}
end
--- What stands beside the image, where the new body is no form.
local function add_others(reading, parts)
    local ____reading_wants_2 = reading.wants
    local send = ____reading_wants_2.send
    if #reading.images > 1 then
        local message = "The form has more than one image, and the new body has room for one."
        return problems_refuse(reading, problems_TOO_MANY_IMAGES, message)
    end
    for ____, part in ipairs(parts) do
        if part.image == 0 and is_file(part) and not is_unchosen(part) then
            local message = "The form has another file beside the image, for which the new body has no place."
            problems_refuse(reading, problems_UNSENDABLE_FIELD, message)
        elseif part.image == 0 and not is_file(part) then
            if send == "raw" or not names_is_own_member(part.name) then
                other_fields_add_part(reading, part)
            end
        end
    end
    other_fields_finish(reading)
end
--- A sentence for who has sent a form without an image.
local function what_is_missing(____bindingPattern0)
    local wants
    wants = ____bindingPattern0.wants
    local field = wants.form_field
    if field == nil then
        return "The form has no file, and no part whose Content-Type is that of an image."
    end
    return ("The form has no image in a field with the name \"" .. field) .. "\"."
end
--- Finds the images in a form, and what the new body has beside them. Phases: any.
local function find(reading)
    if media_type_of(reading.content_type or "") ~= "multipart/form-data" then
        local message = "The body is a multipart body, but no form."
        return problems_refuse(reading, problems_UNSUPPORTED_MEDIA_TYPE, message)
    end
    readings_accept(reading, "multipart")
    local boundary = reading.problem == nil and check(reading) or ""
    if reading.problem ~= nil then
        return
    end
    local parts = form_ranges_read(reading.memory, reading.count, boundary)
    local field = field_of(reading, parts)
    for ____, part in ipairs(parts) do
        if part.name == field and part.count > 0 and reading.problem == nil then
            part.image = readings_add(
                reading,
                image_of(reading, part)
            )
        end
    end
    if #reading.images == 0 then
        return problems_refuse(
            reading,
            problems_NO_IMAGE,
            what_is_missing(reading)
        )
    end
    if reading.wants.send == "multipart" then
        reading.parts = parts
    else
        add_others(reading, parts)
    end
end
____exports.find = find
return ____exports
