local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tonumber = tonumber
local tostring = tostring
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local files = require("resty.openclaw.core.files.files")
local files_read = files.read
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_at = c_memory.at
local c_memory_free = c_memory.free
local c_memory_hand_over = c_memory.hand_over
local body_images = require("resty.openclaw.image.conversion.body_images")
local body_images_bytes_of = body_images.bytes_of
local body_images_find = body_images.find
local body_images_release = body_images.release
local body_images_rest_of = body_images.rest_of
local body_images_write = body_images.write
local picture_hash = require("resty.openclaw.image.conversion.picture_hash")
local picture_hash_of = picture_hash.of
local priority = require("resty.openclaw.image.conversion.priority")
local priority_lower = priority.lower
local vips = require("resty.openclaw.image.conversion.vips")
local vips_convert = vips.convert
local vips_release = vips.release
ffi_cdef("\n    struct openclaw_conversion_time { long seconds; long nanoseconds; };\n    int openclaw_conversion_clock(int clock, struct openclaw_conversion_time *time) __asm__(\"clock_gettime\");\n")
--- The codes of what may be wrong with a picture.
local CODES = {broken_image = "broken_image", unsupported_image = "unsupported_media_type", image_too_large = "image_too_large", failed = "failed"}
--- CLOCK_MONOTONIC
local MONOTONIC = 1
local function now()
    local time = ffi_new("struct openclaw_conversion_time[1]")
    ffi.C.openclaw_conversion_clock(MONOTONIC, time)
    local ____time__0_0 = time[0]
    local seconds = ____time__0_0.seconds
    local nanoseconds = ____time__0_0.nanoseconds
    return tonumber(seconds) + tonumber(nanoseconds) / 1000000000
end
local function failed(problem, message, detail)
    return {problem = problem, message = message, detail = detail}
end
--- The body in memory, which is the caller's; or a copy of the file. On failure nil and why.
local function body_of(____bindingPattern0)
    local bytes
    local file
    local memory
    memory = ____bindingPattern0.memory
    file = ____bindingPattern0.file
    bytes = ____bindingPattern0.bytes
    if memory ~= nil then
        return c_memory_at(memory)
    end
    local copy = c_memory_allocate(bytes)
    if copy == nil then
        return nil, "there is no memory for the body"
    end
    local at = 0
    while at < bytes do
        local count, err = files_read(file, copy + at, bytes - at, at)
        if count == nil then
            return nil, err
        end
        if count == 0 then
            return nil, "the body's file is shorter than it was"
        end
        at = at + count
    end
    return copy
end
local function fetched_of(address, fetched)
    for ____, image in ipairs(fetched or ({})) do
        if image.address == address then
            return image
        end
    end
    return nil
