local ____exports = {}
local pairs = pairs
local table_sort = table.sort
--- Of nodes that no longer exist so many changes are kept, the newest, in case the nodes come back.
local MOST_OF_ABSENT = 100
--- Forgets the oldest changes of nodes that are neither listed nor added, if there are too many. Phases: any.
-- 
-- @param listed the addresses of the configuration and the DNS
local function limit(changes, listed)
    local absent = {}
    for address, its_change in pairs(changes) do
        if its_change.added ~= true and not (listed[address] ~= nil) then
            absent[#absent + 1] = address
        end
    end
    if #absent <= MOST_OF_ABSENT then
        return
    end
    table_sort(
        absent,
        function(a, b)
            local since_a, since_b = changes[a].since or 0, changes[b].since or 0
            if since_a ~= since_b then
                return since_a > since_b
            end
            return a < b
        end
    )
    for place = MOST_OF_ABSENT, #absent - 1 do
        changes[absent[place + 1]] = nil
    end
end
____exports.limit = limit
return ____exports
