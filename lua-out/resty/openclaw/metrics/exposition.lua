local ____exports = {}
local ipairs = ipairs
local string_match = string.match
local buffer = require("string.buffer")
local buffer_new = buffer.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local ____lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local HIGHEST_BLOCK = lease_HIGHEST_BLOCK
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local ____metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_DEFAULT_HELP = ____metric_registry.DEFAULT_HELP
local DEFAULT_HELP = metric_registry_DEFAULT_HELP
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local catalogues_in_force = catalogues.in_force
local ____number_text = require("resty.openclaw.core.metrics.metric_registry.number_text")
local number_text = ____number_text.number_text
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_is_current = series_list.is_current
local series_list_label_bytes = series_list.label_bytes
local series_list_labels_at = series_list.labels_at
local series_list_slot = series_list.slot
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
--- A piece of the page takes a millisecond, and at most this much work: each line, and for each number of a line all that are added up in
-- it, one of each worker's block.
local WORK_AT_ONCE = 32768
local WORK_OF_LINE = 32
local function send(page)
    page.work = 0
    page.wanted = page.write(page.text:get())
    time_slice_renew(page.slice)
end
local function send_if_due(page)
    if page.work >= WORK_AT_ONCE or time_slice_is_over(page.slice) then
        send(page)
    end
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
--- A series' line, or the one of a histogram's lines that ends in `ending`.
local function line_of_series(page, name, ending, list, index, value)
    page.text:put(name, ending)
    page.text:putcdata(
        series_list_labels_at(list, index),
        series_list_label_bytes(list, index)
    )
    page.text:put(
        " ",
        number_text(value),
        "\n"
    )
    page.work = page.work + page.line
end
--- The beginning of a bucket's line, up to its own label.
local function bucket_begins(page, name, list, index)
    local bytes = series_list_label_bytes(list, index)
    page.text:put(name, "_bucket")
    if bytes == 0 then
        page.text:put("{")
    else
        page.text:putcdata(
            series_list_labels_at(list, index),
            bytes - 1
        )
        page.text:put(",")
    end
end
--- A histogram's lines. Count and last bucket are one number, so that they can never contradict each other.
local function histogram(page, region, name, bounds, list, index)
    local slot = series_list_slot(list, index)
    local count = 0
    for ____, bound in ipairs(bounds) do
        count = count + shared_memory_total(region, slot)
        bucket_begins(page, name, list, index)
        page.text:put(
            "le=\"",
            bound,
            "\"} ",
            number_text(count),
            "\n"
        )
        slot = slot + 1
    end
    line_of_series(
        page,
        name,
        "_sum",
        list,
        index,
        shared_memory_total(region, slot)
    )
    line_of_series(
        page,
        name,
        "_count",
        list,
        index,
        count
    )
    page.work = page.work + #bounds * page.line
end
local function one_series(page, region, shape, bounds, list, index)
    local ____shape_0 = shape
    local name = ____shape_0.name
    local kind = ____shape_0.kind
    if kind == "histogram" then
        histogram(
            page,
            region,
            name,
            bounds,
            list,
            index
        )
        return
    end
    local slot = series_list_slot(list, index)
    local value = kind == "gauge" and region.common[slot] or shared_memory_total(region, slot)
    line_of_series(
        page,
        name,
        "",
        list,
        index,
        value
    )
end
--- Whether a name is that of lines which a histogram writes, so that a page with both would be refused.
local function is_part_of_histogram(catalogue, name)
    local base = string_match(name, "^(.+)_bucket$")
    local counted = string_match(name, "^(.+)_count$")
    local summed = string_match(name, "^(.+)_sum$")
    local stem = base or counted or summed
    local ____temp_3 = stem ~= nil
    if ____temp_3 then
        local ____opt_1 = catalogues_in_force(catalogue, stem)
        ____temp_3 = (____opt_1 and ____opt_1.kind) == "histogram"
    end
    return ____temp_3
end
local function first_collector(registry, name)
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == name then
            return collector
        end
    end
    return nil
end
--- Whether another family has this name, or writes lines with it.
local function is_taken(page, name)
    local catalogue = page.catalogue
    if catalogues_in_force(catalogue, name) ~= nil then
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
    local list = shape.series
    if list.count == 0 then
        return
    end
    local ____shape_4 = shape
    local name = ____shape_4.name
    local kind = ____shape_4.kind
    local region = registry.region
    local ____opt_5 = registry.families[name]
    local help = ____opt_5 and ____opt_5.help or DEFAULT_HELP
    head(page, name, kind, help)
    local bounds = page.format.bounds(shape.bounds)
    for index = 0, list.count - 1 do
        if series_list_is_current(list, index, region.generations) then
            one_series(
                page,
                region,
                shape,
                bounds,
                list,
                index
            )
        end
        send_if_due(page)
        if not page.wanted then
            return
        end
    end
end
--- Writes the samples of all collectors with the name of this one, which is the first of them.
local function collected(page, registry, first, faults)
    local is_empty = true
    local function emit(labels, value)
        if not page.wanted then
            return
        end
        if is_empty then
            head(page, first.name, first.kind, first.help)
        end
        is_empty = false
        sample(page, first.name, labels, value)
        send_if_due(page)
    end
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == first.name and collector.kind == first.kind then
            if not page.wanted then
                return
            end
            guard_call_for(
                faults,
                "collect",
                collector.name,
                collector.collect,
                emit
            )
        end
    end
end
--- Writes the page, piece by piece; false when the client is gone. Leaves out series whose name is registered as another kind, or belongs to
-- a collector or a histogram. Phases: any in which `write` may be called.
local function render(catalogue, faults, format, write)
    local registry = catalogue.registry
    local line = WORK_OF_LINE + registry.region.base[HIGHEST_BLOCK]
    local page = {
        catalogue = catalogue,
        format = format,
        text = buffer_new(),
        write = write,
        slice = time_slice_begin(),
        line = line,
        work = 0,
        wanted = true
    }
    for ____, name in ipairs(catalogue.names) do
        local shape = catalogues_in_force(catalogue, name)
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
        if not page.wanted then
            return false
        end
        send_if_due(page)
    end
    page.text:put(format.ending)
    send(page)
    return page.wanted
end
____exports.render = render
return ____exports