end
--- The addresses in the body that have not been fetched.
local function addresses_of(images, fetched)
    local addresses = {}
    for ____, ____value in ipairs(images) do
        local address = ____value.address
        if address ~= nil and fetched_of(address, fetched) == nil then
            addresses[#addresses + 1] = address
        end
    end
    return addresses
end
local function target_of(plan)
    local ____plan_1 = plan
    local max_side = ____plan_1.max_side
    local format = ____plan_1.format
    local quality = ____plan_1.quality
    local max_pixels = ____plan_1.max_pixels
    local keeps_profile = ____plan_1.keeps_profile
    local formats = ____plan_1.formats
    return {
        max_side = max_side,
        format = format,
        quality = quality,
        max_pixels = max_pixels,
        keeps_profile = keeps_profile,
        formats = formats
    }
end
local function converted(picture, source_bytes)
    local ____picture_2 = picture
    local source_type = ____picture_2.source_type
    local source_pixels = ____picture_2.source_pixels
    local bytes = ____picture_2.bytes
    local width = ____picture_2.width
    local height = ____picture_2.height
    return {
        source_type = source_type,
        source_bytes = source_bytes,
        source_pixels = source_pixels,
        bytes = bytes,
        width = width,
        height = height
    }
end
--- Converts the image in so many bytes. Returns what went wrong, if anything did.
local function convert_bytes(work, memory, bytes)
    local ____work_3 = work
    local plan = ____work_3.plan
    local target = ____work_3.target
    local wants_thumbnail = ____work_3.wants_thumbnail
    local pictures = ____work_3.pictures
    local report = ____work_3.report
    if bytes > plan.max_bytes then
        return failed(
            "body_too_large",
            ("The image may have at most " .. tostring(plan.max_bytes)) .. " bytes."
        )
    end
    local picture, problem, message, detail = vips_convert(memory, bytes, target, wants_thumbnail)
    if picture == nil then
        return failed(CODES[problem], message, detail)
    end
    pictures[#pictures + 1] = picture
    report[#report + 1] = converted(picture, bytes)
    return nil
end
local function convert_image(work, reading, image, order)
    if image.address ~= nil then
        local ____fetched_of_result_4 = fetched_of(image.address, order.fetched)
        local memory = ____fetched_of_result_4.memory
        local bytes = ____fetched_of_result_4.bytes
        return convert_bytes(
            work,
            c_memory_at(memory),
            bytes
        )
    end
    local memory, count, message = body_images_bytes_of(reading, image)
    if memory == nil then
        return failed(count, message)
    end
    local problem = convert_bytes(work, memory, count)
    body_images_release(image, memory)
    return problem
end
--- Converts all images. Returns what went wrong, if anything did.
local function convert_all(work, reading, order)
    for ____, image in ipairs(reading.images) do
        local problem = convert_image(work, reading, image, order)
        if problem ~= nil then
            return problem
        end
    end
    return nil
end
--- The new body, or what went wrong.
local function write(____bindingPattern0, reading)
    local began
    local report
    local pictures
    pictures = ____bindingPattern0.pictures
    report = ____bindingPattern0.report
    began = ____bindingPattern0.began
    local written, problem, message = body_images_write(reading, pictures)
    if written == nil then
        return failed(problem, message)
    end
    local ____written_5 = written
    local bytes = ____written_5.bytes
    local content_type = ____written_5.content_type
    local query = ____written_5.query
    local ____pictures__1_6 = pictures[1]
    local thumbnail = ____pictures__1_6.thumbnail
    local ____c_memory_hand_over_result_9 = c_memory_hand_over(written.memory)
    local ____bytes_10 = bytes
    local ____content_type_11 = content_type
    local ____query_12 = query
    local ____report_13 = report
    local ____temp_7
    if thumbnail == nil then
        ____temp_7 = nil
    else
        ____temp_7 = picture_hash_of(thumbnail)
    end
    local ____temp_8
    if thumbnail == nil then
        ____temp_8 = nil
    else
        ____temp_8 = body_images_rest_of(reading)
    end
    return {
        memory = ____c_memory_hand_over_result_9,
        bytes = ____bytes_10,
        content_type = ____content_type_11,
        query = ____query_12,
        images = ____report_13,
        hash = ____temp_7,
        rest = ____temp_8,
        seconds = now() - began
    }
end
local function convert(order, memory)
    local ____order_14 = order
    local plan = ____order_14.plan
    local bytes = ____order_14.bytes
    local content_type = ____order_14.content_type
    local fetched = ____order_14.fetched
    local began = now()
    local ____plan_15 = plan
    local inputs = ____plan_15.inputs
    local json_field = ____plan_15.json_field
    local form_field = ____plan_15.form_field
    local send = ____plan_15.send
    local most_images = ____plan_15.most_images
    local wants = {
        inputs = inputs,
        json_field = json_field,
        form_field = form_field,
        send = send,
        most_images = most_images
    }
    local reading, problem, message = body_images_find(memory, bytes, content_type, wants)
    if reading == nil then
        return failed(problem, message)
    end
    if #reading.images == 0 then
        return {is_untouched = true}
    end
    local addresses = addresses_of(reading.images, fetched)
    if #addresses > 0 then
        if plan.takes_addresses then
            return {addresses = addresses}
        end
        return failed("remote_refused", "The image must be in the body: this service fetches none from other servers.")
    end
    local work = {
        plan = plan,
        target = target_of(plan),
        wants_thumbnail = plan.wants_hash and #reading.images == 1,
        pictures = {},
        report = {},
        began = began
    }
    local answer = convert_all(work, reading, order) or write(work, reading)
    for ____, picture in ipairs(work.pictures) do
        vips_release(picture)
    end
    return answer
end
--- Converts a body. Phases: any; blocks for as long as it takes. Never raises.
local function run(order)
    local memory, err = body_of(order)
    if memory == nil then
        return failed("failed", "", err)
    end
    local ok, answer = pcall(convert, order, memory)
    if order.memory == nil then
        c_memory_free(memory)
    end
    return ok and answer or failed(
        "failed",
        "",
        tostring(answer)
    )
end
____exports.run = run
--- The same, in a thread of a worker, which lets the worker go first. Phases: a thread of nginx.
local function run_in_thread(order)
    priority_lower()
    local answer = run(order)
    return answer
end
____exports.run_in_thread = run_in_thread
return ____exports
