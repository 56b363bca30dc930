local ____exports = {}
local ipairs = ipairs
local string_format = string.format
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_quoted = json_text.quoted
local ____names = require("resty.openclaw.image.conversion.body_images.names")
local names_OWN_MEMBERS = ____names.OWN_MEMBERS
local OWN_MEMBERS = names_OWN_MEMBERS
local outputs = require("resty.openclaw.image.conversion.body_images.output")
local outputs_put = outputs.put
local outputs_put_memory = outputs.put_memory
local function put_base64(output, prefix, picture)
    outputs_put(output, "\"" .. prefix)
    outputs_put_memory(
        output,
        "base64",
        picture.memory,
        0,
        picture.bytes
    )
    outputs_put(output, "\"")
end
--- What a member beside the image says of it.
local function value_of(name, picture)
    if name == "content_type" then
        return json_text_quoted(picture.content_type)
    end
    return (string_format("%d", name == "width" and picture.width or picture.height))
end
local function put_beside(output, members, picture)
    for ____, name in ipairs(members) do
        outputs_put(
            output,
            ((",\"" .. name) .. "\":") .. value_of(name, picture)
        )
    end
end
local function put_edit(output, edit, picture)
    if edit.as == "data_url" then
        put_base64(output, ("data:" .. picture.content_type) .. ";base64,", picture)
    elseif edit.as == "base64" then
        put_base64(output, "", picture)
    else
        outputs_put(
            output,
            value_of(edit.as, picture)
        )
    end
    put_beside(output, edit.missing, picture)
end
--- The old JSON with its edits; all else is copied byte for byte. Phases: any.
local function edited(output, reading, edits, pictures)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local count = ____reading_0.count
    local at = 0
    for ____, edit in ipairs(edits) do
        outputs_put_memory(
            output,
            "bytes",
            memory,
            at,
            edit.from - at
        )
        put_edit(output, edit, pictures[edit.image])
        at = edit["end"]
    end
    outputs_put_memory(
        output,
        "bytes",
        memory,
        at,
        count - at
    )
end
____exports.edited = edited
--- A new object: the image, what it is, and the other fields, which are texts. Phases: any.
local function object(output, reading, picture)
    outputs_put(
        output,
        ("{" .. json_text_quoted(reading.wants.json_field)) .. ":"
    )
    put_base64(output, "", picture)
    put_beside(output, OWN_MEMBERS, picture)
    for ____, field in ipairs(reading.fields) do
        outputs_put(
            output,
            ("," .. json_text_quoted(field.name)) .. ":\""
        )
        outputs_put_memory(
            output,
            "escaped",
            reading.memory,
            field.from,
            field.count
        )
        outputs_put(output, "\"")
    end
    outputs_put(output, "}")
end
____exports.object = object
return ____exports
