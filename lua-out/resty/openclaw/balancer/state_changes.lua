local ____exports = {}
--- How often this worker has changed the state of a peer: marked it as down or up, ejected it, or found it busy. What was computed
-- from the states is valid as long as this number and the time are the same; what other workers change shows a millisecond later.
local changes = 0
--- Counts a change. Phases: any.
local function note()
    changes = changes + 1
end
____exports.note = note
--- The number of changes so far. Phases: any.
local function count()
    return changes
end
____exports.count = count
return ____exports
