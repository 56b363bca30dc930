local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_lower = string.lower
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_copy = ffi.copy
local regions = require("resty.openclaw.core.bytes.region")
local regions_new = regions.new
local regions_resize = regions.resize
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local OK = 200
local NO_MEMORY = "no memory"
--- An image of which nothing has come. Phases: any.
local function create()
    return {
        region = regions_new(),
        bytes = 0,
        status = 0,
        is_encoded = false
    }
end
____exports.new = create
--- Where it is, as long as somebody knows the picture; nothing if it has no bytes. Phases: any.
local function memory_of(____bindingPattern0)
    local region
    region = ____bindingPattern0.region
    if region.memory == nil then
        return nil
    end
    return (ffi_cast("uint8_t *", region.memory))
end
____exports.memory_of = memory_of
--- What takes the response; `max_bytes`: of the image. Lets others have their turn.
local function receiver(picture, max_bytes)
    local ____picture_0 = picture
    local region = ____picture_0.region
    local slice = time_slice_begin()
    local room = max_bytes
    return {
        head = function(status, headers)
            picture.status = status
            if status ~= OK then
                return "status " .. tostring(status)
            end
            local coding = string_lower(headers["content-encoding"] or "identity")
            picture.is_encoded = coding ~= "identity"
            if picture.is_encoded then
                return "a Content-Encoding that was not asked for"
            end
            room = math_min(
                max_bytes,
                tonumber(headers["content-length"]) or max_bytes
            )
            return nil
        end,
        piece = function(piece)
            local is_there = region.memory ~= nil or regions_resize(
                region,
                math_max(room, 1)
            )
            if not is_there or picture.bytes + #piece > region.bytes then
                return NO_MEMORY
            end
            ffi_copy(
                memory_of(picture) + picture.bytes,
                piece,
                #piece
            )
            picture.bytes = picture.bytes + #piece
            if time_slice_is_over(slice) then
                time_slice_yield_now()
                time_slice_renew(slice)
            end
            return nil
        end
    }
end
____exports.receiver = receiver
return ____exports
