local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_format = string.format
local string_gmatch = string.gmatch
local string_match = string.match
local table_sort = table.sort
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_copy = ffi.copy
local ffi_string = ffi.string
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local areas_of = ____areas.areas_of
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_BLOCK_BYTES = mapping.BLOCK_BYTES
local mapping_block_at = mapping.block_at
local mapping_from_text = mapping.from_text
local mapping_unmap = mapping.unmap
--- Places in the area `label`: the region's number among those of its dict, whether a worker has used it, and the dict's name.
local NUMBER = 0
local USED = 1
local TEXT = 8
--- Number of regions that no worker has used and that stay mapped: the newest ones.
local UNUSED_KEPT = 8
--- The text ends with a zero byte, so that no text is the beginning of another.
local function text_of(dict_name)
    return ("resty.openclaw.shared_memory " .. dict_name) .. "\0"
end
--- The region that a line of /proc/self/maps shows, if it is one of this dict.
local function region_in(line, text)
    local from, to = string_match(line, "^(%x+)%-(%x+) rw%-s %x+ %S+ %d+ +/dev/zero")
    if from == nil or to == nil then
        return nil
    end
    local address = tonumber(from, 16)
    local blocks = (tonumber(to, 16) - address) / mapping_BLOCK_BYTES
    if blocks < 1 or blocks % 1 ~= 0 then
        return nil
    end
    local base = mapping_from_text(string_format("%.0f", address))
    local label = mapping_block_at(base, blocks - 1)
    if ffi_string(label + TEXT, #text) ~= text then
        return nil
    end
    return {base = base, label = label, blocks = blocks}
end
--- The regions of this dict that this process has mapped, the newest first; none if /proc cannot be read.
local function all_of(text)
    local found = {}
    local file = io.open("/proc/self/maps")
    if file == nil then
        return found
    end
    local lines = file:read("*a") or ""
    file:close()
    for line in string_gmatch(lines, "[^\n]+") do
        local region = region_in(line, text)
        if region ~= nil then
            found[#found + 1] = region
        end
    end
    table_sort(
        found,
        function(a, b) return a.label[NUMBER] > b.label[NUMBER] end
    )
    return found
end
--- Unmaps the regions that no configuration can use again. The newest region that workers have used may belong to the running
-- configuration, which stays in use if the new one fails. Newer regions may belong to configurations whose workers have not started.
local function unmap_former(found)
    local unused = 0
    local used = false
    for ____, region in ipairs(found) do
        local is_unused = region.label[USED] == 0
        if used or is_unused and unused >= UNUSED_KEPT then
            mapping_unmap(region.base, region.blocks)
        elseif is_unused then
            unused = unused + 1
        else
            used = true
        end
    end
end
--- Marks a new region as that of a dict, and unmaps those of former dicts of that name, except those that the running configuration
-- may use. Phases: init.
local function follow(base, blocks, dict_name)
    local text = text_of(dict_name)
    local found = all_of(text)
    unmap_former(found)
    local ____areas_of_result_0 = areas_of(base, blocks)
    local label = ____areas_of_result_0.label
    label[NUMBER] = #found == 0 and 1 or found[1].label[NUMBER] + 1
    ffi_copy(
        ffi_cast("char *", label + TEXT),
        text,
        #text
    )
end
____exports.follow = follow
--- Notes that workers use the region. Phases: any but init.
local function note_use(base, blocks)
    areas_of(base, blocks).label[USED] = 1
end
____exports.note_use = note_use
return ____exports
