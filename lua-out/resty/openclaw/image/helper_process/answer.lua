local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local math_floor = math.floor
local string_find = string.find
local string_gsub = string.gsub
local refusals = require("resty.openclaw.image.refusals")
local refusals_status_of = refusals.status_of
local protocol = require("resty.openclaw.image.helper_process.protocol")
local protocol_MOST_TEXT_BYTES = protocol.MOST_TEXT_BYTES
local protocol_read = protocol.read
--- No body has more.
local MOST_BYTES = 1024 * 1024 * 1024
--- More than any number that a picture has.
local MOST_NUMBER = 2 ^ 53
local MOST_TYPE_BYTES = 8192
local MOST_QUERY_BYTES = 65536
local MOST_MESSAGE_BYTES = 1000
local FAILED = "failed"
local function is_number(value)
    return type(value) == "number" and value >= 0 and value <= MOST_NUMBER
end
--- A text of at most so many bytes; nothing if it is none.
local function text_of(value, most)
    return type(value) == "string" and #value <= most and value or nil
end
--- The same without control characters, such as the ends of lines in headers.
local function line_of(value, most)
    local text = text_of(value, most)
    if text == nil then
        return nil
    end
    local control = string_find(text, "%c")
    return control == nil and text or nil
end
--- A query as it may stand in a URL.
local function query_of(value)
    local text = text_of(value, MOST_QUERY_BYTES)
    if text == nil then
        return nil
    end
    local odd = string_find(text, "[^!-~]")
    return odd == nil and text or nil
end
local function image_of(value)
    if type(value) ~= "table" then
        return nil
    end
    local ____value_0 = value
    local source_type = ____value_0.source_type
    local source_bytes = ____value_0.source_bytes
    local source_pixels = ____value_0.source_pixels
    local bytes = ____value_0.bytes
    local width = ____value_0.width
    local height = ____value_0.height
    local is_whole = is_number(source_bytes) and is_number(source_pixels) and is_number(bytes)
    if not is_whole or not is_number(width) or not is_number(height) then
        return nil
    end
    return {
        source_type = tostring(source_type),
        source_bytes = source_bytes,
        source_pixels = source_pixels,
        bytes = bytes,
        width = width,
        height = height
    }
end
--- A list of at most so many; nothing if one of its items is none.
local function list_of(value, most, read)
    if type(value) ~= "table" then
        return nil
    end
    local items = {}
    for place, item in ipairs(value) do
        local known = read(item)
        if place > most or known == nil then
            return nil
        end
        items[#items + 1] = known
    end
    local ____temp_1
    if #items == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = items
    end
    return ____temp_1
end
local function failed_of(____bindingPattern0)
    local detail
    local message
    local problem
    problem = ____bindingPattern0.problem
    message = ____bindingPattern0.message
    detail = ____bindingPattern0.detail
    local code = text_of(problem, MOST_MESSAGE_BYTES)
    local its_detail = string_gsub(
        text_of(detail, MOST_MESSAGE_BYTES) or "",
        "%c",
        " "
    )
    return {
        problem = code ~= nil and refusals_status_of(code) ~= nil and code or FAILED,
        message = line_of(message, MOST_MESSAGE_BYTES) or "",
        detail = its_detail
    }
end
--- How many bytes it has made; nothing if that cannot be.
local function made_bytes(value)
    if not is_number(value) or value > MOST_BYTES or value ~= math_floor(value) then
        return nil
    end
    return value
end
local function address_of(value)
    return text_of(value, protocol_MOST_TEXT_BYTES)
end
local function done_of(said, plan)
    local bytes = made_bytes(said.bytes)
    local content_type = line_of(said.content_type, MOST_TYPE_BYTES)
    local images = list_of(said.images, plan.most_images, image_of)
    local ____said_2 = said
    local query = ____said_2.query
    local hash = ____said_2.hash
    local rest = ____said_2.rest
    local its_query = query_of(query)
    if bytes == nil or (content_type or "") == "" or images == nil then
        return nil
    end
    if query ~= nil and its_query == nil then
        return nil
    end
    local ____plan_wants_hash_3
    if plan.wants_hash then
        ____plan_wants_hash_3 = line_of(hash, 16)
    else
        ____plan_wants_hash_3 = nil
    end
    local its_hash = ____plan_wants_hash_3
    local ____temp_4
    if its_hash == nil then
        ____temp_4 = nil
    else
        ____temp_4 = text_of(rest, protocol_MOST_TEXT_BYTES)
    end
    local its_rest = ____temp_4
    return {
        bytes = bytes,
        content_type = content_type,
        query = its_query,
        images = images,
        hash = its_hash ~= nil and #its_hash == 16 and its_hash or nil,
        rest = its_rest
    }
end
--- The answer that a text says, to an order with that plan; nothing if it says none. If it has `bytes`, so many follow, and its `memory` is not
-- known yet. Phases: any. Never raises.
function ____exports.read(text, plan)
    local said = protocol_read(text)
    if said == nil then
        return nil
    end
    if said.problem ~= nil then
        return failed_of(said)
    end
    if said.is_untouched == true then
        return {is_untouched = true}
    end
    if said.addresses == nil then
        return done_of(said, plan)
    end
    local ____plan_takes_addresses_5
    if plan.takes_addresses then
        ____plan_takes_addresses_5 = list_of(said.addresses, plan.most_images, address_of)
    else
        ____plan_takes_addresses_5 = nil
    end
    local addresses = ____plan_takes_addresses_5
    local ____temp_6
    if addresses == nil then
        ____temp_6 = nil
    else
        ____temp_6 = {addresses = addresses}
    end
    return ____temp_6
end
return ____exports
