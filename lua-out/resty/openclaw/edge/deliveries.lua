local ____exports = {}
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local marks = require("resty.openclaw.edge.jobs.mark")
local request = require("resty.openclaw.core.request.request")
--- Requests that came with a mark, and whether it was the right one.
local marked = {}
--- When these began: a later one may be at the same place in memory.
local beginnings = {}
--- Finds out whether the request at hand is a delivery from that store, and takes the mark off. Phases: access.
function ____exports.note(mark)
    local key = request.key()
    if marked[key] ~= nil and beginnings[key] ~= request.started() then
        marked[key] = nil
    end
    if not delivery_header.is_there() then
        return
    end
    marked[key] = marks.matches(mark)
    beginnings[key] = request.started()
    delivery_header.strip()
end
--- Whether the request at hand is a delivery from the route's store.
function ____exports.is_own()
    return marked[request.key()] == true
end
--- Whether the request at hand came with a mark, the right one or not: it is never kept. A wrong one may be of another
-- gateway's or of another route's delivery, which keeps the job itself.
function ____exports.is_marked()
    return marked[request.key()] ~= nil
end
--- Forgets the request; to be called when it ends.
function ____exports.forget()
    local key = request.key()
    if not (marked[key] ~= nil) then
        return
    end
    marked[key] = nil
    beginnings[key] = nil
end
return ____exports
