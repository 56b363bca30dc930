local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local problems = require("resty.openclaw.image.conversion.body_images.problems")
local problems_TOO_MANY_IMAGES = problems.TOO_MANY_IMAGES
local problems_UNSUPPORTED_MEDIA_TYPE = problems.UNSUPPORTED_MEDIA_TYPE
local problems_refuse = problems.refuse
--- What is said of a body whose kind is not accepted.
local REFUSALS = {raw = "An image as the whole body is not accepted here.", multipart = "Forms are not accepted here.", json = "Images in base64 in a member of JSON are not accepted here.", data_url = "Images in data URLs are not accepted here."}
--- Nothing was found yet. Phases: any.
local function create(memory, count, content_type, wants)
    return {
        memory = memory,
        count = count,
        content_type = content_type,
        wants = wants,
        input = "raw",
        images = {},
        edits = nil,
        parts = nil,
        fields = {},
        query = nil,
        problem = nil,
        message = nil
    }
end
____exports.new = create
--- Whether images may come in so. Phases: any.
local function is_accepted(wants, input)
    for ____, accepted in ipairs(wants.inputs) do
        if accepted == input then
            return true
        end
    end
    return false
end
____exports.is_accepted = is_accepted
--- Notes how the images came in; a problem if they may not. Phases: any.
local function accept(reading, input)
    reading.input = input
    if not is_accepted(reading.wants, input) then
        problems_refuse(reading, problems_UNSUPPORTED_MEDIA_TYPE, REFUSALS[input])
    end
end
____exports.accept = accept
--- Adds an image, and returns its number, counted from 1; a problem if there are too many. Phases: any.
local function add(reading, image)
    local ____reading_0 = reading
    local images = ____reading_0.images
    local wants = ____reading_0.wants
    if #images >= wants.most_images then
        local most = wants.most_images == 1 and "image" or "images"
        problems_refuse(
            reading,
            problems_TOO_MANY_IMAGES,
            ((("The body has more than " .. tostring(wants.most_images)) .. " ") .. most) .. "."
        )
    else
        images[#images + 1] = image
    end
    return #images
end
____exports.add = add
return ____exports
