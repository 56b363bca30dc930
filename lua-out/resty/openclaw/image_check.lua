local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local string_byte = string.byte
local string_char = string.char
local string_sub = string.sub
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_one_of = kinds.one_of
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_first = request_body.first
local request_body_read = request_body.read
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "image_check"
local FORMAT = kinds_one_of(
    "jpeg",
    "png",
    "gif",
    "webp",
    "bmp",
    "tiff"
)
local SCHEMA = {
    formats = option(
        kinds_list_of(FORMAT),
        {"jpeg", "png"},
        "accepted formats"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself")
}
--- The bytes that the tests need.
local FIRST_BYTES = 24
local JPEG_BEGINNING = string_char(255, 216, 255)
--- The signature, then the length and the type of the chunk that must come first.
local PNG_BEGINNING = ((string_char(137) .. "PNG\r\n") .. string_char(26)) .. "\n\0\0\0\rIHDR"
--- Start of image and another marker: ITU T.81, annex B.
local function is_jpeg(first)
    return string_sub(first, 1, 3) == JPEG_BEGINNING and (string_byte(first, 4) or 0) >= 192
end
--- A 31-bit number above 0, high byte first, as PNG has them.
local function is_png_size(first, at)
    local bytes = string_sub(first, at, at + 3)
    return #bytes == 4 and bytes ~= "\0\0\0\0" and string_byte(bytes) < 128
end
--- Signature and image header with a width and a height: PNG, sections 5.2 and 11.2.1.
local function is_png(first)
    return string_sub(first, 1, 16) == PNG_BEGINNING and is_png_size(first, 17) and is_png_size(first, 21)
end
--- GIF89a, section 17.
local function is_gif(first)
    local signature = string_sub(first, 1, 6)
    return signature == "GIF87a" or signature == "GIF89a"
end
--- RFC 9649, section 2.4.
local function is_webp(first)
    return string_sub(first, 1, 4) == "RIFF" and string_sub(first, 9, 15) == "WEBPVP8"
end
--- BITMAPFILEHEADER, and the size of the header after it: 12 bytes to 124.
local function is_bmp(first)
    local size = string_byte(first, 15) or 0
    return string_sub(first, 1, 2) == "BM" and size >= 12 and size <= 124 and string_sub(first, 16, 18) == "\0\0\0"
end
--- Byte order and version: TIFF 6.0, section 2, and BigTIFF.
local function is_tiff(first)
    local signature = string_sub(first, 1, 4)
    return signature == "II*\0" or signature == "MM\0*" or signature == "II+\0" or signature == "MM\0+"
end
local TESTS = {
    jpeg = is_jpeg,
    png = is_png,
    gif = is_gif,
    webp = is_webp,
    bmp = is_bmp,
    tiff = is_tiff
}
local function fail(plugin, err)
    plugin.unreadable:inc()
    plugin.faults:report("unreadable_body", err)
    json_error_respond(500, "internal_error", "The gateway could not read the request body.")
end
local function access(self)
    local body, read_err = request_body_read()
    if body == nil then
        return fail(self, read_err)
    end
    local first, first_err = request_body_first(body, FIRST_BYTES)
    if first == nil then
        return fail(self, first_err)
    end
    if first == "" then
        self.empty:inc()
        json_error_respond(400, "empty_body", "The request has no body; send an image.")
    end
    for ____, is_known in ipairs(self.known_by) do
        if is_known(first) then
            return
        end
    end
    self.not_an_image:inc()
    json_error_respond(415, "not_an_image", ("The body is no image of these formats: " .. self.wanted) .. ".")
end
local metatable = {__index = {access = access}}
local function create(options)
    local known_by = {}
    for ____, format in ipairs(options.formats) do
        known_by[#known_by + 1] = TESTS[format]
    end
    local registry = metric_registry_open(options.dict)
    local refused = metric_registry_counter(registry, "openclaw_image_check_refused_total", "Requests refused because their body was no image, by reason.", {"reason"})
    local fields = {
        known_by = known_by,
        wanted = table_concat(options.formats, ", "),
        empty = refused:labels("empty_body"),
        not_an_image = refused:labels("not_an_image"),
        unreadable = refused:labels("unreadable"),
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[rejects non-image bodies](image_check.md), by the first bytes of the body",
    order = {access = 400},
    schema = SCHEMA,
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/image_check.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
