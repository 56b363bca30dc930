local ____exports = {}
local error = error
local ipairs = ipairs
local type = type
local string_find = string.find
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local read_or_raise = ____schema.read_or_raise
local table_of = ____schema.table_of
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_TYPES = image_size.TYPES
local magic = require("resty.openclaw.core.media.magic")
local magic_JSON = magic.JSON
local magic_TYPES = magic.TYPES
local MIB = 1024 * 1024
local METHOD = kinds_of(
    "method",
    "the name of a method, such as \"POST\"",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local legal = string_find(given, "^[A-Z][A-Z_-]*$")
        return legal ~= nil
    end
)
local JSON_SCHEMA = {
    max_bytes = option(
        kinds_whole(1),
        MIB,
        "maximum length of a JSON body"
    ),
    max_depth = option(
        kinds_whole(1, 1000),
        32,
        "how many objects and arrays may be inside one another"
    ),
    max_members = option(
        kinds_whole(0),
        10000,
        "how many members all objects together may have"
    ),
    unique_names = option(kinds.flag, false, "rejects an object that has the same name twice; names are compared without their escapes")
}
local IMAGE_SCHEMA = {
    max_pixels = option(
        kinds_whole(1),
        40000000,
        "maximum of width × height"
    ),
    max_side = option(
        kinds_whole(1),
        16384,
        "maximum of the width, and of the height, in pixels"
    )
}
local SCHEMA = {
    methods = optional(
        kinds_list_of(METHOD),
        "the accepted methods; `GET` includes `HEAD`. Without the option all are accepted"
    ),
    max_body_bytes = optional(
        kinds_whole(1),
        "maximum length of the request body; see [below](#length)"
    ),
    content_types = computed(
        kinds_list_of(kinds_one_of(unpack(magic_TYPES))),
        "what `json` and `image` need",
        "the accepted types of the body, by its bytes; see [below](#types)"
    ),
    json = optional(
        table_of(JSON_SCHEMA),
        "limits of JSON bodies"
    ),
    image = optional(
        table_of(IMAGE_SCHEMA),
        "limits of images, by their headers"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself")
}
____exports.SCHEMA = SCHEMA
--- The methods as Allow has them: each once, and HEAD after GET. RFC 9110, section 10.2.1.
local function allowed(methods)
    local known = {}
    local names = {}
    for ____, method in ipairs(methods) do
        for ____, name in ipairs(method == "GET" and ({"GET", "HEAD"}) or ({method})) do
            if not (known[name] ~= nil) then
                names[#names + 1] = name
            end
            known[name] = true
        end
    end
    return names
end
--- The accepted types: those that were given, or else those that the other options are about.
local function types_of(options)
    local wanted = {}
    for ____, media_type in ipairs(options.content_types or ({})) do
        wanted[media_type] = true
    end
    if options.content_types == nil then
        if options.json ~= nil then
            wanted[magic_JSON] = true
        end
        if options.image ~= nil then
            for ____, media_type in ipairs(image_size_TYPES) do
                wanted[media_type] = true
            end
        end
    end
    local types = {}
    for ____, media_type in ipairs(magic_TYPES) do
        if wanted[media_type] ~= nil then
            types[#types + 1] = media_type
        end
    end
    return #types > 0 and types or nil
end
local function set_of(names)
    local known = {}
    for ____, name in ipairs(names) do
        known[name] = true
    end
    return known
end
--- The settings. Raises where there is nothing to check. Phases: init.
local function of(options, path)
    local types = types_of(options)
    if types == nil and options.methods == nil and options.max_body_bytes == nil then
        error(path .. ": at least one of \"methods\", \"max_body_bytes\", \"content_types\", \"json\" and \"image\" is needed", 0)
    end
    local methods = allowed(options.methods or ({}))
    local ____temp_0
    if options.methods == nil then
        ____temp_0 = nil
    else
        ____temp_0 = set_of(methods)
    end
    return {
        methods = ____temp_0,
        allow = table_concat(methods, ", "),
        max_body_bytes = options.max_body_bytes,
        types = types,
        type_names = table_concat(types or ({}), ", "),
        is_only_json = types ~= nil and #types == 1 and types[1] == magic_JSON,
        json = options.json or read_or_raise(JSON_SCHEMA, {}, ""),
        image = options.image
    }
end
____exports.of = of
return ____exports
