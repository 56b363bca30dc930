require("resty.openclaw").setup {
    upstreams = {
        openclaw_cluster = {
            nodes = { "127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103" },
        },
    },
    routes = {
        analyze = {
            upstream = "openclaw_cluster",
            checks = { methods = { "POST" }, content_types = { "image/jpeg", "image/png" } },
            body_digest = { algorithm = "md5" },
        },
    },
    log = {
        sinks = { { type = "http", url = "http://127.0.0.1:8104/log" } },
    },
}
