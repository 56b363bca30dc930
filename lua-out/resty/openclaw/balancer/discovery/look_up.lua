local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local math_huge = math.huge
local math_min = math.min
local string_sub = string.sub
local table_remove = table.remove
local ____question = require("resty.openclaw.core.dns.question")
local question_TYPE_A = ____question.TYPE_A
local question_TYPE_AAAA = ____question.TYPE_AAAA
local question_TYPE_SRV = ____question.TYPE_SRV
local ask = ____question.ask
local question = ____question.question
local TYPE_A = question_TYPE_A
local TYPE_AAAA = question_TYPE_AAAA
local TYPE_SRV = question_TYPE_SRV
local ____address = require("resty.openclaw.core.http.address")
local canonical = ____address.canonical
local shown = ____address.shown
local ____entries = require("resty.openclaw.balancer.discovery.entries")
local entries_MOST_ENTRIES = ____entries.MOST_ENTRIES
local MOST_ENTRIES = entries_MOST_ENTRIES
local tidy = ____entries.tidy
local ____service = require("resty.openclaw.balancer.discovery.service")
local places_of = ____service.places_of
local question_about = ____service.question_about
--- 0.0.0.0 and :: are this machine; some servers return them for blocked hosts.
local function is_usable(host)
    return host ~= nil and host ~= "0.0.0.0" and host ~= "[::]"
end
local function entry(host, place)
    return {
        address = shown(host, place.port),
        host = host,
        port = place.port,
        weight = place.weight,
        target = place.host
    }
end
local function add_fresh(findings, place, records)
    for ____, record in ipairs(records) do
        local host = canonical(record.address or "")
        if is_usable(host) then
            local ____findings_entries_0 = findings.entries
            ____findings_entries_0[#____findings_entries_0 + 1] = entry(host, place)
            findings.fresh = findings.fresh + 1
        end
    end
end
local function add_from_before(findings, place, ____type)
    for ____, known in ipairs(findings.before) do
        local known_type = string_sub(known.host, 1, 1) == "[" and TYPE_AAAA or TYPE_A
        if known.target == place.host and known_type == ____type then
            local ____findings_entries_1 = findings.entries
            ____findings_entries_1[#____findings_entries_1 + 1] = entry(known.host, place)
        end
    end
end
local function add(findings, place, asked)
    if asked.records == nil then
        add_from_before(findings, place, asked.type)
        findings.warning = (asked.host .. ": ") .. tostring(asked.err)
        return
    end
    add_fresh(findings, place, asked.records)
    findings.seconds = math_min(findings.seconds, asked.seconds)
    if asked.err ~= nil then
        findings.reason = (asked.host .. ": ") .. asked.err
    end
end
--- A question for each host, answered if the answer came with the SRV records.
local function prepare(places, ____type, came_along)
    local questions = {}
    for ____, ____value in ipairs(places) do
        local host = ____value.host
        if not (questions[host] ~= nil) then
            questions[host] = question_about(host, ____type, came_along)
        end
    end
    return questions
end
local function add_unanswered(list, questions)
    for ____, one in pairs(questions) do
        if one.records == nil then
            list[#list + 1] = one
        end
    end
end
local function look_up_places(settings, places, came_along, findings)
    local ipv4 = prepare(places, TYPE_A, came_along)
    local ipv6 = prepare(settings.ipv6 and places or ({}), TYPE_AAAA, came_along)
    local unanswered = {}
    add_unanswered(unanswered, ipv4)
    add_unanswered(unanswered, ipv6)
    ask(settings, unanswered)
    for ____, place in ipairs(places) do
        add(findings, place, ipv4[place.host])
        if settings.ipv6 then
            add(findings, place, ipv6[place.host])
        end
    end
    if findings.fresh == 0 and #places > 0 then
        return nil, findings.warning or findings.reason
    end
    local is_complete = findings.warning == nil
    local entries = tidy(findings.entries)
    if #entries > MOST_ENTRIES then
        findings.warning = ("more than " .. tostring(MOST_ENTRIES)) .. " addresses, the rest is left out"
    end
    while #entries > MOST_ENTRIES do
        table_remove(entries)
    end
    return {entries = entries, seconds = findings.seconds, is_complete = is_complete, warning = findings.warning}
end
--- The addresses of a name, sorted by their text; empty if an SRV record says that there is no service. On failure nil and why.
-- Yields. Phases: timer.
-- 
-- @param before the former answer, empty at first
local function look_up(settings, name, before)
    local findings = {
        before = before,
        entries = {},
        fresh = 0,
        seconds = math_huge,
        warning = nil,
        reason = "no usable address"
    }
    if name.port ~= nil then
        return look_up_places(settings, {{host = name.host, port = name.port, weight = 1}}, {}, findings)
    end
    local service = question(name.host, TYPE_SRV)
    ask(settings, {service})
    if service.records == nil or #service.records == 0 then
        return nil, service.err
    end
    local places, err = places_of(service.records)
    if places == nil then
        return nil, err
    end
    findings.seconds = service.seconds
    return look_up_places(settings, places, service.others, findings)
end
____exports.look_up = look_up
return ____exports
