local ____exports = {}
local auth = require("resty.openclaw.auth")
local bandwidth = require("resty.openclaw.bandwidth")
local body_digest = require("resty.openclaw.body_digest")
local cache = require("resty.openclaw.cache")
local caller_class = require("resty.openclaw.caller_class")
local checks = require("resty.openclaw.checks")
local deadline = require("resty.openclaw.deadline")
local edge = require("resty.openclaw.edge")
local identity = require("resty.openclaw.identity")
local image = require("resty.openclaw.image")
local inference = require("resty.openclaw.inference")
local limit = require("resty.openclaw.limit")
--- In the order of the documentation.
local PLUGINS = {
    edge.plugin,
    deadline.plugin,
    auth.plugin,
    caller_class.plugin,
    limit.plugin,
    bandwidth.plugin,
    identity.plugin,
    checks.plugin,
    image.plugin,
    body_digest.plugin,
    cache.plugin,
    inference.plugin
}
____exports.PLUGINS = PLUGINS
return ____exports
