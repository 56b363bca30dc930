--- Makes sinks without a queue.
local problem = require("resty.openclaw.config.problems")
local sinks = require("resty.openclaw.post_action.sinks")

local _M = {}

--- The sink that has these options. Raises all that is wrong, with `path` in front.
function _M.open(path, options)
    local problems = {}
    local read = sinks.SINK.read(options, path, problems)
    problem.raise(problems)
    return sinks.create(read, path)
end

return _M
