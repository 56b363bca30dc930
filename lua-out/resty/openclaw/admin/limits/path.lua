local ____exports = {}
--- What the segments of a path name; nothing for an unknown path. Phases: any.
local function read(parts)
    local route, limit, part, name = unpack(parts, 1, 4)
    if route == nil then
        route = ""
    end
    if limit == nil then
        limit = ""
    end
    local count = #parts
    if limit == "changes" then
        return nil
    end
    if count == 0 then
        return {kind = "all", route = route, limit = limit, its_class = nil}
    end
    if count == 1 then
        return {kind = "route", route = route, limit = limit, its_class = nil}
    end
    if count == 2 then
        return {kind = "limit", route = route, limit = limit, its_class = nil}
    end
    if count == 3 and part == "changes" then
        return {kind = "changes", route = route, limit = limit, its_class = nil}
    end
    if part ~= "classes" then
        return nil
    end
    if count == 4 then
        return {kind = "class", route = route, limit = limit, its_class = name}
    end
    return count == 5 and parts[5] == "changes" and ({kind = "changes", route = route, limit = limit, its_class = name}) or nil
end
____exports.read = read
return ____exports
