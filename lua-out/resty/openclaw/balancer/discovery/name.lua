local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local ____address = require("resty.openclaw.core.http.address")
local port_number = ____address.port_number
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
--- RFC 1035, section 2.3.4: 255 bytes on the wire are 253 letters and dots.
local MOST_HOST_LETTERS = 253
local MOST_LABEL_LETTERS = 63
local function is_label(label)
    local legal = string_find(label, "^[%w_][%w_-]*$")
    local hyphen_last = string_find(label, "-$")
    return legal ~= nil and hyphen_last == nil and #label <= MOST_LABEL_LETTERS
end
--- Whether the text is a valid host name; it may end with a dot. Phases: any.
local function is_host(text)
    local host = (string_match(text, "^(.-)%.?$"))
    if host == "" or #host > MOST_HOST_LETTERS then
        return false
    end
    local last = ""
    for ____, label in ipairs(texts_split(host, ".")) do
        if not is_label(label) then
            return false
        end
        last = label
    end
    local letter = string_find(last, "%D")
    return letter ~= nil
end
____exports.is_host = is_host
--- Parses a name: "gpu.example.org:8000", or an SRV name like "_http._tcp.gpu.example.org", which has no port (RFC 2782). Nothing
-- for anything else, such as addresses and paths. Phases: any.
local function parse(text)
    local service = string_find(text, "^_[^.]+%._[^.]+%.[^.]")
    if service ~= nil then
        return is_host(text) and ({
            host = string_lower(text),
            port = nil
        }) or nil
    end
    local host, digits = string_match(text, "^([^_:][^:]*):(%d+)$")
    local port = port_number(digits or "")
    if host == nil or port == nil or not is_host(host) then
        return nil
    end
    return {
        host = string_lower(host),
        port = port
    }
end
____exports.parse = parse
return ____exports
