local ____exports = {}
local string_char = string.char
local string_find = string.find
local string_format = string.format
local string_sub = string.sub
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_is_json = media_type.is_json
local media_type_of = media_type.of
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_boundary_of = multipart.boundary_of
local base64 = require("resty.openclaw.image.conversion.body_images.base64")
local base64_decode = base64.decode
local base64_most_bytes_of = base64.most_bytes_of
local c_memory = require("resty.openclaw.image.conversion.body_images.c_memory")
local c_memory_find_byte = c_memory.find_byte
local c_memory_give_back = c_memory.give_back
local c_memory_take = c_memory.take
local form_images = require("resty.openclaw.image.conversion.body_images.form_images")
local form_images_find = form_images.find
local image_text = require("resty.openclaw.image.conversion.body_images.image_text")
local image_text_is_data_url = image_text.is_data_url
local image_text_read = image_text.read
local json_images = require("resty.openclaw.image.conversion.body_images.json_images")
local json_images_find = json_images.find
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_unescape = json_text.unescape
local outputs = require("resty.openclaw.image.conversion.body_images.output")
local outputs_finish = outputs.finish
local outputs_new = outputs.new
local outputs_put_memory = outputs.put_memory
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_BROKEN_IMAGE = problems.BROKEN_IMAGE
local problems_NO_IMAGE = problems.NO_IMAGE
local problems_NO_MEMORY = problems.NO_MEMORY
local problems_UNSENDABLE_FIELD = problems.UNSENDABLE_FIELD
local problems_UNSUPPORTED_IMAGE_URL = problems.UNSUPPORTED_IMAGE_URL
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
--- The first boundary that no part has in it is taken. Who has all of these in his body means no good.
local MOST_BOUNDARIES = 16
local BLANKS = " \t\r\n"
local BACKSLASH = 92
local NO_MEMORY_FOR_IMAGE = "There is no memory for the image."
local NO_BASE64 = "The image is not valid base64."
local function is_blank(byte)
    local found = string_find(
        BLANKS,
        string_char(byte),
        1,
        true
    )
    return found ~= nil
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
local function decode(memory, count)
    local decoded = c_memory_take(base64_most_bytes_of(count))
    if decoded == nil then
        return nil, problems_NO_MEMORY, NO_MEMORY_FOR_IMAGE
    end
    local bytes = base64_decode(memory, count, decoded)
    if bytes > 0 then
        return decoded, bytes
    end
    c_memory_give_back(decoded)
    local message = bytes < 0 and NO_BASE64 or "The image is empty."
    return nil, problems_BROKEN_IMAGE, message
end
--- Base64 with escapes of JSON in it.
local function decode_escaped(memory, from, count)
    local letters = c_memory_take(count)
    if letters == nil then
        return nil, problems_NO_MEMORY, NO_MEMORY_FOR_IMAGE
    end
    local bytes = json_text_unescape(memory, from, count, letters)
    if bytes < 0 then
        return nil, problems_BROKEN_IMAGE, NO_BASE64
    end
    local decoded, its_bytes, message = decode(letters, bytes)
    c_memory_give_back(letters)
    if decoded == nil then
        return nil, its_bytes, message
    end
    return decoded, its_bytes
end
--- The bytes of an image that was found, and how many they are: to be given to `release`. Nil, what is wrong and a sentence if it is no
-- base64, is an address, or there is no memory. Phases: any. Never raises.
local function bytes_of(reading, found)
    local ____reading_1 = reading
    local memory = ____reading_1.memory
    local ____found_2 = found
    local from = ____found_2.from
    local count = ____found_2.count
    if found.address ~= nil then
        return nil, problems_UNSUPPORTED_IMAGE_URL, "The image is elsewhere: the body has its address."
    end
    if found.encoding == "bytes" then
        return memory + from, count
    end
    local has_escapes = found.is_in_json and c_memory_find_byte(memory, from, from + count, BACKSLASH) < from + count
    if has_escapes then
        return decode_escaped(memory, from, count)
    end
    return decode(memory + from, count)
end
____exports.bytes_of = bytes_of
--- The bytes of `bytes_of` are not needed any more: gives their memory back at once. Phases: any.
local function release(found, memory)
    if found.encoding == "base64" then
        c_memory_give_back(memory)
    end
end
____exports.release = release
--- A new body is not needed any more: gives its memory back at once. Phases: any.
local function release_body(written)
    c_memory_give_back(written.memory)
end
____exports.release_body = release_body
local function finish(output, content_type, query)
    local memory, bytes = outputs_finish(output)
    if memory == nil then
        return nil, problems_NO_MEMORY, "There is no memory for the new body."
    end
    return {memory = memory, bytes = bytes, content_type = content_type, query = query}
end
--- One form with that boundary.
local function put_form(output, reading, pictures, boundary)
    local ____reading_3 = reading
    local parts = ____reading_3.parts
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
    local ____reading_4 = reading
    local parts = ____reading_4.parts
    local fields = ____reading_4.fields
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
        local ____written_5 = written
        local memory = ____written_5.memory
        local bytes = ____written_5.bytes
        if write_form_delimiters_in(memory, bytes, boundary, delimiters) == delimiters then
            return written
        end
        c_memory_give_back(memory)
    end
    return nil, problems_UNSENDABLE_FIELD, "The body has all boundaries that a form might have."
end
--- Writes the new body with a converted image for each one that was found, in their order. Nil, what is wrong and a sentence if there is no
-- memory, or the body is made to be the worst of all forms. The pictures' memory is not needed afterwards. Phases: any. Never raises.
local function write(reading, pictures)
    local ____reading_6 = reading
    local edits = ____reading_6.edits
    local parts = ____reading_6.parts
    local wants = ____reading_6.wants
    local query = ____reading_6.query
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
