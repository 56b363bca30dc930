--- Looks into what is kept of the requests of this worker.
local request_state = require("resty.openclaw.core.request.request_state")

local request_states = {}

--- The states of all requests, by their places in memory.
function request_states.all()
    for at = 1, 10 do
        local name, value = debug.getupvalue(request_state.present, at)
        if name == "states" then return value end
    end
    error("request_state.present has no states")
end

--- How many requests have something in that field.
function request_states.count(field)
    local count = 0
    for _, state in pairs(request_states.all()) do
        if state[field] ~= nil then count = count + 1 end
    end
    return count
end

return request_states
