/** Which answers come in a trickle, by their media type. Pure Lua. */
import * as media_type from "../core/http/media_type";

/** Server-sent events, JSON by the line under its several names, and pictures one after another. */
const STREAMED: Record<string, boolean> = {
    "text/event-stream": true,
    "application/x-ndjson": true,
    "application/ndjson": true,
    "application/jsonl": true,
    "application/x-jsonlines": true,
    "application/json-seq": true,
    "application/stream+json": true,
    "multipart/x-mixed-replace": true,
};

/** What begins all names of gRPC's: "application/grpc+proto", "application/grpc-web". */
const GRPC = "application/grpc";

/** What is known of the values seen so far. Nodes may send any, so their number is limited. */
const known = new LuaMap<string, boolean>();
const MOST_KNOWN = 100;
const LONGEST_KNOWN = 100;
let known_count = 0;

function look_at(content_type: string): boolean {
    const kind = media_type.of(content_type);
    const is_it = STREAMED[kind] === true || string.sub(kind, 1, GRPC.length) === GRPC;
    if (known_count < MOST_KNOWN && content_type.length <= LONGEST_KNOWN) {
        known.set(content_type, is_it);
        known_count += 1;
    }
    return is_it;
}

/** Whether an answer with this Content-Type is a stream. Phases: any. */
export function is_streamed(content_type: string): boolean {
    if (content_type === "") return false;
    const is_it = known.get(content_type) ?? look_at(content_type);
    return is_it;
}
