local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local media_types = require("resty.openclaw.core.http.media_type")
local media_types_is_json = media_types.is_json
local media_types_of = media_types.of
local multipart = require("resty.openclaw.core.http.multipart")
local multipart_charset_of = multipart.charset_of
local body_key = require("resty.openclaw.core.request.body_key")
local body_key_of = body_key.of
local canonical = require("resty.openclaw.core.text.json.canonical")
local canonical_settings = canonical.settings
local texts = require("resty.openclaw.core.text.text")
local texts_trim = texts.trim
--- The member of JSON that says which model is to answer.
local MODEL = "model"
local JSON_TYPE = "application/json"
local FORM_DATA = "multipart/form-data"
--- How keys of bytes begin.
local RAW = "raw-"
--- Bodies of that form. `ignored`: members of JSON that make no difference. Raises if OpenSSL has no SHA-256. Phases: init.
local function create(form, ignored, most_json_bytes)
    local model = MODEL
    for ____, name in ipairs(ignored) do
        if name == MODEL then
            model = nil
        end
    end
    local json = canonical_settings(most_json_bytes, ignored, model)
    return {
        form = form,
        digest = digests_new("sha256"),
        json = json,
        last = "",
        last_type = ""
    }
end
____exports.new = create
--- What a body of that type is read as. Bytes, where the type is another one than the form's: to its reader the order of members may matter.
-- So are encoded bodies, which are not what they seem to be.
local function kind_of(form, its_type, encoding)
    if encoding ~= nil and encoding ~= "" then
        return "raw"
    end
    if form == "json" and not media_types_is_json(its_type) then
        return "raw"
    end
    return form == "multipart" and its_type ~= FORM_DATA and "raw" or form
end
--- JSON is in UTF-8 (RFC 8259, section 8.1), so this says nothing new. Of other parameters some readers make something.
local function is_without_meaning(rest)
    if rest == "" then
        return true
    end
    local found = string_find(
        string_lower(rest),
        "^[ \t]*;[ \t]*charset=\"?utf%-8\"?$"
    )
    return found ~= nil
end
--- The part of the Content-Type that belongs to a key of `key_of`: forms have boundaries that their clients make up, and `charset=utf-8` has
-- no meaning for JSON. All of it where the body is taken as bytes. Phases: any.
local function type_of(key, content_type)
    if content_type == nil or string_sub(key, 1, #RAW) == RAW then
        return content_type
    end
    if content_type == JSON_TYPE then
        return JSON_TYPE
    end
    local its_type = media_types_of(texts_trim(content_type))
    if its_type == FORM_DATA then
        local charset = multipart_charset_of(content_type)
        return charset == nil and its_type or (its_type .. "; charset=") .. charset
    end
    local rest = string_match(content_type, "^[ \t]*[^; \t]*(.*)$")
    return is_without_meaning(rest) and its_type or content_type
end
____exports.type_of = type_of
--- The media type in a Content-Type.
local function media_type(of, content_type)
    if content_type ~= of.last then
        of.last = content_type
        of.last_type = media_types_of(texts_trim(content_type))
    end
    return of.last_type
end
--- The key of a body with that Content-Type and Content-Encoding; what is no JSON is taken as bytes. After the key the model that JSON names,
-- if it is known. Phases: access; yields.
local function key_of(of, body, content_type, encoding)
    local kind = of.form == "raw" and "raw" or kind_of(
        of.form,
        media_type(of, content_type or ""),
        encoding
    )
    local outcome, detail, model = body_key_of(
        body,
        kind,
        of.digest,
        of.json,
        content_type
    )
    if outcome == "not_json" then
        return body_key_of(
            body,
            "raw",
            of.digest,
            of.json,
            content_type
        )
    end
    return outcome, detail, model
end
____exports.key_of = key_of
return ____exports
