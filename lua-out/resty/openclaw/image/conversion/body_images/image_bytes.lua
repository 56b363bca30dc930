local ____exports = {}
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_find_byte = c_memory.find_byte
local c_memory_free = c_memory.free
local base64 = require("resty.openclaw.image.conversion.body_images.base64")
local base64_decode = base64.decode
local base64_most_bytes_of = base64.most_bytes_of
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_unescape = json_text.unescape
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_BROKEN_IMAGE = problems.BROKEN_IMAGE
local problems_NO_MEMORY = problems.NO_MEMORY
local problems_UNSUPPORTED_IMAGE_URL = problems.UNSUPPORTED_IMAGE_URL
local BACKSLASH = 92
local NO_MEMORY_FOR_IMAGE = "There is no memory for the image."
local NO_BASE64 = "The image is not valid base64."
local function decode(memory, count)
    local decoded = c_memory_allocate(base64_most_bytes_of(count))
    if decoded == nil then
        return nil, problems_NO_MEMORY, NO_MEMORY_FOR_IMAGE
    end
    local bytes = base64_decode(memory, count, decoded)
    if bytes > 0 then
        return decoded, bytes
    end
    c_memory_free(decoded)
    local message = bytes < 0 and NO_BASE64 or "The image is empty."
    return nil, problems_BROKEN_IMAGE, message
end
--- Base64 with escapes of JSON in it.
local function decode_escaped(memory, from, count)
    local letters = c_memory_allocate(count)
    if letters == nil then
        return nil, problems_NO_MEMORY, NO_MEMORY_FOR_IMAGE
    end
    local bytes = json_text_unescape(memory, from, count, letters)
    if bytes < 0 then
        return nil, problems_BROKEN_IMAGE, NO_BASE64
    end
    local decoded, its_bytes, message = decode(letters, bytes)
    c_memory_free(letters)
    if decoded == nil then
        return nil, its_bytes, message
    end
    return decoded, its_bytes
end
--- The bytes of an image that was found, and how many they are: to be given to `release`. Nil, what is wrong and a sentence if it is no
-- base64, is an address, or there is no memory. Phases: any. Never raises.
local function read(reading, found)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local ____found_1 = found
    local from = ____found_1.from
    local count = ____found_1.count
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
____exports.read = read
--- The bytes of `bytes_of` are not needed any more: gives their memory back at once. Phases: any.
local function release(found, memory)
    if found.encoding == "base64" then
        c_memory_free(memory)
    end
end
____exports.release = release
return ____exports
