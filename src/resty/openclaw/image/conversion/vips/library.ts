/**
 * libvips: opened, set up and called by FFI, in a thread's Lua VM of nginx or in a plain process of LuaJIT. Several VMs of one process share
 * the library. Its operations take their options as name and value, up to a nil.
 */
import * as ffi from "ffi";
import * as large_memory from "../../../core/memory/large_memory";

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    void *openclaw_vips_dlopen(const char *name, int flags) __asm__("dlopen");
    extern void *openclaw_vips_stdin __asm__("stdin");
    void openclaw_vips_flockfile(void *file) __asm__("flockfile");
    void openclaw_vips_funlockfile(void *file) __asm__("funlockfile");

    typedef struct openclaw_vips_image openclaw_vips_image;
    int openclaw_vips_init(const char *name) __asm__("vips_init");
    int openclaw_vips_version(int part) __asm__("vips_version");
    void openclaw_vips_cache_set_max(int most) __asm__("vips_cache_set_max");
    void openclaw_vips_concurrency_set(int threads) __asm__("vips_concurrency_set");
    void openclaw_vips_block_untrusted_set(int is_blocked) __asm__("vips_block_untrusted_set");
    size_t openclaw_vips_type_find(const char *base, const char *name) __asm__("vips_type_find");
    void openclaw_vips_error_clear(void) __asm__("vips_error_clear");
    char *openclaw_vips_error_buffer_copy(void) __asm__("vips_error_buffer_copy");

    typedef int openclaw_vips_load(const void *bytes, size_t count, openclaw_vips_image **image, ...);
    openclaw_vips_load openclaw_vips_jpegload_buffer __asm__("vips_jpegload_buffer");
    openclaw_vips_load openclaw_vips_pngload_buffer __asm__("vips_pngload_buffer");
    openclaw_vips_load openclaw_vips_webpload_buffer __asm__("vips_webpload_buffer");
    openclaw_vips_load openclaw_vips_gifload_buffer __asm__("vips_gifload_buffer");
    openclaw_vips_load openclaw_vips_tiffload_buffer __asm__("vips_tiffload_buffer");
    openclaw_vips_load openclaw_vips_heifload_buffer __asm__("vips_heifload_buffer");
    typedef int openclaw_vips_save(openclaw_vips_image *image, void **bytes, size_t *count, ...);
    openclaw_vips_save openclaw_vips_jpegsave_buffer __asm__("vips_jpegsave_buffer");
    openclaw_vips_save openclaw_vips_pngsave_buffer __asm__("vips_pngsave_buffer");
    openclaw_vips_save openclaw_vips_webpsave_buffer __asm__("vips_webpsave_buffer");

    int openclaw_vips_image_get_width(const openclaw_vips_image *image) __asm__("vips_image_get_width");
    int openclaw_vips_image_get_height(const openclaw_vips_image *image) __asm__("vips_image_get_height");
    int openclaw_vips_image_get_bands(const openclaw_vips_image *image) __asm__("vips_image_get_bands");
    int openclaw_vips_image_get_format(const openclaw_vips_image *image) __asm__("vips_image_get_format");
    int openclaw_vips_image_guess_interpretation(const openclaw_vips_image *image)
        __asm__("vips_image_guess_interpretation");
    int openclaw_vips_image_hasalpha(openclaw_vips_image *image) __asm__("vips_image_hasalpha");
    size_t openclaw_vips_image_get_typeof(const openclaw_vips_image *image, const char *name)
        __asm__("vips_image_get_typeof");
    int openclaw_vips_image_get_blob(const openclaw_vips_image *image, const char *name, const void **bytes, size_t *count)
        __asm__("vips_image_get_blob");
    char **openclaw_vips_image_get_fields(openclaw_vips_image *image) __asm__("vips_image_get_fields");
    int openclaw_vips_image_remove(openclaw_vips_image *image, const char *name) __asm__("vips_image_remove");
    openclaw_vips_image *openclaw_vips_image_copy_memory(openclaw_vips_image *image) __asm__("vips_image_copy_memory");
    void *openclaw_vips_image_write_to_memory(openclaw_vips_image *image, size_t *count)
        __asm__("vips_image_write_to_memory");
    int openclaw_vips_copy(openclaw_vips_image *image, openclaw_vips_image **out, ...) __asm__("vips_copy");
    int openclaw_vips_thumbnail_image(openclaw_vips_image *image, openclaw_vips_image **out, int width, ...)
        __asm__("vips_thumbnail_image");
    int openclaw_vips_colourspace(openclaw_vips_image *image, openclaw_vips_image **out, int space, ...)
        __asm__("vips_colourspace");
    int openclaw_vips_icc_transform(openclaw_vips_image *image, openclaw_vips_image **out, const char *profile, ...)
        __asm__("vips_icc_transform");
    int openclaw_vips_flatten(openclaw_vips_image *image, openclaw_vips_image **out, ...) __asm__("vips_flatten");
    void *openclaw_vips_array_double_new(const double *values, int count) __asm__("vips_array_double_new");
    void openclaw_vips_area_unref(void *area) __asm__("vips_area_unref");

    void openclaw_vips_unref(void *object) __asm__("g_object_unref");
    void openclaw_vips_free(void *memory) __asm__("g_free");
    void openclaw_vips_strfreev(char **texts) __asm__("g_strfreev");
    int64_t openclaw_vips_nothing(void) __asm__("g_get_monotonic_time");
    void *openclaw_vips_log_set_default_handler(void *handler, void *data) __asm__("g_log_set_default_handler");

    int openclaw_vips_heif_have_decoder(int format) __asm__("heif_have_decoder_for_format");
