local ____exports = {}
local UNSUPPORTED_MEDIA_TYPE = {code = "unsupported_media_type", status = 415}
____exports.UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE
local INVALID_JSON = {code = "invalid_json", status = 400}
____exports.INVALID_JSON = INVALID_JSON
local JSON_TOO_DEEP = {code = "json_too_deep", status = 422}
____exports.JSON_TOO_DEEP = JSON_TOO_DEEP
local JSON_TOO_MANY_MEMBERS = {code = "json_too_many_members", status = 422}
____exports.JSON_TOO_MANY_MEMBERS = JSON_TOO_MANY_MEMBERS
local JSON_DUPLICATE_NAME = {code = "json_duplicate_name", status = 422}
____exports.JSON_DUPLICATE_NAME = JSON_DUPLICATE_NAME
local BROKEN_FORM = {code = "broken_form", status = 422}
____exports.BROKEN_FORM = BROKEN_FORM
local NO_IMAGE = {code = "no_image", status = 422}
____exports.NO_IMAGE = NO_IMAGE
local TOO_MANY_IMAGES = {code = "too_many_images", status = 422}
____exports.TOO_MANY_IMAGES = TOO_MANY_IMAGES
local BROKEN_IMAGE = {code = "broken_image", status = 422}
____exports.BROKEN_IMAGE = BROKEN_IMAGE
local UNSUPPORTED_IMAGE_URL = {code = "unsupported_image_url", status = 422}
____exports.UNSUPPORTED_IMAGE_URL = UNSUPPORTED_IMAGE_URL
--- A field that cannot be said in the new form.
local UNSENDABLE_FIELD = {code = "unsendable_field", status = 422}
____exports.UNSENDABLE_FIELD = UNSENDABLE_FIELD
local FIELDS_TOO_LARGE = {code = "fields_too_large", status = 413}
____exports.FIELDS_TOO_LARGE = FIELDS_TOO_LARGE
local NO_MEMORY = {code = "no_memory", status = 503}
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
