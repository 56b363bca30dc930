local ____exports = {}
local string_find = string.find
local string_match = string.match
local function node_target(upstream, parts)
    local node = parts[3] or ""
    if #parts == 3 then
        return {kind = "node", upstream = upstream, node = node}
    end
    return #parts == 4 and parts[4] == "changes" and ({kind = "changes", upstream = upstream, node = node}) or nil
end
local function queue_target(upstream, parts)
    if #parts == 2 then
        return {kind = "queue", upstream = upstream, node = ""}
    end
    return #parts == 3 and parts[3] == "changes" and ({kind = "queue_changes", upstream = upstream, node = ""}) or nil
end
--- What the segments of a path name; nothing for an unknown path. Phases: any.
local function read(parts)
    local upstream, part = unpack(parts, 1, 2)
    if upstream == nil then
        upstream = ""
    end
    if #parts == 0 then
        return {kind = "upstreams", upstream = upstream, node = ""}
    end
    if #parts == 1 then
        return {kind = "upstream", upstream = upstream, node = ""}
    end
    if part == "nodes" then
        return node_target(upstream, parts)
    end
    local ____temp_0
    if part == "queue" then
        ____temp_0 = queue_target(upstream, parts)
    else
        ____temp_0 = nil
    end
    return ____temp_0
end
____exports.read = read
--- The longest path of a socket: Linux's sockaddr_un, less the zero at its end.
local SOCKET_BYTES = 107
--- Whether a node may be added at an address. The path of a socket must be one that can be opened, and that logs, metrics and
-- `$upstream_addr`, a list with commas, can contain.
local function may_be_added(address)
    local socket = string_match(address, "^unix:(.*)$")
    if socket == nil then
        return true
    end
    local odd = string_find(socket, "[^!-~]")
    local comma = string_find(socket, ",", 1, true)
    return odd == nil and comma == nil and #socket <= SOCKET_BYTES
end
____exports.may_be_added = may_be_added
return ____exports
