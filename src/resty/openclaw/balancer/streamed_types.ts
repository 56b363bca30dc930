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

/** Whether an answer with this Content-Type is a stream. Phases: any. */
export function is_streamed(content_type: string): boolean {
    if (content_type === "") return false;
    const kind = media_type.of(content_type);
    return STREAMED[kind] === true || string.sub(kind, 1, GRPC.length) === GRPC;
}
