local ____exports = {}
local numbers = require("resty.openclaw.status.number")
local CLASSES = {
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "other"
}
--- An empty tally. Phases: any.
local function create()
    local totals = {}
    for ____, name in ipairs(CLASSES) do
        totals[name] = 0
    end
    return {totals = totals, recent = 0, recent_errors = 0}
end
____exports.new = create
--- Adds answers of one class; what is no class counts as "other". Phases: any.
function ____exports.add(tally, status, total, recent)
    local name = status ~= nil and tally.totals[status] ~= nil and status or "other"
    tally.totals[name] = tally.totals[name] + total
    tally.recent = tally.recent + recent
    if name == "5xx" or name == "other" then
        tally.recent_errors = tally.recent_errors + recent
    end
end
--- Whether it holds any answers. Phases: any.
function ____exports.is_used(tally)
    if tally == nil then
        return false
    end
    for ____, count in pairs(tally.totals) do
        if count > 0 then
            return true
        end
    end
    return false
end
--- The share of errors within the window; nothing without answers. Phases: any.
function ____exports.error_share(tally)
    if tally == nil or tally.recent <= 0 then
        return nil
    end
    return tally.recent_errors / tally.recent
end
--- The totals as JSON; `null` for no tally. Phases: any.
function ____exports.text(tally)
    if tally == nil then
        return "null"
    end
    local fields = {}
    for ____, name in ipairs(CLASSES) do
        fields[#fields + 1] = (("\"" .. name) .. "\":") .. numbers.exact(tally.totals[name])
    end
    return ("{" .. table.concat(fields, ",")) .. "}"
end
return ____exports
