local ____exports = {}
local read = require("resty.openclaw.options")
local file = require("resty.openclaw.post_action.sinks.file")
local http = require("resty.openclaw.post_action.sinks.http")
local SINKS = {file = file.new, http = http.new}
--- The sink that the options describe. Phases: init. Raises when they are wrong.
function ____exports.open(owner, options)
    local ____type = read.one_of(owner, options, "type", {"file", "http"})
    return SINKS[____type](owner, options)
end
return ____exports
