local ____exports = {}
local pairs = pairs
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local object = ____shapes.object
--- How the totals are written.
local ANSWERS = object()(
    {"1xx", exact},
    {"2xx", exact},
    {"3xx", exact},
    {"4xx", exact},
    {"5xx", exact},
    {"other", exact}
)
____exports.ANSWERS = ANSWERS
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
local function add(tally, status, total, recent)
    local totals = tally.totals
    local name = status ~= nil and totals[status] ~= nil and status or "other"
    totals[name] = (totals[name] or 0) + total
    tally.recent = tally.recent + recent
    if name == "5xx" or name == "other" then
        tally.recent_errors = tally.recent_errors + recent
    end
end
____exports.add = add
--- Whether it holds any responses. Phases: any.
local function is_used(tally)
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
____exports.is_used = is_used
--- The share of errors within the window; nothing without responses. Phases: any.
local function error_share(tally)
    if tally == nil or tally.recent <= 0 then
        return nil
    end
    return tally.recent_errors / tally.recent
end
____exports.error_share = error_share
return ____exports
