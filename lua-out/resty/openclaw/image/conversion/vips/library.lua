local ____exports = {}
local pcall = pcall
local tonumber = tonumber
local tostring = tostring
local bit_bor = bit.bor
local string_gsub = string.gsub
local string_sub = string.sub
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local large_memory = require("resty.openclaw.core.memory.large_memory")
local large_memory_give_back = large_memory.give_back
ffi_cdef("\n    void *openclaw_vips_dlopen(const char *name, int flags) __asm__(\"dlopen\");\n    extern void *openclaw_vips_stdin __asm__(\"stdin\");\n    void openclaw_vips_flockfile(void *file) __asm__(\"flockfile\");\n    void openclaw_vips_funlockfile(void *file) __asm__(\"funlockfile\");\n\n    typedef struct openclaw_vips_image openclaw_vips_image;\n    int openclaw_vips_init(const char *name) __asm__(\"vips_init\");\n    int openclaw_vips_version(int part) __asm__(\"vips_version\");\n    void openclaw_vips_cache_set_max(int most) __asm__(\"vips_cache_set_max\");\n    void openclaw_vips_concurrency_set(int threads) __asm__(\"vips_concurrency_set\");\n    void openclaw_vips_block_untrusted_set(int is_blocked) __asm__(\"vips_block_untrusted_set\");\n    size_t openclaw_vips_type_find(const char *base, const char *name) __asm__(\"vips_type_find\");\n    void openclaw_vips_error_clear(void) __asm__(\"vips_error_clear\");\n    char *openclaw_vips_error_buffer_copy(void) __asm__(\"vips_error_buffer_copy\");\n\n    typedef int openclaw_vips_load(const void *bytes, size_t count, openclaw_vips_image **image, ...);\n    openclaw_vips_load openclaw_vips_jpegload_buffer __asm__(\"vips_jpegload_buffer\");\n    openclaw_vips_load openclaw_vips_pngload_buffer __asm__(\"vips_pngload_buffer\");\n    openclaw_vips_load openclaw_vips_webpload_buffer __asm__(\"vips_webpload_buffer\");\n    openclaw_vips_load openclaw_vips_gifload_buffer __asm__(\"vips_gifload_buffer\");\n    openclaw_vips_load openclaw_vips_tiffload_buffer __asm__(\"vips_tiffload_buffer\");\n    openclaw_vips_load openclaw_vips_heifload_buffer __asm__(\"vips_heifload_buffer\");\n    typedef int openclaw_vips_save(openclaw_vips_image *image, void **bytes, size_t *count, ...);\n    openclaw_vips_save openclaw_vips_jpegsave_buffer __asm__(\"vips_jpegsave_buffer\");\n    openclaw_vips_save openclaw_vips_pngsave_buffer __asm__(\"vips_pngsave_buffer\");\n    openclaw_vips_save openclaw_vips_webpsave_buffer __asm__(\"vips_webpsave_buffer\");\n\n    int openclaw_vips_image_get_width(const openclaw_vips_image *image) __asm__(\"vips_image_get_width\");\n    int openclaw_vips_image_get_height(const openclaw_vips_image *image) __asm__(\"vips_image_get_height\");\n    int openclaw_vips_image_get_bands(const openclaw_vips_image *image) __asm__(\"vips_image_get_bands\");\n    int openclaw_vips_image_get_format(const openclaw_vips_image *image) __asm__(\"vips_image_get_format\");\n    int openclaw_vips_image_guess_interpretation(const openclaw_vips_image *image)\n        __asm__(\"vips_image_guess_interpretation\");\n    int openclaw_vips_image_hasalpha(openclaw_vips_image *image) __asm__(\"vips_image_hasalpha\");\n    size_t openclaw_vips_image_get_typeof(const openclaw_vips_image *image, const char *name)\n        __asm__(\"vips_image_get_typeof\");\n    int openclaw_vips_image_get_blob(const openclaw_vips_image *image, const char *name, const void **bytes, size_t *count)\n        __asm__(\"vips_image_get_blob\");\n    char **openclaw_vips_image_get_fields(openclaw_vips_image *image) __asm__(\"vips_image_get_fields\");\n    int openclaw_vips_image_remove(openclaw_vips_image *image, const char *name) __asm__(\"vips_image_remove\");\n    openclaw_vips_image *openclaw_vips_image_copy_memory(openclaw_vips_image *image) __asm__(\"vips_image_copy_memory\");\n    void *openclaw_vips_image_write_to_memory(openclaw_vips_image *image, size_t *count)\n        __asm__(\"vips_image_write_to_memory\");\n    int openclaw_vips_copy(openclaw_vips_image *image, openclaw_vips_image **out, ...) __asm__(\"vips_copy\");\n    int openclaw_vips_thumbnail_image(openclaw_vips_image *image, openclaw_vips_image **out, int width, ...)\n        __asm__(\"vips_thumbnail_image\");\n    int openclaw_vips_colourspace(openclaw_vips_image *image, openclaw_vips_image **out, int space, ...)\n        __asm__(\"vips_colourspace\");\n    int openclaw_vips_icc_transform(openclaw_vips_image *image, openclaw_vips_image **out, const char *profile, ...)\n        __asm__(\"vips_icc_transform\");\n    int openclaw_vips_flatten(openclaw_vips_image *image, openclaw_vips_image **out, ...) __asm__(\"vips_flatten\");\n    void *openclaw_vips_array_double_new(const double *values, int count) __asm__(\"vips_array_double_new\");\n    void openclaw_vips_area_unref(void *area) __asm__(\"vips_area_unref\");\n\n    void openclaw_vips_unref(void *object) __asm__(\"g_object_unref\");\n    void openclaw_vips_free(void *memory) __asm__(\"g_free\");\n    void openclaw_vips_strfreev(char **texts) __asm__(\"g_strfreev\");\n    int64_t openclaw_vips_nothing(void) __asm__(\"g_get_monotonic_time\");\n    void *openclaw_vips_log_set_default_handler(void *handler, void *data) __asm__(\"g_log_set_default_handler\");\n\n    int openclaw_vips_heif_have_decoder(int format) __asm__(\"heif_have_decoder_for_format\");\n")
local SONAME = "libvips.so.42"
____exports.SONAME = SONAME
local HEIF_SONAME = "libheif.so.1"
--- RTLD_LAZY, and RTLD_NODELETE: types that GLib knows cannot go, so the library has to stay when the last VM is closed.
local FOR_EVER = bit_bor(1, 4096)
--- What of the library's text is kept: its end, which says what made it fail.
local MOST_TEXT = 200
local library
--- As an int: Lua's numbers are passed to functions with variable arguments as doubles.
local function int(value)
    return (ffi_cast("int", value))
