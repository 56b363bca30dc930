/** Checks what a body is: its type by its first bytes, and the size of an image by its header. */
import type { Source } from "../core/files/byte_source";
import * as byte_source from "../core/files/byte_source";
import * as image_size from "../core/media/image_size";
import * as magic from "../core/media/magic";
import type { Body } from "../core/request/request_body";
import * as json from "./json";
import type { Verdict } from "./refusals";
import type { ImageLimits, Settings } from "./settings";

function check_image(limits: ImageLimits, source: Source, media_type: string): Verdict {
    const [width, height] = image_size.find(source, media_type);
    if (width === undefined) return $multi("broken_image", "The header of the image is broken, or has no size.");
    const { max_side, max_pixels } = limits;
    if (math.max(width, height) <= max_side && width * height <= max_pixels) return $multi(undefined);
    return $multi(
        "image_too_large",
        string.format(
            "The image has %.0f x %.0f pixels; it may have at most %d a side, and %.0f in all.",
            width,
            height,
            max_side,
            max_pixels,
        ),
    );
}

/** What can be told from a few bytes of a body: nothing where all is fine, or where it may be JSON. */
function look(settings: Settings, source: Source, media_type: string | undefined): Verdict {
    if (media_type === undefined) {
        return $multi("unsupported_media_type", `The body is none of these types: ${settings.type_names}.`);
    }
    const { image } = settings;
    if (image === undefined || image_size.FORMATS[media_type] === undefined) return $multi(undefined);
    return check_image(image, source, media_type);
}

/** Checks a body that is not empty. As `json.check`. */
export function check(settings: Settings, types: readonly string[], body: Body): Verdict {
    if (settings.is_only_json) return json.check(settings.json, body);
    const [source, open_err] = byte_source.open(body, image_size.MOST_READS);
    if (source === undefined) return $multi("unreadable", open_err);
    const media_type = magic.find(source, types);
    const [reason, message] = look(settings, source, media_type);
    byte_source.close(source);
    if (source.problem !== undefined) return $multi("unreadable", source.problem);
    if (reason !== undefined) return $multi(reason, message);
    if (media_type !== magic.JSON) return $multi(undefined);
    return json.check(settings.json, body);
}
