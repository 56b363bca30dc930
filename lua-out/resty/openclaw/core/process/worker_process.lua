local ____exports = {}
local process = require("ngx.process")
local process_type = process.type
--- Whether this process serves requests: a worker, or the only process there is. Phases: any.
local function is_here()
    local kind = process_type()
    return kind == "worker" or kind == "single"
end
____exports.is_here = is_here
return ____exports
