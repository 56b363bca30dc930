local ____exports = {}
local pairs = pairs
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_total = metric_handles.total
local function totals(counters)
    local found = {}
    for name, counter in pairs(counters) do
        found[name] = metric_handles_total(counter)
    end
    return found
end
--- Followers and recorded answers by result, near answers, and the bytes of shared memory for answers. Phases: any.
local function document(store)
    return {
        followers = totals(store.following),
        recorded = totals(store.results),
        near = metric_handles_total(store.near.total),
        memory = {
            bytes = store.dict:capacity(),
            free_bytes = store.dict:free_space()
        }
    }
end
____exports.document = document
return ____exports
