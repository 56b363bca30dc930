local ____exports = {}
local tostring = tostring
local math_ceil = math.ceil
local math_floor = math.floor
local math_huge = math.huge
local math_max = math.max
local string_format = string.format
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
--- Bytes that the names of all series take in the dict.
local TAKEN = "series_bytes"
--- What nginx's dict keeps with each entry on a 64-bit system. Source: ngx_http_lua_shdict_node_t, ngx_rbtree_node_t.
local BYTES_OF_ENTRY = 68
--- A series is the value of "name:SLOT", and the key of "slot:NAME" whose value is a number of 8 bytes.
local BYTES_BESIDE_NAME = 13
--- What is larger than half a page takes whole pages; all else a power of two. Source: ngx_slab.c.
local PAGE = 4096
--- Shares of the dict: of all series, unless the option says otherwise, and of what the configuration binds.
local DEFAULT_SHARE = 0.75
local SHARE_AT_START = 0.9
local MEGABYTE = 1048576
--- How many bytes of the dict a series of that name takes. Phases: any.
local function bytes_of(name)
    local entry = BYTES_OF_ENTRY + BYTES_BESIDE_NAME + #name
    if entry > PAGE / 2 then
        return 2 * PAGE * math_ceil(entry / PAGE)
    end
    local taken = 128
    while taken < entry do
        taken = taken * 2
    end
    return 2 * taken
end
____exports.bytes_of = bytes_of
--- How many bytes the names of series may take; infinite where the numbers are not shared. Phases: any.
local function most_bytes(registry, is_starting)
    if registry.dict == nil then
        return math_huge
    end
    local capacity = registry.dict:capacity()
    local most = registry.most_bytes or DEFAULT_SHARE * capacity
    return is_starting and math_max(most, SHARE_AT_START * capacity) or most
end
____exports.most_bytes = most_bytes
--- Takes the room of one more series whether there is any or not. Phases: any.
local function take(registry, bytes)
    increment(registry.region.names, TAKEN, bytes, 0)
end
____exports.take = take
--- Gives it back. Phases: any.
local function give_back(registry, bytes)
    registry.region.names:incr(TAKEN, -bytes)
end
____exports.give_back = give_back
--- Takes the room of one more series, if there is any. Phases: any.
local function take_if_any(registry, bytes, is_starting)
    local taken = increment(registry.region.names, TAKEN, bytes, 0)
    if taken == nil then
        return false
    end
    if taken <= most_bytes(registry, is_starting) then
        return true
    end
    give_back(registry, bytes)
    return false
end
____exports.take_if_any = take_if_any
--- How many bytes of the dict are in use, and how many are free, in whole pages; nothing without a dict. Phases: any.
local function usage(registry)
    local ____registry_0 = registry
    local dict = ____registry_0.dict
    if dict == nil then
        return
    end
    local free = dict:free_space()
    return dict:capacity() - free, free
end
____exports.usage = usage
--- What to say when the dict is too small for the series that the configuration binds; nothing when it is large enough.
-- Phases: any.
local function advice(registry)
    if registry.missing_bytes == 0 then
        return nil
    end
    local used = usage(registry)
    if used == nil then
        return nil
    end
    local ____registry_1 = registry
    local dict_name = ____registry_1.dict_name
    local taken = (registry.region.names:get(TAKEN)) or 0
    local needed = (math_max(used, taken) + registry.missing_bytes) / DEFAULT_SHARE
    return (string_format(
        "\"lua_shared_dict %s %dm;\" is too small for this configuration: it needs \"lua_shared_dict %s %dm;\", which nginx takes when it is stopped and started",
        dict_name,
        math_floor(registry.dict:capacity() / MEGABYTE),
        dict_name,
        math_ceil(needed / MEGABYTE)
    ))
end
____exports.advice = advice
--- What to say when an operator's limit leaves no room for any series beside those that there are at the start; nothing when it
-- does. Phases: any.
local function low_limit(registry)
    local most = registry.most_bytes
    local taken = registry.region.names:get(TAKEN)
    if most == nil or taken == nil or taken < most then
        return nil
    end
    return (string_format("metrics.max_bytes = %d leaves no room for further series: those that there are at the start take %d bytes", most, taken))
end
____exports.low_limit = low_limit
--- Whether this process is to log it: one process for each configuration. Phases: any but init.
local function is_first_to_report(registry)
    local ____registry_region_2 = registry.region
    local names = ____registry_region_2.names
    local configuration = ____registry_region_2.configuration
    names:delete("told:" .. tostring(configuration - 1))
    local first, err = names:safe_add(
        "told:" .. tostring(configuration),
        1
    )
    return first == true or err ~= "exists"
end
____exports.is_first_to_report = is_first_to_report
return ____exports
