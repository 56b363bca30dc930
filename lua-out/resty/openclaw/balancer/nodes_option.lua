local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local option = ____schema.option
local required = ____schema.required
local ____node_address = require("resty.openclaw.balancer.node_address")
local node_address_NODE_ADDRESS = ____node_address.NODE_ADDRESS
local NODE_ADDRESS = node_address_NODE_ADDRESS
local WEIGHT_EXPECTED = "a number above 0 (to take the node out of service, set drain = true)"
local WEIGHT = {
    name = kinds.positive.name,
    read = function(given, path, problems)
        if given ~= 0 then
            return kinds.positive.read(given, path, problems)
        end
        problem_add(problems, path, WEIGHT_EXPECTED, given)
        return 1
    end
}
--- The options beside a node's address.
local SCHEMA = {
    weight = option(WEIGHT, 1, "for the other policies the node's share of the requests; for `xed` only a first guess at its speed, so [canaries](recipes.md#canary) need `round_robin`"),
    drain = option(kinds.flag, false, "the node gets no new requests; use this instead of weight 0, which is rejected")
}
____exports.SCHEMA = SCHEMA
local NAMED_SCHEMA = {
    address = required(NODE_ADDRESS, "the address or name, if it is not the first entry of the table"),
    weight = again(SCHEMA.weight),
    drain = again(SCHEMA.drain)
}
local function entry(address, weight, is_draining)
    local ____address_0 = address
    local text = ____address_0.text
    local is_name = ____address_0.is_name
    local host = ____address_0.host
    local port = ____address_0.port
    return {
        text = text,
        is_name = is_name,
        host = host,
        port = port,
        weight = weight,
        is_draining = is_draining
    }
end
--- `{ "10.0.1.10:8000", weight = 3 }`, or the same with `address = "10.0.1.10:8000"`.
local function read_table(given, path, problems)
    if not (given[1] ~= nil) then
        local named = schemas_read(NAMED_SCHEMA, given, path, problems)
        local ____temp_1
        if named == nil then
            ____temp_1 = nil
        else
            ____temp_1 = entry(named.address, named.weight, named.drain)
        end
        return ____temp_1
    end
    local known = #problems
    local address = NODE_ADDRESS.read(given[1], path, problems)
    local others = {}
    for name, value in pairs(given) do
        if name ~= 1 then
            others[name] = value
        end
    end
    local values = schemas_read(SCHEMA, others, path, problems)
    local ____temp_2
    if #problems > known then
        ____temp_2 = nil
    else
        ____temp_2 = entry(address, values.weight, values.drain)
    end
    return ____temp_2
end
local function read_node(given, path, problems)
    if type(given) == "table" then
        return read_table(given, path, problems)
    end
    if type(given) ~= "string" then
        problem_add(problems, path, "an address or a table", given)
        return nil
    end
    local known = #problems
    local address = NODE_ADDRESS.read(given, path, problems)
    local ____temp_3
    if #problems > known then
        ____temp_3 = nil
    else
        ____temp_3 = entry(address, 1, false)
    end
    return ____temp_3
end
local LIST = kinds_list_of({name = "node", read = read_node})
--- The option `nodes`: a list of nodes without duplicates.
local NODES = {
    name = "list",
    read = function(given, path, problems)
        local known = #problems
        local entries = LIST.read(given, path, problems)
        if #problems > known then
            return entries
        end
        local seen = {}
        for ____, ____value in ipairs(entries) do
            local text = ____value.text
            if seen[text] ~= nil then
                problems[#problems + 1] = ((path .. " has ") .. text) .. " twice"
            end
            seen[text] = true
        end
        return entries
    end
}
____exports.NODES = NODES
return ____exports
