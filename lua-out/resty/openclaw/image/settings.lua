local ____exports = {}
local ipairs = ipairs
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_list_or_none_of = kinds.list_or_none_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add_no_table = problem.add_no_table
local problem_raise = problem.raise
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local optional = ____schema.optional
local table_of = ____schema.table_of
local body_images = require("resty.openclaw.image.conversion.body_images")
local body_images_OWN_MEMBERS = body_images.OWN_MEMBERS
local body_images_is_form_name = body_images.is_form_name
local vips = require("resty.openclaw.image.conversion.vips")
local vips_problem_of_library = vips.problem_of_library
local remotes = require("resty.openclaw.image.remote")
local remotes_SCHEMA = remotes.SCHEMA
--- All forms in which an image may come.
local ALL_INPUTS = {"raw", "multipart", "json", "data_url"}
local INPUTS = kinds_one_of("raw", "multipart", "json", "data_url")
--- The media types of the names that the option `formats` takes.
local MEDIA_TYPES = {
    jpeg = "image/jpeg",
    png = "image/png",
    webp = "image/webp",
    gif = "image/gif",
    tiff = "image/tiff",
    heif = "image/heif",
    avif = "image/avif"
}
local ALL_FORMATS = {
    "jpeg",
    "png",
    "webp",
    "gif",
    "tiff",
    "heif",
    "avif"
}
local FORMAT = kinds_one_of(
    "jpeg",
    "png",
    "webp",
    "gif",
    "tiff",
    "heif",
    "avif"
)
local MOST_NAME_BYTES = 64
local function is_name(given)
    if type(given) ~= "string" or given == "" or #given > MOST_NAME_BYTES then
        return false
    end
    return body_images_is_form_name(given)
end
--- The name of a field of a form.
local FIELD = kinds_of("string", "a name without quotes, backslashes and control characters", is_name)
--- The name of a member of JSON, which has other members beside it.
local MEMBER = kinds_of(
    "string",
    "a name without quotes, backslashes and control characters, but not content_type, width or height",
    function(given)
        for ____, own in ipairs(body_images_OWN_MEMBERS) do
            if given == own then
                return false
            end
        end
        return is_name(given)
    end
)
local NEAR_SCHEMA = {
    distance = option(
        kinds_whole(0, 16),
        4,
        "how many of the 64 bits of two pictures' hashes may differ; see [below](#near-hits)"
    ),
    seconds = option(kinds.positive, 60, "how old the earlier answer may be")
}
--- Nothing, or one of the words in a list.
local KEEP = kinds_list_or_none_of(kinds_one_of("icc"))
local ISOLATION = kinds_one_of("thread", "process")
--- Identities, or true for any.
local CALLERS = {
    name = "boolean or list of string",
    read = function(given, path, problems)
        if given == true then
            return true
        end
        if given == false then
            return {}
        end
        if type(given) == "table" then
            return kinds_list_of(kinds.text).read(given, path, problems)
        end
        problem_add_no_table(problems, path, "true or a list of identities", given)
        return {}
    end
}
local SCHEMA = {
    inputs = option(
        kinds_list_of(INPUTS),
        ALL_INPUTS,
        "how an image may come; see [below](#one-form-in)"
    ),
    json_field = option(MEMBER, "image", "the member of JSON that has the image, in base64 or as a data URL"),
    form_field = optional(FIELD, "the field of a form that has the image; without the option the first file or the first part with an image's type"),
    formats = option(
        kinds_list_of(FORMAT),
        ALL_FORMATS,
        "the accepted formats; those that libvips at hand cannot read are refused as well"
    ),
    max_images = option(
        kinds_whole(1, 64),
        8,
        "how many images a body may have"
    ),
    max_bytes = option(
        kinds_whole(1024, 1073741824),
        20971520,
        "maximum length of an image as it comes"
    ),
    max_pixels = option(
        kinds_whole(1, 1000000000),
        40000000,
        "maximum of width × height, by the image's header"
    ),
    max_side = option(
        kinds_whole(1, 16383),
        1024,
        "the longer side of the image as it goes on; smaller ones keep their size"
    ),
    format = option(
        kinds_one_of("jpeg", "png", "webp", "keep"),
        "jpeg",
        "the format in which it goes on; \"keep\" takes that of the image"
    ),
    quality = option(
        kinds_whole(1, 100),
        85,
        "the quality of JPEG and WebP; PNG has none"
    ),
    keep = option(KEEP, {}, "metadata that stays: `\"icc\"`, the color profile. Without it colors are converted to sRGB"),
    send = option(
        kinds_one_of("raw", "json", "multipart"),
        "raw",
        "what the node gets: the image alone, JSON or a form. Chat messages stay what they are"
    ),
    jobs = option(
        kinds_whole(1, 256),
        2,
        "how many conversions of the route run at a time on the machine"
    ),
    queue = option(
        kinds_whole(0, 10000),
        32,
        "how many more requests may wait for one"
    ),
    queue_seconds = option(kinds.positive, 10, "how long a request waits at most until its conversion begins"),
    seconds = option(kinds.positive, 10, "how long a conversion may take"),
    isolate = option(ISOLATION, "thread", "where conversions run: in a thread of the worker, or in a process of their own; see [below](#thread-or-process)"),
    thread_pool = option(kinds.text, "default", "the `thread_pool` of nginx in which conversions run"),
    envelope = option(kinds.flag, false, "puts answers in JSON into an [envelope](#one-form-out)"),
    near = optional(
        table_of(NEAR_SCHEMA),
        "answers from the cache for pictures that look alike; see [below](#near-hits)"
    ),
    remote = optional(
        table_of(remotes_SCHEMA),
        "servers from which images are fetched whose addresses stand in bodies; without the option none; see [below](#addresses)"
    ),
    converted_by = optional(CALLERS, "callers that say when their images have been converted already: their identities, or true for all with a verified one; " .. "see [below](#at-the-edge)"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of who converts")
}
____exports.SCHEMA = SCHEMA
--- Raises if the options contradict each other. Phases: init.
local function check(options, path)
    local problems = {}
    if options.isolate == "thread" and ngx.run_worker_thread == nil then
        problems[#problems + 1] = path .. ".isolate must be \"process\": this nginx was built without threads (--with-threads), got \"thread\""
    end
    local missing = vips_problem_of_library()
    if missing ~= nil then
        problems[#problems + 1] = (path .. " needs libvips: ") .. missing
    end
    problem_raise(problems)
end
____exports.check = check
--- What a conversion has to know. Phases: init.
local function plan_of(options)
    local formats = {}
    for ____, name in ipairs(options.formats) do
        formats[#formats + 1] = MEDIA_TYPES[name]
    end
    return {
        inputs = options.inputs,
        json_field = options.json_field,
        form_field = options.form_field,
        send = options.send,
        most_images = options.max_images,
        max_bytes = options.max_bytes,
        max_pixels = options.max_pixels,
        max_side = options.max_side,
        format = options.format,
        quality = options.quality,
        keeps_profile = #options.keep > 0,
        formats = formats,
        wants_hash = options.near ~= nil,
        takes_addresses = options.remote ~= nil
    }
end
____exports.plan_of = plan_of
return ____exports
