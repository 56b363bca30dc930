--- Bodies with images for the specs of image/conversion/body_images. What is read stands right before memory that nobody may read,
--- so that a read past the end ends the process.
local ffi = require("ffi")
local body_images = require("resty.openclaw.image.conversion.body_images")
local c_memory = require("resty.openclaw.core.memory.c_memory")
local refusals = require("resty.openclaw.image.refusals")

ffi.cdef([[
    void *spec_bodies_map(void *address, size_t length, int protection, int flags, int fd, long offset) __asm__("mmap");
    int spec_bodies_protect(void *address, size_t length, int protection) __asm__("mprotect");
]])

local _M = {}

local ROOM = 4 * 1024 * 1024
local room = ffi.cast("uint8_t *", ffi.C.spec_bodies_map(nil, ROOM + 65536, 3, 0x22, -1, 0))
assert(ffi.C.spec_bodies_protect(room + ROOM, 65536, 0) == 0)

--- The bytes of a text, up to the forbidden memory. One at a time.
function _M.memory_of(text)
    assert(#text <= ROOM)
    local memory = room + (ROOM - #text)
    ffi.copy(memory, text, #text)
    return memory, #text
end

--- What a converted image looks like here; the bytes are any.
function _M.picture(bytes, content_type, width, height)
    return { memory = ffi.cast("const uint8_t *", bytes), bytes = #bytes, text = bytes, content_type = content_type or "image/jpeg",
        width = width or 640, height = height or 480 }
end

function _M.wants(changes)
    local wants = { inputs = { "raw", "multipart", "json", "data_url" }, json_field = "image", send = "raw", most_images = 1 }
    for name, value in pairs(changes or {}) do wants[name] = value end
    return wants
end

function _M.find(text, content_type, wants)
    local memory, count = _M.memory_of(text)
    return body_images.find(memory, count, content_type, wants)
end

--- The images' bytes or addresses, as they were found.
function _M.images(reading)
    local images = {}
    for index, found in ipairs(reading.images) do
        if found.address then
            images[index] = "at " .. found.address
        else
            local memory, count, message = body_images.bytes_of(reading, found)
            if not memory then return nil, count, message end
            images[index] = ffi.string(memory, count)
            body_images.release(found, memory)
        end
    end
    return images
end

--- The new body, its type and its query; nil and the problem's code.
function _M.write(reading, pictures)
    local written, problem = body_images.write(reading, pictures)
    if not written then return nil, problem end
    local text = ffi.string(written.memory, written.bytes)
    c_memory.free(written.memory)
    return text, written.content_type, written.query
end

--- Finds the images and writes the new body at once: { body, content_type, query, images }, or nil and the code, the status, the sentence.
function _M.convert(text, content_type, wants, ...)
    local reading, problem, message = _M.find(text, content_type, wants)
    if not reading then return nil, problem, refusals.status_of(problem), message end
    if #reading.images == 0 then return nil, "untouched", 200, "It goes on." end
    local images, its_problem, its_message = _M.images(reading)
    if not images then return nil, its_problem, refusals.status_of(its_problem), its_message end
    local body, its_type, query = _M.write(reading, { ... })
    if not body then return nil, its_type end
    return { body = body, content_type = its_type, query = query, images = images }
end

--- A form as clients write it: a list of { header lines, content }.
function _M.form(boundary, parts)
    local lines = {}
    for index, part in ipairs(parts) do lines[index] = "--" .. boundary .. "\r\n" .. part[1] .. "\r\n\r\n" .. part[2] .. "\r\n" end
    return table.concat(lines) .. "--" .. boundary .. "--\r\n"
end

function _M.field(name, value) return { ('Content-Disposition: form-data; name="%s"'):format(name), value } end

function _M.file(name, file_name, content_type, bytes)
    return { ('Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s'):format(name, file_name, content_type), bytes }
end

--- The parts of a form that was written: { name, file_name, type, content }.
function _M.parts(text, content_type)
    local multipart = require("resty.openclaw.core.http.multipart")
    local boundary = assert(multipart.boundary_of(content_type))
    local form = multipart.new(boundary, function() end)
    multipart.feed(form, ffi.cast("const uint8_t *", text), #text)
    local problem = multipart.finish(form)
    if problem then return nil, problem end
    local ranges = require("resty.openclaw.image.conversion.body_images.form_ranges")
    local parts = {}
    for index, part in ipairs(ranges.read(ffi.cast("const uint8_t *", text), #text, boundary)) do
        parts[index] = { part.name, part.file_name or false, part.type or false, text:sub(part.from + 1, part.from + part.count) }
    end
    return parts
end

return _M
