local ____exports = {}
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local request_state = require("resty.openclaw.core.request.request_state")
local marks = require("resty.openclaw.edge.jobs.mark")
--- Finds out whether the request at hand is a delivery from that store, and takes the mark off. Phases: access.
function ____exports.note(mark)
    if not delivery_header.is_there() then
        return
    end
    request_state.open().delivery_mark = marks.matches(mark)
    delivery_header.strip()
end
--- Whether the request at hand is a delivery from the route's store.
function ____exports.is_own()
    local ____opt_0 = request_state.present()
    return (____opt_0 and ____opt_0.delivery_mark) == true
end
--- Whether the request at hand came with a mark, the right one or not: it is never kept. A wrong one may be of another
-- gateway's or of another route's delivery, which keeps the job itself.
function ____exports.is_marked()
    local ____opt_2 = request_state.present()
    return (____opt_2 and ____opt_2.delivery_mark) ~= nil
end
--- Takes the note back, where nobody forgets the request as a whole. Phases: log.
function ____exports.forget()
    local state = request_state.present()
    if state ~= nil then
        state.delivery_mark = nil
    end
end
return ____exports
