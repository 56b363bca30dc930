local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
local table_concat = table.concat
local ffi = require("ffi")
local ffi_string = ffi.string
local windows = require("resty.openclaw.core.http.multipart.window")
local windows_find = windows.find
local names = require("resty.openclaw.image.conversion.body_images.names")
local names_file_name_of = names.file_name_of
local outputs = require("resty.openclaw.image.conversion.body_images.output")
local outputs_put = outputs.put
local outputs_put_memory = outputs.put_memory
--- Those that are said anew of a converted image. All other lines of its header are kept.
local IMAGE_FIELDS = {}
for ____, name in ipairs({"content-disposition", "content-type", "content-length", "content-transfer-encoding"}) do
    IMAGE_FIELDS[name] = true
end
--- The lines of a part's header that are not about the image, each with a line end before it.
local function other_lines(block)
    local lines = {}
    local at = 1
    while at <= #block do
        local found = string_find(block, "\r\n", at, true)
        local ____end = found or #block + 1
        local line = string_sub(block, at, ____end - 1)
        local colon = string_find(line, ":", 1, true)
        if not (IMAGE_FIELDS[string_lower(string_sub(line, 1, (colon or 1) - 1))] ~= nil) then
            lines[#lines + 1] = "\r\n" .. line
        end
        at = ____end + 2
    end
    return (table_concat(lines))
end
--- A part with an image; its name has no quotes, backslashes or line ends.
local function put_image(output, delimiter, name, file_name, others, picture)
    local its_name = names_file_name_of(file_name, picture.content_type)
    outputs_put(output, (((((delimiter .. "\r\nContent-Disposition: form-data; name=\"") .. name) .. "\"; filename=\"") .. its_name) .. "\"\r\n") .. (("Content-Type: " .. picture.content_type) .. others) .. "\r\n\r\n")
    outputs_put_memory(
        output,
        "bytes",
        picture.memory,
        0,
        picture.bytes
    )
    outputs_put(output, "\r\n")
end
--- The old form with other images, and with that boundary. Phases: any.
local function edited(output, reading, parts, pictures, boundary)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local delimiter = "--" .. boundary
    for ____, part in ipairs(parts) do
        if part.image > 0 then
            local block = ffi_string(memory + part.header_from, part.header_count)
            local picture = pictures[part.image]
            put_image(
                output,
                delimiter,
                part.name,
                part.file_name,
                other_lines(block),
                picture
            )
        else
            outputs_put(output, delimiter .. "\r\n")
            outputs_put_memory(
                output,
                "bytes",
                memory,
                part.header_from,
                part.from + part.count - part.header_from
            )
            outputs_put(output, "\r\n")
        end
    end
    outputs_put(output, delimiter .. "--\r\n")
end
____exports.edited = edited
--- A new form: the other fields, and the image after them, as some readers want all fields before the first file. Phases: any.
local function form(output, reading, picture, boundary)
    local ____reading_1 = reading
    local memory = ____reading_1.memory
    local fields = ____reading_1.fields
    local wants = ____reading_1.wants
    local delimiter = "--" .. boundary
    for ____, field in ipairs(fields) do
        outputs_put(output, ((delimiter .. "\r\nContent-Disposition: form-data; name=\"") .. field.name) .. "\"\r\n\r\n")
        local kind = field.kind == "string" and "unescaped" or "bytes"
        outputs_put_memory(
            output,
            kind,
            memory,
            field.from,
            field.count
        )
        outputs_put(output, "\r\n")
    end
    put_image(
        output,
        delimiter,
        wants.form_field or wants.json_field,
        nil,
        "",
        picture
    )
    outputs_put(output, delimiter .. "--\r\n")
end
____exports.form = form
--- How often a form that was written has its delimiter: once before each part, and once at its end, if no part has it, too. Phases: any.
local function delimiters_in(memory, bytes, boundary, most)
    local delimiter = "--" .. boundary
    local at = 0
    local count = 0
    while count <= most do
        local found = windows_find(memory + at, bytes - at, delimiter)
        if found < 0 then
            return count
        end
        count = count + 1
        at = at + (found + #delimiter)
    end
    return count
end
____exports.delimiters_in = delimiters_in
return ____exports