end
____exports.int = int
--- Whether the library lacks a function.
local function lacks(opened, name)
    local found = pcall(function() return opened[name] end)
    return not found
end
local function load()
    local handle = ffi.C.openclaw_vips_dlopen(SONAME, FOR_EVER)
    local loaded, opened = pcall(ffi.load, SONAME)
    if handle == nil or not loaded then
        return nil, tostring(opened)
    end
    return opened
end
--- Opens the library, and does not set it up: no thread is started. On failure nil and why.
local function open()
    local opened, err = load()
    if opened == nil then
        return nil, err
    end
    if opened.openclaw_vips_version(0) ~= 8 then
        return nil, "it has not version 8"
    end
    return opened
end
____exports.open = open
--- Sets the library up for a server with jobs side by side. Only one thread may be here at a time.
local function set_up(opened)
    large_memory_give_back()
    if opened.openclaw_vips_init("openclaw") ~= 0 then
        return false
    end
    opened.openclaw_vips_log_set_default_handler(opened.openclaw_vips_nothing, nil)
    opened.openclaw_vips_cache_set_max(0)
    opened.openclaw_vips_concurrency_set(1)
    if not lacks(opened, "openclaw_vips_block_untrusted_set") then
        opened.openclaw_vips_block_untrusted_set(1)
    end
    return true
end
--- The library, opened and set up. On failure nil and why.
local function get()
    if library ~= nil then
        return library
    end
    local opened, err = open()
    if opened == nil then
        return nil, err
    end
    local input = ffi.C.openclaw_vips_stdin
    ffi.C.openclaw_vips_flockfile(input)
    local is_ready = set_up(opened)
    ffi.C.openclaw_vips_funlockfile(input)
    if not is_ready then
        return nil, "cannot set up libvips"
    end
    library = opened
    return opened
end
____exports.get = get
--- Whether the library has an operation of that name.
local function has(opened, operation)
    return tonumber(opened.openclaw_vips_type_find("VipsOperation", operation)) ~= 0
end
____exports.has = has
--- Whether libheif has a decoder: 1 for HEVC, 4 for AV1. Debian 13 has decoders in packages of their own.
local function decodes_heif(coding)
    local loaded, heif = pcall(ffi.load, HEIF_SONAME)
    if not loaded then
        return true
    end
    return heif.openclaw_vips_heif_have_decoder(coding) ~= 0
end
____exports.decodes_heif = decodes_heif
--- Lets an image or another object go.
local function unref(opened, object)
    if object ~= nil then
        opened.openclaw_vips_unref(object)
    end
end
____exports.unref = unref
--- What the library has to say of failures since the last call, cut, in printable ASCII. Threads share this text: it may be about another
-- thread's image.
local function take_text(opened)
    local text = opened.openclaw_vips_error_buffer_copy()
    if text == nil then
        return ""
    end
    local whole = ffi_string(text)
    opened.openclaw_vips_free(text)
    local cut = string_gsub(
        string_sub(whole, -MOST_TEXT),
        "[^ -~]",
        "?"
    )
    return cut
end
____exports.take_text = take_text
--- Where operations write the image that they make.
____exports.place = ffi_new("openclaw_vips_image *[1]")
--- The image that an operation has made, by what it returned; nothing where it failed.
local function made(answer)
    if answer ~= 0 then
        return nil
    end
    return ____exports.place[0]
end
____exports.made = made
--- What a step has made of an image, which is let go.
local function instead(opened, image, next)
    unref(opened, image)
    return next
end
____exports.instead = instead
return ____exports
