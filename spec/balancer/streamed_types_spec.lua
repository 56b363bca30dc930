local is_streamed = require("resty.openclaw.balancer.streamed_types").is_streamed

describe("balancer.streamed_types", function()
    it("are those of streams, in any case and with any parameters", function()
        for _, kind in ipairs({
            "text/event-stream", "Text/Event-Stream", "text/event-stream; charset=utf-8", "text/event-stream\t ;a=b",
            "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
            "application/json-seq", "application/stream+json", "APPLICATION/STREAM+JSON;charset=utf-8",
            "multipart/x-mixed-replace; boundary=frame", "Multipart/X-Mixed-Replace",
            "application/grpc", "application/grpc+proto", "application/grpc-web-text", "Application/gRPC",
        }) do
            assert.is_true(is_streamed(kind), kind)
        end
    end)

    it("are no others", function()
        for _, kind in ipairs({
            "", ";", " ", "application/json", "text/plain; a=text/event-stream", "text/event-streams", "x-text/event-stream",
            "multipart/form-data; boundary=a", "application/json; charset=utf-8",
        }) do
            assert.is_false(is_streamed(kind), kind)
        end
    end)
end)
