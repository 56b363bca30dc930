local ____exports = {}
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local map_of = ____shapes.map_of
local object = ____shapes.object
local rounded = ____shapes.rounded
local sorted_entries = ____shapes.sorted_entries
local ____rate = require("resty.openclaw.status.rate")
local per_second = ____rate.per_second
local windows = require("resty.openclaw.status.window")
local windows_collected = windows.collected
local windows_each = windows.each
--- By the label `result`. All others, but for `converted`, are why requests were refused.
local PASSED_ON = {untouched = true, trusted = true}
local RECENT = object()({"converted_per_second", rounded}, {"refused_per_second", rounded})
local IMAGE = object()(
    {"running", exact},
    {"waiting", exact},
    {"converted", exact},
    {"refused", exact},
    {"bytes_in", exact},
    {"bytes_out", exact},
    {"saved_share", rounded},
    {"recent", RECENT}
)
--- How routes with images are written.
local IMAGES = map_of(IMAGE)
____exports.IMAGES = IMAGES
local function figures_of(images, labels)
    local route = labels.route or ""
    local known = images[route]
    if known ~= nil then
        return known
    end
    local made = {
        running = nil,
        waiting = nil,
        converted = 0,
        refused = 0,
        recent_converted = 0,
        recent_refused = 0,
        bytes_in = 0,
        bytes_out = 0
    }
    images[route] = made
    return made
end
local function gather(window)
    local images = {}
    windows_collected(
        window,
        "openclaw_image_running",
        function(labels, value)
            figures_of(images, labels).running = value
        end
    )
    windows_collected(
        window,
        "openclaw_image_waiting",
        function(labels, value)
            figures_of(images, labels).waiting = value
        end
    )
    windows_each(
        window,
        "openclaw_image_jobs_total",
        function(labels, total, recent)
            local result = labels.result or ""
            local figures = figures_of(images, labels)
            if result == "converted" then
                figures.converted = figures.converted + total
                figures.recent_converted = figures.recent_converted + recent
            elseif PASSED_ON[result] == nil then
                figures.refused = figures.refused + total
                figures.recent_refused = figures.recent_refused + recent
            end
        end
    )
    windows_each(
        window,
        "openclaw_image_bytes_total",
        function(labels, total)
            local figures = figures_of(images, labels)
            if labels.direction == "in" then
                figures.bytes_in = figures.bytes_in + total
            elseif labels.direction == "out" then
                figures.bytes_out = figures.bytes_out + total
            end
        end
    )
    return images
end
local function shown(figures, seconds)
    local ____figures_0 = figures
    local bytes_in = ____figures_0.bytes_in
    local bytes_out = ____figures_0.bytes_out
    return {
        running = figures.running,
        waiting = figures.waiting,
        converted = figures.converted,
        refused = figures.refused,
        bytes_in = bytes_in,
        bytes_out = bytes_out,
        saved_share = bytes_in > 0 and 1 - bytes_out / bytes_in or nil,
        recent = {
            converted_per_second = per_second(figures.recent_converted, seconds),
            refused_per_second = per_second(figures.recent_refused, seconds)
        }
    }
end
--- The routes with images by name. Phases: those in which the window may yield.
function ____exports.images(window)
    return sorted_entries(
        gather(window),
        function(figures) return shown(figures, window.seconds) end
    )
end
return ____exports
