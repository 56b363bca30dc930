/** Takes the response with an image into memory of C, piece by piece. */
import * as ffi from "ffi";
import type { Region } from "../../core/bytes/region";
import * as regions from "../../core/bytes/region";
import * as time_slice from "../../core/time/time_slice";
import type { Receiver } from "../../http_client";

/** An image as it comes. Its memory is given back when nobody knows it any more. */
export interface Picture {
    readonly region: Region;
    bytes: number;
    /** The status of the response; 0 before there is one. */
    status: number;
    /** Whether it comes compressed, which nobody has asked for. */
    is_encoded: boolean;
}

const OK = 200;
const NO_MEMORY = "no memory";

/** An image of which nothing has come. Phases: any. */
function create(): Picture {
    return { region: regions.new(), bytes: 0, status: 0, is_encoded: false };
}
export { create as new };

/** Where it is, as long as somebody knows the picture; nothing if it has no bytes. Phases: any. */
export function memory_of({ region }: Picture): Bytes | undefined {
    if (region.memory === undefined) return undefined;
    return ffi.cast("uint8_t *", region.memory) as unknown as Bytes;
}

/** What takes the response; `max_bytes`: of the image. Lets others have their turn. */
export function receiver(picture: Picture, max_bytes: number): Receiver {
    const { region } = picture;
    const slice = time_slice.begin();
    let room = max_bytes;
    return {
        head: (status, headers) => {
            picture.status = status;
            if (status !== OK) return `status ${status}`;
            const coding = string.lower(headers["content-encoding"] ?? "identity");
            picture.is_encoded = coding !== "identity";
            if (picture.is_encoded) return "a Content-Encoding that was not asked for";
            room = math.min(max_bytes, tonumber(headers["content-length"]) ?? max_bytes);
            return undefined;
        },
        piece: (piece) => {
            // Pages that nobody writes cost nothing.
            const is_there = region.memory !== undefined || regions.resize(region, math.max(room, 1));
            if (!is_there || picture.bytes + piece.length > region.bytes) return NO_MEMORY;
            ffi.copy(pointer_add(memory_of(picture)!, picture.bytes), piece, piece.length);
            picture.bytes += piece.length;
            if (time_slice.is_over(slice)) {
                time_slice.yield_now();
                time_slice.renew(slice);
            }
            return undefined;
        },
    };
}
