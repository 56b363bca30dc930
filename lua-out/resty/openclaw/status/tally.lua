local ____exports = {}
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local object = ____shapes.object
--- How the totals are written.
____exports.ANSWERS = object()(
    {"1xx", exact},
    {"2xx", exact},
    {"3xx", exact},
    {"4xx", exact},
    {"5xx", exact},
    {"other", exact}
)
--- An empty tally. Phases: any.
local function create()
    local totals = {
        ["1xx"] = 0,
        ["2xx"] = 0,
        ["3xx"] = 0,
        ["4xx"] = 0,
        ["5xx"] = 0,
        other = 0
    }
    return {totals = totals, recent = 0, recent_errors = 0}
end
____exports.new = create
--- Adds responses of one class; what is no class counts as "other". Phases: any.
function ____exports.add(tally, status, total, recent)
    local totals = tally.totals
    local name = status ~= nil and totals[status] ~= nil and status or "other"
    totals[name] = (totals[name] or 0) + total
    tally.recent = tally.recent + recent
    if name == "5xx" or name == "other" then
        tally.recent_errors = tally.recent_errors + recent
    end
end
--- Whether it holds any responses. Phases: any.
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
--- The share of errors within the window; nothing without responses. Phases: any.
function ____exports.error_share(tally)
    if tally == nil or tally.recent <= 0 then
        return nil
    end
    return tally.recent_errors / tally.recent
end
return ____exports
