local ____exports = {}
local string_format = string.format
local string_sub = string.sub
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_is_json = media_type.is_json
local media_type_of = media_type.of
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_boundary_of = multipart.boundary_of
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_free = c_memory.free
local form_images = require("resty.openclaw.image.conversion.body_images.form_images")
local form_images_find = form_images.find
local image_text = require("resty.openclaw.image.conversion.body_images.image_text")
local image_text_is_data_url = image_text.is_data_url
local image_text_read = image_text.read
local json_images = require("resty.openclaw.image.conversion.body_images.json_images")
local json_images_find = json_images.find
local outputs = require("resty.openclaw.image.conversion.body_images.output")
local outputs_finish = outputs.finish
local outputs_new = outputs.new
local outputs_put_memory = outputs.put_memory
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_NO_IMAGE = problems.NO_IMAGE
local problems_NO_MEMORY = problems.NO_MEMORY
local problems_UNSENDABLE_FIELD = problems.UNSENDABLE_FIELD
local problems_UNSUPPORTED_MEDIA_TYPE = problems.UNSUPPORTED_MEDIA_TYPE
local problems_refuse = problems.refuse
local readings = require("resty.openclaw.image.conversion.body_images.readings")
local readings_accept = readings.accept
local readings_add = readings.add
local readings_new = readings.new
local write_form = require("resty.openclaw.image.conversion.body_images.write_form")
local write_form_delimiters_in = write_form.delimiters_in
local write_form_edited = write_form.edited
local write_form_form = write_form.form
local write_json = require("resty.openclaw.image.conversion.body_images.write_json")
local write_json_edited = write_json.edited
local write_json_object = write_json.object
do
    local ____image_bytes = require("resty.openclaw.image.conversion.body_images.image_bytes")
    ____exports.bytes_of = ____image_bytes.read
    ____exports.release = ____image_bytes.release
end
do
    local ____rest = require("resty.openclaw.image.conversion.body_images.rest")
    ____exports.rest_of = ____rest.of
end
do
    local ____names = require("resty.openclaw.image.conversion.body_images.names")
    ____exports.is_form_name = ____names.is_form_name
    ____exports.OWN_MEMBERS = ____names.OWN_MEMBERS
end
--- The first boundary that no part has in it is taken. Who has all of these in his body means no good.
local MOST_BOUNDARIES = 16
--- With it JSON begins that has an image.
local BRACE = 123
local NO_JSON_TYPE = "The body looks like JSON: send it with the Content-Type application/json."
--- A space, or what lies between a tab and a carriage return.
local function is_blank(byte)
    return byte == 32 or byte >= 9 and byte <= 13
end
--- The whole body is an image, or the data URL of one.
local function find_whole(reading)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local count = ____reading_0.count
    local from = 0
    while from < count and is_blank(memory[from]) do
        from = from + 1
    end
    if image_text_is_data_url(memory, from, count, false) then
        readings_add(
            reading,
            image_text_read(
                reading,
                from,
                count,
                false,
                true
            )
        )
        return
    end
    if from < count and memory[from] == BRACE then
        return problems_refuse(reading, problems_UNSUPPORTED_MEDIA_TYPE, NO_JSON_TYPE)
    end
    readings_accept(reading, "raw")
    readings_add(reading, {from = 0, count = count, encoding = "bytes", is_in_json = false})
end
--- Finds the images in a body of so many bytes. Returns nil, what is wrong and a sentence for the client if the body is refused, or has no
-- image and is no chat. The memory must stay as it is until `write`. Phases: any. Never raises.
local function find(memory, count, content_type, wants)
    local reading = readings_new(memory, count, content_type, wants)
    local its_type = media_type_of(content_type or "")
    if count == 0 then
        problems_refuse(reading, problems_NO_IMAGE, "The body is empty.")
    elseif media_type_is_json(its_type) then
        json_images_find(reading)
    elseif string_sub(its_type, 1, 10) == "multipart/" then
        form_images_find(reading)
    else
        find_whole(reading)
    end
    local problem = reading.problem
    if problem ~= nil then
        return nil, problem, reading.message
    end
    return reading
end
____exports.find = find
local function finish(output, content_type, query)
    local memory, bytes = outputs_finish(output)
    if memory == nil then
        return nil, problems_NO_MEMORY, "There is no memory for the new body."
    end
    return {memory = memory, bytes = bytes, content_type = content_type, query = query}
end
--- One form with that boundary.
local function put_form(output, reading, pictures, boundary)
    local ____reading_1 = reading
    local parts = ____reading_1.parts
    if parts ~= nil then
        write_form_edited(
            output,
            reading,
            parts,
            pictures,
            boundary
        )
    else
        write_form_form(output, reading, pictures[1], boundary)
    end
end
--- A form with the client's boundary or, if that is in an image or a field, the first of our own that is not.
local function write_whole_form(reading, pictures)
    local ____reading_2 = reading
    local parts = ____reading_2.parts
    local fields = ____reading_2.fields
    local delimiters = parts ~= nil and #parts + 1 or #fields + 2
    for attempt = parts ~= nil and 0 or 1, MOST_BOUNDARIES do
        local own = string_format("openclaw-%08d", attempt)
        local boundary = attempt == 0 and multipart_boundary_of(reading.content_type) or own
        local content_type = attempt == 0 and reading.content_type or "multipart/form-data; boundary=" .. own
        local output = outputs_new()
        put_form(output, reading, pictures, boundary)
        local written, problem, message = finish(output, content_type)
        if written == nil then
            return nil, problem, message
        end
        local ____written_3 = written
        local memory = ____written_3.memory
        local bytes = ____written_3.bytes
        if write_form_delimiters_in(memory, bytes, boundary, delimiters) == delimiters then
            return written
        end
        c_memory_free(memory)
    end
    return nil, problems_UNSENDABLE_FIELD, "The body has all boundaries that a form might have."
end
--- Writes the new body with a converted image for each one that was found, in their order. Nil, what is wrong and a sentence if there is no
-- memory, or the body is made to be the worst of all forms. The pictures' memory is not needed afterwards. Phases: any. Never raises.
local function write(reading, pictures)
    local ____reading_4 = reading
    local edits = ____reading_4.edits
    local parts = ____reading_4.parts
    local wants = ____reading_4.wants
    local query = ____reading_4.query
    local output = outputs_new()
    if edits ~= nil then
        write_json_edited(output, reading, edits, pictures)
        return finish(output, reading.content_type)
    end
    if parts ~= nil or wants.send == "multipart" then
        return write_whole_form(reading, pictures)
    end
    local picture = pictures[1]
    if wants.send == "json" then
        write_json_object(output, reading, picture)
        return finish(output, "application/json")
    end
    outputs_put_memory(
        output,
        "bytes",
        picture.memory,
        0,
        picture.bytes
    )
    return finish(output, picture.content_type, query)
end
____exports.write = write
return ____exports
