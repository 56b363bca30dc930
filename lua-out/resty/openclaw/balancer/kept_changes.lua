local ____exports = {}
--- Of nodes that are no longer there so many changes are kept, the newest: a node that comes back finds its own.
____exports.MOST_OF_ABSENT = 100
--- Forgets the oldest changes of nodes that are neither listed nor added, where there are too many. Phases: any.
-- 
-- @param listed addresses that the configuration or the DNS has
function ____exports.limit(changes, listed)
    local absent = {}
    for address, its_change in pairs(changes) do
        if its_change.added ~= true and not (listed[address] ~= nil) then
            absent[#absent + 1] = address
        end
    end
    if #absent <= ____exports.MOST_OF_ABSENT then
        return
    end
    table.sort(
        absent,
        function(a, b)
            local since_a, since_b = changes[a].since or 0, changes[b].since or 0
            if since_a ~= since_b then
                return since_a > since_b
            end
            return a < b
        end
    )
    for place = ____exports.MOST_OF_ABSENT, #absent - 1 do
        changes[absent[place + 1]] = nil
    end
end
return ____exports
