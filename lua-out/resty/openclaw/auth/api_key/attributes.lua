local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_match = string.match
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local texts_split = texts.split
local expiry = require("resty.openclaw.auth.api_key.expiry")
local expiry_parse = expiry.parse
local NAMES = {}
for ____, name in ipairs({
    "tenant",
    "class",
    "rate",
    "routes",
    "expires"
}) do
    NAMES[name] = true
end
local NAMES_IN_WORDS = "tenant, class, rate, routes and expires"
____exports.NAMES_IN_WORDS = NAMES_IN_WORDS
local NAME_IN_WORDS = "1 to 64 letters, digits, dots, underscores or hyphens"
local RATE = "^[1-9]%d*/(%l+)$"
local MOST_RATE_BYTES = 24
local MOST_ROUTES = 64
local DEFAULT_CLASS = "standard"
--- Whether there is an attribute of that name. Phases: any.
local function is_name(name)
    return NAMES[name] ~= nil
end
____exports.is_name = is_name
local function is_rate(text)
    if #text > MOST_RATE_BYTES then
        return false
    end
    local unit = string_match(text, RATE)
    return unit == "second" or unit == "minute"
end
--- The set of names in a list with commas; nothing where one is not legal.
local function route_set(text, known)
    local before = known[text]
    if before ~= nil then
        return before
    end
    local set = {}
    local names = texts_split(text, ",")
    if #names > MOST_ROUTES then
        return nil
    end
    for ____, name in ipairs(names) do
        if not texts_is_name(name) or set[name] ~= nil then
            return nil
        end
        set[name] = true
    end
    known[text] = set
    return set
end
--- Adds what not all keys have. Returns what is wrong.
local function add_limits(draft, given, known)
    if given.rate ~= nil then
        if not is_rate(given.rate) then
            return "rate must be like 10/second or 600/minute"
        end
        draft.rate = given.rate
    end
    if given.routes ~= nil then
        local set = route_set(given.routes, known)
        if set == nil then
            return (("routes must be up to " .. tostring(MOST_ROUTES)) .. " different names with commas between them, each ") .. NAME_IN_WORDS
        end
        draft.routes = set
    end
    if given.expires ~= nil then
        local moment = expiry_parse(given.expires)
        if moment == nil then
            return "expires must be like 2027-01-31 or 2027-01-31T00:00:00Z"
        end
        draft.expires_at = moment
    end
    return nil
end
--- The caller who has a key. Nil and what is wrong, without showing it. Phases: any.
local function caller_of(id, given, known)
    if not texts_is_name(id) then
        return nil, "the id must be " .. NAME_IN_WORDS
    end
    local tenant = given.tenant or ""
    if tenant ~= "" and not texts_is_name(tenant) then
        return nil, "tenant must be " .. NAME_IN_WORDS
    end
    local its_class = given.class or DEFAULT_CLASS
    if not texts_is_name(its_class) then
        return nil, "class must be " .. NAME_IN_WORDS
    end
    local draft = {identity = id, tenant = tenant, class = its_class}
    local wrong = add_limits(draft, given, known)
    if wrong ~= nil then
        return nil, wrong
    end
    return draft
end
____exports.caller_of = caller_of
return ____exports