`);

/** The functions above, without `openclaw_`. */
export type Library = Record<string, (this: void, ...args: unknown[]) => unknown>;

/** An image of libvips: mostly a recipe, whose pixels are made when they are needed. Each has to be given to `unref`. */
export type Image = CValue;

export const SONAME = "libvips.so.42";
const HEIF_SONAME = "libheif.so.1";
/** RTLD_LAZY, and RTLD_NODELETE: types that GLib knows cannot go, so the library has to stay when the last VM is closed. */
const FOR_EVER = 0x1 | 0x1000;
/** What of the library's text is kept: its end, which says what made it fail. */
const MOST_TEXT = 200;

let library: Library | undefined;

/** As an int: Lua's numbers are passed to functions with variable arguments as doubles. */
export function int(value: number): CValue {
    return ffi.cast("int", value);
}

/** Whether the library lacks a function. */
function lacks(opened: Library, name: string): boolean {
    const [found] = pcall(() => opened[name]);
    return !found;
}

function load(): Result<Library> {
    const handle = ffi.C.openclaw_vips_dlopen!(SONAME, FOR_EVER) as CValue | undefined;
    const [loaded, opened] = pcall(ffi.load, SONAME);
    // A null pointer is equal to nil, but not false.
    if (handle === undefined || !loaded) return $multi(undefined, tostring(opened));
    return $multi(opened as Library);
}

/** Opens the library, and does not set it up: no thread is started. On failure nil and why. */
export function open(): Result<Library> {
    const [opened, err] = load();
    if (opened === undefined) return $multi(undefined, err);
    if (opened.openclaw_vips_version!(0) !== 8) return $multi(undefined, `it has not version 8`);
    return $multi(opened);
}

/** Sets the library up for a server with jobs side by side. Only one thread may be here at a time. */
function set_up(opened: Library): boolean {
    large_memory.give_back();
    if (opened.openclaw_vips_init!("openclaw") !== 0) return false;
    // What hostile files make GLib say would fill nginx's log. No function of Lua may be called from the library's threads: any
    // function of C that looks at no arguments and does nothing will do.
    opened.openclaw_vips_log_set_default_handler!(opened.openclaw_vips_nothing, undefined);
    // No image comes again, and one thread for each job is enough where there are several jobs.
    opened.openclaw_vips_cache_set_max!(0);
    opened.openclaw_vips_concurrency_set!(1);
    // Since 8.13. Before that it is enough that no loader is called but those above.
    if (!lacks(opened, "openclaw_vips_block_untrusted_set")) opened.openclaw_vips_block_untrusted_set!(1);
    return true;
}

/** The library, opened and set up. On failure nil and why. */
export function get(): Result<Library> {
    if (library !== undefined) return $multi(library);
    const [opened, err] = open();
    if (opened === undefined) return $multi(undefined, err);
    // `vips_init` may run once at a time. VMs share no memory but what C libraries have: the lock of the standard input is free
    // in each process, and nobody waits for it meanwhile.
    const input = ffi.C.openclaw_vips_stdin as unknown;
    ffi.C.openclaw_vips_flockfile!(input);
    const is_ready = set_up(opened);
    ffi.C.openclaw_vips_funlockfile!(input);
    if (!is_ready) return $multi(undefined, "cannot set up libvips");
    library = opened;
    return $multi(opened);
}

/** Whether the library has an operation of that name. */
export function has(opened: Library, operation: string): boolean {
    return tonumber(opened.openclaw_vips_type_find!("VipsOperation", operation))! !== 0;
}

/** Whether libheif has a decoder: 1 for HEVC, 4 for AV1. Debian 13 has decoders in packages of their own. */
export function decodes_heif(coding: number): boolean {
    const [loaded, heif] = pcall(ffi.load, HEIF_SONAME);
    // Where libheif is linked into something else, the image tells.
    if (!loaded) return true;
    return (heif as Library).openclaw_vips_heif_have_decoder!(coding) !== 0;
}

/** Lets an image or another object go. */
export function unref(opened: Library, object: CValue | undefined): void {
    if (object !== undefined) opened.openclaw_vips_unref!(object);
}

/**
 * What the library has to say of failures since the last call, cut, in printable ASCII. Threads share this text: it may be about another
 * thread's image.
 */
export function take_text(opened: Library): string {
    const text = opened.openclaw_vips_error_buffer_copy!() as CValue | undefined;
    if (text === undefined) return "";
    const whole = ffi.string(text);
    opened.openclaw_vips_free!(text);
    const [cut] = string.gsub(string.sub(whole, -MOST_TEXT), "[^\x20-\x7e]", "?");
    return cut;
}

/** Where operations write the image that they make. */
export const place = ffi.new("openclaw_vips_image *[1]") as unknown as {
    get: LuaTableGetMethod<number, Image | undefined>;
};

/** The image that an operation has made, by what it returned; nothing where it failed. */
export function made(answer: unknown): Image | undefined {
    if (answer !== 0) return undefined;
    return place.get(0);
}

/** What a step has made of an image, which is let go. */
export function instead(opened: Library, image: Image, next: Image | undefined): Image | undefined {
    unref(opened, image);
    return next;
}
