local ____exports = {}
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local body_key = require("resty.openclaw.core.request.body_key")
local body_key_of = body_key.of
local canonical = require("resty.openclaw.core.text.json.canonical")
local canonical_settings = canonical.settings
local FORM_DATA = "multipart/form-data"
--- Bodies of that form. `ignored`: members of JSON that make no difference. Raises if OpenSSL has no SHA-256. Phases: init.
local function create(form, ignored, most_json_bytes)
    return {
        form = form,
        digest = digests_new("sha256"),
        json = canonical_settings(most_json_bytes, ignored)
    }
end
____exports.new = create
--- "application/json" of "Application/JSON; charset=utf-8".
local function media_type(content_type)
    local name = string_match(content_type, "^[ \t]*([^; \t]*)")
    return (string_lower(name))
end
local function is_json(its_type)
    return its_type == "application/json" or string_sub(its_type, -5) == "+json"
end
--- What a body of that type is read as.
local function kind_of(form, its_type)
    return form == "multipart" and its_type ~= FORM_DATA and "raw" or form
end
--- The part of the Content-Type that belongs to the key: forms have boundaries that their clients make up, and parameters have no meaning
-- for JSON (RFC 8259, section 11). Phases: any.
local function type_of(____bindingPattern0, content_type)
    local form
    form = ____bindingPattern0.form
    if content_type == nil or form == "raw" then
        return content_type
    end
    local its_type = media_type(content_type)
    local ____temp_0
    if form == "json" then
        ____temp_0 = is_json(its_type)
    else
        ____temp_0 = its_type == FORM_DATA
    end
    local is_plain = ____temp_0
    return is_plain and its_type or content_type
end
____exports.type_of = type_of
--- The key of a body; what is no JSON is taken as bytes. Phases: access; yields.
local function key_of(of, body, content_type)
    local kind = kind_of(
        of.form,
        media_type(content_type or "")
    )
    local outcome, detail = body_key_of(
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
    return outcome, detail
end
____exports.key_of = key_of
return ____exports
