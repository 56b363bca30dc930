local ____exports = {}
local buffer = require("string.buffer")
local ____metric_registry = require("resty.openclaw.metric_registry")
local DEFAULT_HELP = ____metric_registry.DEFAULT_HELP
local catalogues = require("resty.openclaw.metric_registry.catalogue")
local ____number_text = require("resty.openclaw.metric_registry.number_text")
local number_text = ____number_text.number_text
local shared_memory = require("resty.openclaw.shared_memory")
____exports.CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
--- So many sums over all workers go out in one piece: about a millisecond.
local SUMS_AT_ONCE = 500
local function send(page)
    page.sums = 0
    page.wanted = page.write(page.text:get())
end
local function head(page, name, kind, help)
    local escaped = (string.gsub(help, "[\\\n]", {["\\"] = "\\\\", ["\n"] = "\\n"}))
    page.text:put(
        "# HELP ",
        name,
        " ",
        escaped,
        "\n# TYPE ",
        name,
        " ",
        kind,
        "\n"
    )
end
local function sample(page, name, labels, value)
    page.text:put(
        name,
        labels,
        " ",
        number_text(value),
        "\n"
    )
end
--- A histogram's lines. Count and last bucket are one number, so that they can never contradict each other.
local function histogram(page, registry, shape, series)
    local name = shape.name
    local others = series.labels == "" and "{" or string.sub(series.labels, 1, -2) .. ","
    local slot = series.slot
    local count = 0
    for ____, bound in ipairs(shape.bounds) do
        count = count + shared_memory.total(registry.region, slot)
        page.text:put(
            name,
            "_bucket",
            others,
            "le=\"",
            bound,
            "\"} ",
            number_text(count),
            "\n"
        )
        slot = slot + 1
    end
    page.text:put(
        name,
        "_sum",
        series.labels,
        " ",
        number_text(shared_memory.total(registry.region, slot)),
        "\n"
    )
    page.text:put(
        name,
        "_count",
        series.labels,
        " ",
        number_text(count),
        "\n"
    )
    page.sums = page.sums + (#shape.bounds + 1)
end
local function one_series(page, registry, shape, series)
    if shape.kind == "histogram" then
        histogram(page, registry, shape, series)
        return
    end
    local region = registry.region
    local value = shape.kind == "gauge" and region.common[series.slot] or shared_memory.total(region, series.slot)
    sample(page, shape.name, series.labels, value)
    page.sums = page.sums + 1
end
local function family(page, registry, shape)
    local registered = registry.families[shape.name]
    head(page, shape.name, shape.kind, registered == nil and DEFAULT_HELP or registered.help)
    for ____, series in ipairs(shape.series) do
        if catalogues.is_current(registry, series) then
            one_series(page, registry, shape, series)
        end
        if page.sums >= SUMS_AT_ONCE then
            send(page)
        end
        if not page.wanted then
            return
        end
    end
end
--- Whether a name is that of lines which a histogram writes, so that a page with both would be refused.
local function is_part_of_histogram(catalogue, name)
    local base = string.match(name, "^(.+)_bucket$")
    local counted = string.match(name, "^(.+)_count$")
    local summed = string.match(name, "^(.+)_sum$")
    local stem = base or counted or summed
    local ____temp_2 = stem ~= nil
    if ____temp_2 then
        local ____opt_0 = catalogues.in_force(catalogue, stem)
        ____temp_2 = (____opt_0 and ____opt_0.kind) == "histogram"
    end
    return ____temp_2
end
local function first_collector(registry, name)
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == name then
            return collector
        end
    end
    return nil
end
--- The figures of all collectors with this one's name, which is the first of them.
local function collected(page, registry, first, faults)
    local is_empty = true
    local function emit(labels, value)
        if is_empty then
            head(page, first.name, first.kind, first.help)
        end
        is_empty = false
        sample(page, first.name, labels, value)
    end
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == first.name and collector.kind == first.kind then
            local ok, err = pcall(collector.collect, emit)
            if not ok then
                faults:report("collect", collector.name, ": ", err)
            end
        end
    end
end
--- Writes the page, piece by piece. Figures of a name that is registered as something else, or whose name belongs to a
-- collector or a histogram, are left out. Phases: any in which `write` may be called.
function ____exports.render(catalogue, faults, write)
    local registry = catalogue.registry
    local page = {
        text = buffer.new(),
        write = write,
        sums = 0,
        wanted = true
    }
    for ____, name in ipairs(catalogue.names) do
        local shape = catalogues.in_force(catalogue, name)
        local taken = first_collector(registry, name) ~= nil or is_part_of_histogram(catalogue, name)
        if shape ~= nil and not taken then
            family(page, registry, shape)
        end
        if not page.wanted then
            return
        end
    end
    for ____, collector in ipairs(registry.collectors) do
        if first_collector(registry, collector.name) == collector then
            collected(page, registry, collector, faults)
        end
    end
    send(page)
end
return ____exports
