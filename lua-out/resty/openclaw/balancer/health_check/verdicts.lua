local ____exports = {}
--- Slots of the common block that a record takes. All zero: a node that has never failed a check.
____exports.SLOTS = 4
local DOWN = 0
local FAILS_IN_A_ROW = 1
local PASSES_IN_A_ROW = 2
--- Whether any check has failed since the node was last found sound.
local IN_DOUBT = 3
--- Whether so many checks failed in a row that the node is to get no requests. Phases: any.
function ____exports.is_down(record)
    return record[DOWN] ~= 0
end
local function note_failure(record, fails)
    local in_a_row = record[FAILS_IN_A_ROW] + 1
    record[FAILS_IN_A_ROW] = in_a_row
    record[PASSES_IN_A_ROW] = 0
    record[IN_DOUBT] = 1
    if ____exports.is_down(record) or in_a_row < fails then
        return nil
    end
    record[DOWN] = 1
    return "down"
end
--- Books a verdict. Returns "down" when it takes the node down, "up" when it brings the node back, "recovered" when the
-- node was up all the while, but so many passes in a row have come after a check that failed; else nothing. Phases: any,
-- in the one worker that leads.
-- 
-- @param fails failures in a row that take a node down
-- @param passes passes in a row that bring it back; "busy" counts as one
function ____exports.note(record, verdict, fails, passes)
    if verdict == "fail" then
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
    local was_down = ____exports.is_down(record)
    record[DOWN] = 0
    record[PASSES_IN_A_ROW] = 0
    record[IN_DOUBT] = 0
    return was_down and "up" or "recovered"
end
return ____exports
