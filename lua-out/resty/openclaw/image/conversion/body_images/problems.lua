local ____exports = {}
local UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
____exports.UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE
local INVALID_JSON = "invalid_json"
____exports.INVALID_JSON = INVALID_JSON
local JSON_TOO_DEEP = "json_too_deep"
____exports.JSON_TOO_DEEP = JSON_TOO_DEEP
local JSON_TOO_MANY_MEMBERS = "json_too_many_members"
____exports.JSON_TOO_MANY_MEMBERS = JSON_TOO_MANY_MEMBERS
local JSON_DUPLICATE_NAME = "json_duplicate_name"
____exports.JSON_DUPLICATE_NAME = JSON_DUPLICATE_NAME
local BROKEN_FORM = "broken_form"
____exports.BROKEN_FORM = BROKEN_FORM
local NO_IMAGE = "no_image"
____exports.NO_IMAGE = NO_IMAGE
local TOO_MANY_IMAGES = "too_many_images"
____exports.TOO_MANY_IMAGES = TOO_MANY_IMAGES
local BROKEN_IMAGE = "broken_image"
____exports.BROKEN_IMAGE = BROKEN_IMAGE
local UNSUPPORTED_IMAGE_URL = "unsupported_image_url"
____exports.UNSUPPORTED_IMAGE_URL = UNSUPPORTED_IMAGE_URL
--- A field that cannot be said in the new form.
local UNSENDABLE_FIELD = "unsendable_field"
____exports.UNSENDABLE_FIELD = UNSENDABLE_FIELD
local FIELDS_TOO_LARGE = "fields_too_large"
____exports.FIELDS_TOO_LARGE = FIELDS_TOO_LARGE
local NO_MEMORY = "no_memory"
____exports.NO_MEMORY = NO_MEMORY
--- Keeps the first thing that is wrong. Phases: any.
local function refuse(reading, problem, message)
    if reading.problem ~= nil then
        return
    end
    reading.problem = problem
    reading.message = message
end
____exports.refuse = refuse
return ____exports
