local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_byte = string.byte
local string_char = string.char
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local string_match = string.match
local string_sub = string.sub
--- Of a route, a tenant and a model.
local MOST_BYTES = 256
____exports.MOST_BYTES = MOST_BYTES
--- The text of the filter that all answers pass.
local ALL = "all"
____exports.ALL = ALL
local KEY_BYTES = 64
local EVERYTHING = {route = nil, tenant = nil, model = nil, key = nil}
local function escape_byte(byte)
    return (string_format(
        "%%%02x",
        string_byte(byte)
    ))
end
local function part(name, value)
    if value == nil then
        return ""
    end
    return (("&" .. name) .. "=") .. (string_gsub(value, "[^%w._~-]", escape_byte))
end
--- The filter in one line without blanks, the same for two filters that are the same. Phases: any.
local function text(filter)
    local ____filter_0 = filter
    local route = ____filter_0.route
    local tenant = ____filter_0.tenant
    local model = ____filter_0.model
    local key = ____filter_0.key
    local all = ((part("route", route) .. part("tenant", tenant)) .. part("model", model)) .. part("key", key)
    return all == "" and ALL or string_sub(all, 2)
end
____exports.text = text
--- Whether a text may be the key of an answer. Phases: any.
local function is_key(given)
    local legal = string_find(given, "^[%da-f]+$")
    return legal ~= nil and #given == KEY_BYTES
end
____exports.is_key = is_key
--- Whether a route, tenant or model may have that name. Phases: any.
local function is_name(given)
    return given ~= "" and #given <= MOST_BYTES
end
____exports.is_name = is_name
local function read_byte(digits)
    return string_char(tonumber(digits, 16))
end
local function value_in(line, name)
    local ____, before = string_find(line, ("&" .. name) .. "=", 1, true)
    if before == nil then
        return nil
    end
    local escaped = string_match(line, "^[^&]*", before + 1)
    return (string_gsub(escaped, "%%(%x%x)", read_byte))
end
local function is_legal(____bindingPattern0)
    local key
    local model
    local tenant
    local route
    route = ____bindingPattern0.route
    tenant = ____bindingPattern0.tenant
    model = ____bindingPattern0.model
    key = ____bindingPattern0.key
    for ____, name in ipairs({route or "-", tenant or "-", model or "-"}) do
        if not is_name(name) then
            return false
        end
    end
    return key == nil or is_key(key)
end
--- What `text` has written; nothing of any other text. Phases: any.
local function read(line)
    if line == ALL then
        return EVERYTHING
    end
    local whole = "&" .. line
    local filter = {
        route = value_in(whole, "route"),
        tenant = value_in(whole, "tenant"),
        model = value_in(whole, "model"),
        key = value_in(whole, "key")
    }
    return is_legal(filter) and text(filter) == line and filter or nil
end
____exports.read = read
return ____exports
