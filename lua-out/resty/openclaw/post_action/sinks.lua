local ____exports = {}
local read = require("resty.openclaw.options")
local file = require("resty.openclaw.post_action.sinks.file")
local http = require("resty.openclaw.post_action.sinks.http")
local redis_stream = require("resty.openclaw.post_action.sinks.redis_stream")
local stream = require("resty.openclaw.post_action.sinks.stream")
local syslog = require("resty.openclaw.post_action.sinks.syslog")
local udp = require("resty.openclaw.post_action.sinks.udp")
local KINDS = {
    file = {open = file.new, refuses = false},
    http = {open = http.new, refuses = true},
    redis_stream = {open = redis_stream.new, refuses = true},
    syslog = {open = syslog.new, refuses = true},
    tcp = {open = stream.tcp, refuses = false},
    tls = {open = stream.tls, refuses = false},
    udp = {open = udp.new, refuses = true},
    unix = {open = stream.unix, refuses = false}
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
    return KINDS[read.one_of(owner, options, "type", TYPES)].open(owner, options)
end
--- The file for what the sink refuses, at `path`. Phases: init. Raises when that is no path, or when this type of sink
-- refuses nothing.
function ____exports.open_dead_letter(owner, path, ____type)
    if not KINDS[____type].refuses then
        error(((owner .. ": \"dead_letter\" has no use with a sink of type \"") .. ____type) .. "\", which refuses nothing", 0)
    end
    return file.at(owner, "dead_letter", path)
end
return ____exports
