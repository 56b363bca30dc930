local ____exports = {}
local ffi = require("ffi")
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local areas_of = ____areas.areas_of
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
--- Places in the area `label`: which region of its dict it is, whether a worker has written to it, and the text after them.
local NUMBER = 0
local USED = 1
local TEXT = 8
--- Of regions that no worker has written to, the youngest so many stay.
local UNUSED_KEPT = 8
--- Ends with a zero, so that no text is the beginning of another.
local function text_of(dict_name)
    return ("resty.openclaw.shared_memory " .. dict_name) .. "\0"
end
--- The region that a line of /proc/self/maps shows, if it is one of this dict.
local function region_in(line, text)
    local from, to = string.match(line, "^(%x+)%-(%x+) rw%-s %x+ %S+ %d+ +/dev/zero")
    if from == nil or to == nil then
        return nil
    end
    local address = tonumber(from, 16)
    local blocks = (tonumber(to, 16) - address) / mapping.BLOCK_BYTES
    if blocks < 1 or blocks % 1 ~= 0 then
        return nil
    end
    local base = mapping.from_text(string.format("%.0f", address))
    local label = mapping.block_at(base, blocks - 1)
    if ffi.string(label + TEXT, #text) ~= text then
        return nil
    end
    return {base = base, label = label, blocks = blocks}
end
--- The regions of this dict that this process has mapped; none where /proc cannot be read.
local function all_of(text)
    local found = {}
    local file = io.open("/proc/self/maps")
    if file == nil then
        return found
    end
    local lines = file:read("*a") or ""
    file:close()
    for line in string.gmatch(lines, "[^\n]+") do
        local region = region_in(line, text)
        if region ~= nil then
            found[#found + 1] = region
        end
    end
    table.sort(
        found,
        function(a, b) return a.label[NUMBER] > b.label[NUMBER] end
    )
    return found
end
--- Unmaps what no configuration can come back to. The youngest region that workers have used may be that of the configuration
-- in force, which stays so if the new one fails, and younger ones those of configurations whose workers have not begun.
local function unmap_former(found)
    local unused = 0
    local used = false
    for ____, region in ipairs(found) do
        local is_unused = region.label[USED] == 0
        if used or is_unused and unused >= UNUSED_KEPT then
            mapping.unmap(region.base, region.blocks)
        elseif is_unused then
            unused = unused + 1
        else
            used = true
        end
    end
end
--- Notes that a new region is that of a dict, and unmaps those of former dicts of the name, but for what the configuration in
-- force may have. Phases: init.
function ____exports.follow(base, blocks, dict_name)
    local text = text_of(dict_name)
    local found = all_of(text)
    unmap_former(found)
    local ____areas_of_result_0 = areas_of(base, blocks)
    local label = ____areas_of_result_0.label
    label[NUMBER] = #found == 0 and 1 or found[1].label[NUMBER] + 1
    ffi.copy(
        ffi.cast("char *", label + TEXT),
        text,
        #text
    )
end
--- Notes that workers use the region. Phases: any but init.
function ____exports.note_use(base, blocks)
    areas_of(base, blocks).label[USED] = 1
end
return ____exports
