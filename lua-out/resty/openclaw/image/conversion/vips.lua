local ____exports = {}
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_open = byte_source.open
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_MOST_READS = image_size.MOST_READS
local admission = require("resty.openclaw.image.conversion.vips.admission")
local admission_admit = admission.admit
local colours = require("resty.openclaw.image.conversion.vips.colours")
local colours_flatten = colours.flatten
local encoder = require("resty.openclaw.image.conversion.vips.encoder")
local encoder_write = encoder.write
local formats = require("resty.openclaw.image.conversion.vips.formats")
local formats_MEDIA_TYPES = formats.MEDIA_TYPES
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_SONAME = vips.SONAME
local vips_get = vips.get
local vips_open = vips.open
local vips_take_text = vips.take_text
local vips_unref = vips.unref
local pixels = require("resty.openclaw.image.conversion.vips.pixels")
local pixels_is_picture = pixels.is_picture
local pixels_luminance = pixels.luminance
local pixels_make = pixels.make
local pixels_open = pixels.open
local pixels_size = pixels.size
local png_chunks = require("resty.openclaw.image.conversion.vips.png_chunks")
local png_chunks_copy = png_chunks.copy
local png_chunks_free = png_chunks.free
local refusal = require("resty.openclaw.image.conversion.vips.refusal")
local refusal_by_text = refusal.by_text
local refusal_failed = refusal.failed
local refusal_too_large = refusal.too_large
local refusal_unsupported = refusal.unsupported
--- Pixels of a thumbnail's side.
local THUMBNAIL_SIDE = 32
____exports.THUMBNAIL_SIDE = THUMBNAIL_SIDE
--- Writes it in the target's format. The pixels are let go.
local function write(library, image, target, format, has_profile)
    local has_alpha = library.openclaw_vips_image_hasalpha(image) ~= 0
    local kept = has_alpha and format.kept_alpha or format.kept
    local written = target.format == "keep" and kept or target.format
    local ____temp_0
    if written == "jpeg" then
        ____temp_0 = colours_flatten(library, image)
    else
        ____temp_0 = image
    end
    local flat = ____temp_0
    if flat == nil then
        return nil
    end
    local file = encoder_write(library, flat, {written = written, quality = target.quality, has_profile = has_profile})
    vips_unref(library, flat)
    if file == nil then
        return nil
    end
    return file, written
end
local function finish(library, image, target, format, source_pixels, has_profile, wants_thumbnail)
    local width, height = pixels_size(library, image)
    local ____wants_thumbnail_1
    if wants_thumbnail then
        ____wants_thumbnail_1 = pixels_luminance(library, image, THUMBNAIL_SIDE)
    else
        ____wants_thumbnail_1 = nil
    end
    local thumbnail = ____wants_thumbnail_1
    local file, written = write(
        library,
        image,
        target,
        format,
        has_profile
    )
    if file == nil or wants_thumbnail and thumbnail == nil then
        if file ~= nil then
            library.openclaw_vips_free(file.memory)
        end
        if thumbnail ~= nil then
            library.openclaw_vips_free(thumbnail)
        end
        return refusal_failed(vips_take_text(library))
    end
    return {
        memory = file.memory,
        bytes = file.bytes,
        width = width,
        height = height,
        content_type = formats_MEDIA_TYPES[written],
        source_type = format.media_type,
        source_pixels = source_pixels,
        thumbnail = thumbnail
    }
end
--- Decodes and writes what was admitted.
local function run(library, format, memory, count, target, wants_thumbnail)
    library.openclaw_vips_error_clear()
    local opened = pixels_open(library, format, memory, count)
    if opened == nil then
        return refusal_by_text(library)
    end
    local width, height = pixels_size(library, opened)
    if width * height > target.max_pixels then
        vips_unref(library, opened)
        return refusal_too_large(width, height, target.max_pixels)
    end
    if not pixels_is_picture(library, opened) then
        vips_unref(library, opened)
        return refusal_unsupported("Images with such pixels cannot be converted.")
    end
    local image, has_profile = pixels_make(
        library,
        format,
        memory,
        count,
        opened,
        target
    )
    if image == nil then
        return refusal_by_text(library)
    end
    return finish(
        library,
        image,
        target,
        format,
        width * height,
        has_profile,
        wants_thumbnail
    )
end
--- Converts a picture. The bytes must stay until it returns. On failure nil, the problem, a sentence for the client, and maybe what libvips
-- has to say, for the log: 200 printable characters of it at most, perhaps of another thread's picture. Waits for as long as it takes; never
-- raises.
local function convert(memory, count, target, wants_thumbnail)
    local library, err = vips_get()
    if library == nil then
        return refusal_failed(err)
    end
    local source = byte_source_open({bytes = count, memory = memory}, image_size_MOST_READS)
    local format, refused, why = admission_admit(library, source, target)
    if format == nil then
        return nil, refused, why
    end
    if format.loader ~= "pngload" then
        return run(
            library,
            format,
            memory,
            count,
            target,
            wants_thumbnail
        )
    end
    local copied, bytes = png_chunks_copy(memory, count)
    if copied == nil then
        return refusal_failed("out of memory")
    end
    local picture, problem, message, text = run(
        library,
        format,
        copied,
        bytes,
        target,
        wants_thumbnail
    )
    png_chunks_free(copied)
    if picture == nil then
        return nil, problem, message, text
    end
    return picture
end
____exports.convert = convert
--- Gives the memory of a picture back, which is gone then. Once for each picture.
local function release(picture)
    local library = vips_get()
    if library == nil then
        return
    end
    library.openclaw_vips_free(picture.memory)
    if picture.thumbnail ~= nil then
        library.openclaw_vips_free(picture.thumbnail)
    end
end
____exports.release = release
--- Why libvips cannot be used; nothing where it can. For the master, before workers fork: the library is opened, but not set up, and starts no
-- threads.
local function problem_of_library()
    local library, err = vips_open()
    if library ~= nil then
        return nil
    end
    return (("cannot open " .. vips_SONAME) .. ": install the package libvips42 (Debian and Ubuntu), or vips (others): ") .. err
end
____exports.problem_of_library = problem_of_library
return ____exports
