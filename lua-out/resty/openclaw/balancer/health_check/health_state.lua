local ____exports = {}
local state_changes = require("resty.openclaw.balancer.state_changes")
local state_changes_note = state_changes.note
--- Slots of the common block that a record takes. All zero: a node that has never failed a check.
local SLOTS = 4
____exports.SLOTS = SLOTS
local DOWN = 0
local FAILS_IN_A_ROW = 1
local PASSES_IN_A_ROW = 2
--- Whether a check has failed and enough passes have not followed yet.
local IN_DOUBT = 3
--- Whether the checks have marked the node as down: it gets no requests. Phases: any.
local function is_down(record)
    return record[DOWN] ~= 0
end
____exports.is_down = is_down
local function note_failure(record, fails)
    local in_a_row = record[FAILS_IN_A_ROW] + 1
    record[FAILS_IN_A_ROW] = in_a_row
    record[PASSES_IN_A_ROW] = 0
    record[IN_DOUBT] = 1
    if is_down(record) or in_a_row < fails then
        return nil
    end
    record[DOWN] = 1
    state_changes_note()
    return "down"
end
--- Records the result of a check. Returns "down" if it marks the node as down; "up" if it marks it as up again; "recovered" if the
-- node was not down, but enough passes have followed a failed check; else nothing. Phases: any, in the leader.
-- 
-- @param fails failures in a row that mark a node as down
-- @param passes passes in a row that mark it as up; "busy" counts as one
local function note(record, result, fails, passes)
    if result == "fail" then
        return note_failure(record, fails)
    end
    if record[IN_DOUBT] == 0 then
        return nil
    end
    local in_a_row = record[PASSES_IN_A_ROW] + 1
    record[PASSES_IN_A_ROW] = in_a_row
    record[FAILS_IN_A_ROW] = 0
    if in_a_row < passes then
        return nil
    end
    local was_down = is_down(record)
    record[DOWN] = 0
    state_changes_note()
    record[PASSES_IN_A_ROW] = 0
    record[IN_DOUBT] = 0
    return was_down and "up" or "recovered"
end
____exports.note = note
return ____exports
