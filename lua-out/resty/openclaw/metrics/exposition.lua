local ____exports = {}
local buffer = require("string.buffer")
local ____metric_registry = require("resty.openclaw.metric_registry")
local DEFAULT_HELP = ____metric_registry.DEFAULT_HELP
local catalogues = require("resty.openclaw.metric_registry.catalogue")
local ____number_text = require("resty.openclaw.metric_registry.number_text")
local number_text = ____number_text.number_text
local shared_memory = require("resty.openclaw.shared_memory")
local ____lease = require("resty.openclaw.shared_memory.lease")
local HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
--- A piece of the page is this much work, about a millisecond: each line, and for each number of a line all that are
-- added up in it, one of each worker's block.
local WORK_AT_ONCE = 32768
local WORK_OF_LINE = 32
local function send(page)
    page.work = 0
    page.wanted = page.write(page.text:get())
end
local function sample(page, name, labels, value)
    page.text:put(
        name,
        labels,
        " ",
        number_text(value),
        "\n"
    )
    page.work = page.work + page.line
end
--- A histogram's lines. Count and last bucket are one number, so that they can never contradict each other.
local function histogram(page, registry, name, bounds, series)
    local others = series.labels == "" and "{" or string.sub(series.labels, 1, -2) .. ","
    local slot = series.slot
    local count = 0
    for ____, bound in ipairs(bounds) do
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
    page.work = page.work + (#bounds + 1) * page.line
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
--- Whether a family other than the one at hand goes by a name, or writes lines of that name.
local function is_taken(page, name)
    local catalogue = page.catalogue
    if catalogues.in_force(catalogue, name) ~= nil then
        return true
    end
    return first_collector(catalogue.registry, name) ~= nil or is_part_of_histogram(catalogue, name)
end
local function head(page, name, kind, help)
    page.format.head(
        page.text,
        name,
        kind,
        help,
        function(other) return is_taken(page, other) end
    )
end
local function family(page, registry, shape)
    if #shape.series == 0 then
        return
    end
    local ____shape_3 = shape
    local name = ____shape_3.name
    local kind = ____shape_3.kind
    local region = registry.region
    local ____opt_4 = registry.families[name]
    local help = ____opt_4 and ____opt_4.help or DEFAULT_HELP
    head(page, name, kind, help)
    local bounds = page.format.bounds(shape.bounds)
    for ____, series in ipairs(shape.series) do
        if catalogues.is_current(registry, series) then
            if kind == "histogram" then
                histogram(
                    page,
                    registry,
                    name,
                    bounds,
                    series
                )
            elseif kind == "gauge" then
                sample(page, name, series.labels, region.common[series.slot])
            else
                sample(
                    page,
                    name,
                    series.labels,
                    shared_memory.total(region, series.slot)
                )
            end
        end
        if page.work >= WORK_AT_ONCE then
            send(page)
        end
        if not page.wanted then
            return
        end
    end
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
--- Writes the page, piece by piece; false when nobody wanted the rest. Figures of a name that is registered as something
-- else, or whose name belongs to a collector or a histogram, are left out. Phases: any in which `write` may be called.
function ____exports.render(catalogue, faults, format, write)
    local registry = catalogue.registry
    local line = WORK_OF_LINE + registry.region.base[HIGHEST_BLOCK]
    local page = {
        catalogue = catalogue,
        format = format,
        text = buffer.new(),
        write = write,
        line = line,
        work = 0,
        wanted = true
    }
    for ____, name in ipairs(catalogue.names) do
        local shape = catalogues.in_force(catalogue, name)
        local taken = first_collector(registry, name) ~= nil or is_part_of_histogram(catalogue, name)
        if shape ~= nil and not taken then
            family(page, registry, shape)
        end
        if not page.wanted then
            return false
        end
    end
    for ____, collector in ipairs(registry.collectors) do
        if first_collector(registry, collector.name) == collector then
            collected(page, registry, collector, faults)
        end
        if page.work >= WORK_AT_ONCE then
            send(page)
        end
        if not page.wanted then
            return false
        end
    end
    page.text:put(format.ending)
    send(page)
    return page.wanted
end
return ____exports
