local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_byte = string.byte
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local string_lower = string.lower
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_string = ffi.string
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_charset_of = multipart.charset_of
local parameters = require("resty.openclaw.core.http.multipart.parameters")
local parameters_read = parameters.read
local json_ranges = require("resty.openclaw.image.conversion.body_images.json_ranges")
local json_ranges_is_string = json_ranges.is_string
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_is_utf8 = json_text.is_utf8
local json_text_unescape = json_text.unescape
local json_text_unescaped = json_text.unescaped
local names = require("resty.openclaw.image.conversion.body_images.names")
local names_is_form_name = names.is_form_name
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_FIELDS_TOO_LARGE = problems.FIELDS_TOO_LARGE
local problems_UNSENDABLE_FIELD = problems.UNSENDABLE_FIELD
local problems_refuse = problems.refuse
--- Readers of forms have such a limit, this project's own one too; one part is the image.
local MOST_FIELDS = 999
local MOST_QUERY_BYTES = 4096
--- A character of one byte as an escape of JSON.
local ESCAPE_BYTES = 6
local function refuse(reading, message)
    problems_refuse(reading, problems_UNSENDABLE_FIELD, message)
end
local function add(reading, name, kind, from, count)
    local ____reading_0 = reading
    local fields = ____reading_0.fields
    if #fields >= MOST_FIELDS then
        problems_refuse(
            reading,
            problems_FIELDS_TOO_LARGE,
            ("The body has more than " .. tostring(MOST_FIELDS)) .. " other fields."
        )
    else
        fields[#fields + 1] = {name = name, kind = kind, from = from, count = count}
    end
end
--- Adds a member of JSON; its name is nothing if it is too long, or no text. Phases: any.
local function add_member(reading, name, member)
    local ____member_1 = member
    local memory = ____member_1.memory
    local from = ____member_1.from
    local ____end = ____member_1["end"]
    if name == nil then
        return refuse(reading, "A member's name is too long or no valid text.")
    end
    local is_string = json_ranges_is_string(memory, from)
    if not is_string then
        return add(
            reading,
            name,
            "json",
            from,
            ____end - from
        )
    end
    if json_text_unescape(memory, from + 1, ____end - from - 2, nil) < 0 then
        return refuse(reading, "A text in the JSON has half a surrogate pair.")
    end
    add(
        reading,
        name,
        "string",
        from + 1,
        ____end - from - 2
    )
end
____exports.add_member = add_member
--- Whether a part, or the form, says that its text is in another character set than UTF-8.
local function is_foreign(reading, part)
    local its_type = part.type or ""
    local semicolon = string_find(its_type, ";", 1, true)
    local found = parameters_read(its_type, semicolon or #its_type + 1)
    if found == nil then
        return true
    end
    local own = found.charset
    local charset = string_lower(own or multipart_charset_of(reading.content_type or "") or "utf-8")
    return charset ~= "utf-8" and charset ~= "us-ascii"
end
--- Adds a part of a form that is no file. Phases: any.
local function add_part(reading, part)
    local ____reading_2 = reading
    local memory = ____reading_2.memory
    local wants = ____reading_2.wants
    local ____part_3 = part
    local name = ____part_3.name
    local from = ____part_3.from
    local count = ____part_3.count
    if wants.send == "json" then
        local bytes = ffi_cast("const uint8_t *", name)
        local is_text = json_text_is_utf8(bytes, 0, #name) and json_text_is_utf8(memory, from, count)
        if not is_text or is_foreign(reading, part) then
            return refuse(reading, "A field of the form is not in UTF-8.")
        end
    end
    add(
        reading,
        name,
        "bytes",
        from,
        count
    )
end
____exports.add_part = add_part
--- Whether the new JSON has each name once, and does not have the image's twice.
local function check_json(reading)
    local ____reading_4 = reading
    local fields = ____reading_4.fields
    local wants = ____reading_4.wants
    local seen = {}
    seen[wants.json_field] = true
    for ____, ____value in ipairs(fields) do
        local name = ____value.name
        if seen[name] ~= nil then
            return refuse(reading, "The form has fields of the same name, which JSON cannot have.")
        end
        seen[name] = true
    end
end
local function check_form(reading)
    local ____reading_5 = reading
    local fields = ____reading_5.fields
    local wants = ____reading_5.wants
    local image = wants.form_field or wants.json_field
    for ____, ____value in ipairs(fields) do
        local name = ____value.name
        if name == image then
            return refuse(reading, "A member of the JSON has the name of the image's field in the form.")
        end
        if not names_is_form_name(name) then
            return refuse(reading, "A member's name cannot be that of a field in a form.")
        end
    end
end
local function percent_encode(byte)
    return (string_format(
        "%%%02X",
        string_byte(byte)
    ))
end
local function encoded(text)
    local made = string_gsub(text, "[^A-Za-z0-9._~-]", percent_encode)
    return made
end
--- The value of a short field, as a text.
local function text_of(memory, field)
    local ____field_6 = field
    local kind = ____field_6.kind
    local from = ____field_6.from
    local count = ____field_6.count
    if kind == "string" then
        return json_text_unescaped(memory, from, count)
    end
    return (ffi_string(memory + from, count))
end
--- The fields as pairs of a query; a problem where they are too long.
local function to_query(reading)
    local ____reading_7 = reading
    local fields = ____reading_7.fields
    local memory = ____reading_7.memory
    local pairs_of_query = {}
    local bytes = 0
    for ____, field in ipairs(fields) do
        local most = field.kind == "string" and MOST_QUERY_BYTES * ESCAPE_BYTES or MOST_QUERY_BYTES
        local pair = field.count <= most and (encoded(field.name) .. "=") .. encoded(text_of(memory, field)) or nil
        bytes = bytes + (#(pair or "") + 1)
        if pair == nil or bytes > MOST_QUERY_BYTES + 1 then
            local message = ("The fields beside the image take more than " .. tostring(MOST_QUERY_BYTES)) .. " bytes."
            return problems_refuse(reading, problems_FIELDS_TOO_LARGE, message)
        end
        pairs_of_query[#pairs_of_query + 1] = pair
    end
    if #pairs_of_query > 0 then
        reading.query = table_concat(pairs_of_query, "&")
    end
end
--- All fields are there: whether the new body can have them. Phases: any.
local function finish(reading)
    if reading.problem ~= nil then
        return
    end
    if reading.wants.send == "raw" then
        return to_query(reading)
    end
    if reading.wants.send == "json" then
        return check_json(reading)
    end
    check_form(reading)
end
____exports.finish = finish
return ____exports
