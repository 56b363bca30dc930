local ____exports = {}
local json = require("resty.openclaw.core.text.json")
local ____history = require("resty.openclaw.status.history")
local POINTS = ____history.POINTS
local numbers = require("resty.openclaw.status.number")
local tallies = require("resty.openclaw.status.tally")
--- The points of a chart, the oldest first.
local function points_text(points)
    if points == nil then
        return "null"
    end
    local texts = {}
    for place = 1, POINTS do
        texts[place] = numbers.rounded(points[place])
    end
    return ("[" .. table.concat(texts, ",")) .. "]"
end
--- A node. Phases: any.
function ____exports.node(report, figures, seconds)
    local ____figures_0 = figures
    local answers = ____figures_0.answers
    local said = string.format(
        "\"address\":%s,\"state\":%s,\"reason\":%s,\"seconds_left\":%s,\"weight\":%s,\"drain\":%s,\"effective_weight\":%s,\"in_flight\":%s,\"service_seconds\":%s,\"concurrency\":%s",
        json.short_text(report.address),
        json.short_text(report.state),
        report.reason == nil and "null" or json.short_text(report.reason),
        numbers.rounded(report.seconds_left),
        numbers.exact(report.weight),
        tostring(report.drain),
        numbers.rounded(report.effective_weight),
        numbers.exact(report.in_flight),
        numbers.rounded(report.service_seconds),
        numbers.rounded(report.concurrency)
    )
    return string.format(
        "{%s,\"tries\":%s,\"answers\":%s,\"recent\":{\"requests_per_second\":%s,\"error_share\":%s,\"mean_seconds\":%s},\"seconds\":%s}",
        said,
        numbers.exact(figures.tries),
        tallies.text(answers),
        numbers.rounded(numbers.per_second(figures.recent_tries, seconds)),
        numbers.rounded(tallies.error_share(answers)),
        numbers.rounded(figures.mean_seconds),
        points_text(figures.points)
    )
end
return ____exports
