local ____exports = {}
local read = require("resty.openclaw.options")
local file = require("resty.openclaw.post_action.sinks.file")
local http = require("resty.openclaw.post_action.sinks.http")
local redis_stream = require("resty.openclaw.post_action.sinks.redis_stream")
local stream = require("resty.openclaw.post_action.sinks.stream")
local syslog = require("resty.openclaw.post_action.sinks.syslog")
local udp = require("resty.openclaw.post_action.sinks.udp")
local SINKS = {
    file = file.new,
    http = http.new,
    redis_stream = redis_stream.new,
    syslog = syslog.new,
    tcp = stream.tcp,
    tls = stream.tls,
    udp = udp.new,
    unix = stream.unix
}
local TYPES = {
    "file",
    "http",
    "redis_stream",
    "syslog",
    "tcp",
    "tls",
    "udp",
    "unix"
}
--- The sink that the options describe. Phases: init. Raises when they are wrong.
function ____exports.open(owner, options)
    return SINKS[read.one_of(owner, options, "type", TYPES)](owner, options)
end
--- The file for what a sink refuses, at `path`. Phases: init. Raises when that is no path.
function ____exports.open_dead_letter(owner, path)
    return file.at(owner, "dead_letter", path)
end
return ____exports
