local ____exports = {}
local tostring = tostring
local type = type
local string_lower = string.lower
local string_match = string.match
local problem = require("resty.openclaw.config.problems")
local problem_sentence = problem.sentence
local problem_shown = problem.shown
local addresses = require("resty.openclaw.core.http.address")
local addresses_canonical = addresses.canonical
local addresses_parse = addresses.parse
local discovery = require("resty.openclaw.balancer.discovery")
local discovery_is_name = discovery.is_name
local EXPECTED = "an IP address and port, \"unix:/path\", a name and port, or an SRV name"
--- The port in examples.
local PORT = 8000
local TLS_HINT = "; for TLS see docs/recipes.md"
--- Schemes that users know from `proxy_pass` and similar directives, with their default ports.
local SCHEMES = {http = {port = 80, hint = ""}, https = {port = 443, hint = TLS_HINT}, grpc = {port = 80, hint = ""}, grpcs = {port = 443, hint = TLS_HINT}}
--- Parses an address or a name. Nothing if the text is neither.
local function parse(written)
    local text, host, port = addresses_parse(written)
    if text ~= nil then
        return {text = text, is_name = false, host = host, port = port}
    end
    return discovery_is_name(written) and ({text = written, is_name = true, host = host, port = port}) or nil
end
--- How to write the node of a URL; nothing if that is unknown.
local function node_of(rest, port)
    local socket = string_match(rest, "^unix:/[^:]+")
    if socket ~= nil then
        return socket
    end
    local host = string_match((string_match(rest, "^[^/?#]*")), "[^@]*$")
    if parse(host) ~= nil then
        return host
    end
    local with_port = (tostring(host) .. ":") .. tostring(port or PORT)
    local ____temp_0
    if parse(with_port) == nil then
        ____temp_0 = nil
    else
        ____temp_0 = with_port
    end
    return ____temp_0
end
--- The error message for an invalid address.
local function sentence(written, path)
    local scheme, rest = string_match(written, "^(%a[%w+.-]*)://(.*)$")
    if scheme ~= nil then
        local known = SCHEMES[string_lower(scheme)]
        local node = node_of(rest, known and known.port)
        local example = node == nil and ("as \"10.0.1.10:" .. tostring(PORT)) .. "\" has none" or "write " .. problem_shown(node)
        return ((path .. " must be an address without a scheme: ") .. example) .. (known and known.hint or "")
    end
    local with_port = ((addresses_canonical(written) or written) .. ":") .. tostring(PORT)
    if parse(with_port) == nil then
        return problem_sentence(path, EXPECTED, written)
    end
    return ((path .. " has no port: write \"") .. with_port) .. "\", with the port of the node"
end
local function read(given, path, problems)
    local ____temp_5
    if type(given) == "string" then
        ____temp_5 = parse(given)
    else
        ____temp_5 = nil
    end
    local found = ____temp_5
    if found == nil then
        problems[#problems + 1] = type(given) == "string" and sentence(given, path) or problem_sentence(path, EXPECTED, given)
    end
    return found
end
--- The address of a node, or its name.
local NODE_ADDRESS = {name = "string", read = read}
____exports.NODE_ADDRESS = NODE_ADDRESS
return ____exports
