local ____exports = {}
local auth = require("resty.openclaw.auth")
local body_digest = require("resty.openclaw.body_digest")
local deadline = require("resty.openclaw.deadline")
local edge = require("resty.openclaw.edge")
local identity = require("resty.openclaw.identity")
local image_check = require("resty.openclaw.image_check")
local inference = require("resty.openclaw.inference")
--- In the order of the documentation.
local PLUGINS = {
    edge.plugin,
    deadline.plugin,
    auth.plugin,
    identity.plugin,
    image_check.plugin,
    body_digest.plugin,
    inference.plugin
}
____exports.PLUGINS = PLUGINS
return ____exports
