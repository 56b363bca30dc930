local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local ____question = require("resty.openclaw.core.dns.question")
local question_TYPE_A = ____question.TYPE_A
local question_TYPE_AAAA = ____question.TYPE_AAAA
local ask = ____question.ask
local question = ____question.question
local TYPE_A = question_TYPE_A
local TYPE_AAAA = question_TYPE_AAAA
local ____address = require("resty.openclaw.core.http.address")
local canonical = ____address.canonical
local ____public_address = require("resty.openclaw.core.http.public_address")
local is_public = ____public_address.is_public
--- Adds the addresses of an answer. Returns one that is not public, if there is any.
local function add(addresses, ____bindingPattern0)
    local records
    records = ____bindingPattern0.records
    if records == nil then
        return nil
    end
    for ____, record in ipairs(records) do
        local address = canonical(record.address or "")
        if address == nil or not is_public(address) then
            return address or "no address"
        end
        addresses[#addresses + 1] = address
    end
    return nil
end
--- The addresses of a name, those of IPv4 first. All must be public. Yields. Phases: access, timer.
local function look_up(asking, name)
    local ipv4 = question(name, TYPE_A)
    local ipv6 = question(name, TYPE_AAAA)
    ask(asking, {ipv4, ipv6})
    local addresses = {}
    local odd = add(addresses, ipv4) or add(addresses, ipv6)
    if odd ~= nil then
        return nil, ((name .. " is ") .. odd) .. ", which is no public address", true
    end
    if #addresses > 0 then
        return addresses
    end
    return nil, (("cannot look up " .. name) .. ": ") .. tostring(ipv4.err or ipv6.err), false
end
____exports.look_up = look_up
return ____exports
