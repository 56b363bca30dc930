local ____exports = {}
local ipairs = ipairs
local type = type
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local ____address = require("resty.openclaw.core.http.address")
local canonical = ____address.canonical
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local http_client = require("resty.openclaw.http_client")
local http_client_parse_url = http_client.parse_url
local EXPECTED = "a host such as \"cdn.example.com\", \"*.example.org\", \"cdn.example.com:8443\" or \"http://10.0.0.5:9000\""
local EXPECTED_OF_ADDRESS = "an address with \"http://\" before it, as certificates are made for names"
--- Whether a host is a name, and nothing that a system takes for an address in some odd form, such as `0x7f.1` or `2130706433`.
local function is_name(host)
    local last = ""
    for ____, label in ipairs(texts_split(host, ".")) do
        if label == "" then
            return false
        end
        last = label
    end
    local letter = string_find(last, "^%a")
    return letter ~= nil
end
--- The address that a host is, as the system writes it; nothing for a name.
local function address_of(host)
    local inside = string_match(host, "^%[(.+)%]$")
    return canonical(inside or host)
end
local function read_place(text)
    local scheme, rest = string_match(text, "^(https?)://(.+)$")
    local after_star = string_match(rest or text, "^%*%.(.+)$")
    local its_scheme = scheme or "https"
    local target = http_client_parse_url((its_scheme .. "://") .. (after_star or rest or text))
    if target == nil or target.path ~= "/" then
        return nil
    end
    local host = string_lower(target.host)
    local address = address_of(host)
    local is_wildcard = after_star ~= nil
    local ____is_wildcard_0
    if is_wildcard then
        ____is_wildcard_0 = address ~= nil or not is_name(host)
    else
        ____is_wildcard_0 = address == nil and not is_name(host)
    end
    if ____is_wildcard_0 then
        return nil
    end
    return {
        scheme = its_scheme,
        host = address or host,
        port = target.port,
        is_wildcard = is_wildcard,
        is_address = address ~= nil
    }
end
--- An entry of the list.
local PLACE = {
    name = "string",
    read = function(given, path, problems)
        local ____temp_1
        if type(given) == "string" then
            ____temp_1 = read_place(given)
        else
            ____temp_1 = nil
        end
        local place = ____temp_1
        if place == nil then
            problem_add(problems, path, EXPECTED, given)
        elseif place.is_address and place.scheme == "https" then
            problem_add(problems, path, EXPECTED_OF_ADDRESS, given)
        end
        return place
    end
}
____exports.PLACE = PLACE
local function is_of(place, host)
    if not place.is_wildcard then
        return place.host == host
    end
    local ____end = "." .. place.host
    return #host > #____end and string_sub(host, -#____end) == ____end
end
--- The entry that allows a URL; nothing if none does. The host of a name is compared in small letters. Phases: any.
local function find(places, ____bindingPattern0)
    local port
    local host
    local scheme
    scheme = ____bindingPattern0.scheme
    host = ____bindingPattern0.host
    port = ____bindingPattern0.port
    local address = address_of(host)
    if address == nil and not is_name(host) then
        return nil
    end
    local wanted = address or string_lower(host)
    for ____, place in ipairs(places) do
        local is_same = place.scheme == scheme and place.port == port and place.is_address == (address ~= nil)
        if is_same and is_of(place, wanted) then
            return place
        end
    end
    return nil
end
____exports.find = find
return ____exports
