local ____exports = {}
local process = require("ngx.process")
--- Whether this process serves requests: a worker, or the only process there is. Phases: any.
function ____exports.is_here()
    local kind = process.type()
    return kind == "worker" or kind == "single"
end
return ____exports
