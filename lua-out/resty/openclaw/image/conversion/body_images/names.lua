local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
--- What stands beside the image in JSON that goes out. A client's own members of these names are replaced.
local OWN_MEMBERS = {"content_type", "width", "height"}
____exports.OWN_MEMBERS = OWN_MEMBERS
local MOST_FIELD_NAME_BYTES = 1024
local MOST_FILE_NAME_BYTES = 200
--- By media type, where it is not the type's second half. The first one is written, all are right.
local EXTENSIONS = {["image/jpeg"] = {"jpg", "jpeg", "jpe", "jfif"}, ["image/tiff"] = {"tif", "tiff"}, ["image/heif"] = {"heif", "heic"}}
local FILE_STEM = "image"
--- Whether the new body's JSON has a member of that name of its own. Phases: any.
local function is_own_member(name)
    for ____, own in ipairs(OWN_MEMBERS) do
        if name == own then
            return true
        end
    end
    return false
end
____exports.is_own_member = is_own_member
--- Whether a field may have that name in a form: it stands in a header, in quotes, and all readers understand it alike. So it has no quote,
-- no backslash, no line end and no other control character. Phases: any.
local function is_form_name(name)
    local odd = string_find(name, "[%c\"\\]")
    return odd == nil and #name <= MOST_FIELD_NAME_BYTES
end
____exports.is_form_name = is_form_name
local function extensions_of(content_type)
    local rest = string_match(content_type, "^image/(%w+)$")
    return EXTENSIONS[content_type] or ({rest or "bin"})
end
--- The file's name without its extension, and that; nothing if it may mean more than a name.
local function split(file_name)
    local legal = string_find(file_name, "^[A-Za-z0-9_-ÿ][A-Za-z0-9 ._()+-ÿ-]*$")
    if legal == nil or #file_name > MOST_FILE_NAME_BYTES then
        return
    end
    if utf8_clean(file_name) ~= file_name then
        return
    end
    local stem, extension = string_match(file_name, "^(.*)%.([A-Za-z0-9]+)$")
    return stem or file_name, extension or ""
end
--- The name of a converted image's file: the client's if it is a plain one, with the extension of the new type. Phases: any.
local function file_name_of(file_name, content_type)
    local extensions = extensions_of(content_type)
    local stem, extension = split(file_name or "")
    if stem == nil then
        return (FILE_STEM .. ".") .. tostring(extensions[1])
    end
    for ____, right in ipairs(extensions) do
        if string_lower(extension) == right then
            return file_name
        end
    end
    return (stem .. ".") .. tostring(extensions[1])
end
____exports.file_name_of = file_name_of
return ____exports
