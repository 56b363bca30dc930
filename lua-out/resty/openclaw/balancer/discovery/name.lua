local ____exports = {}
local ____address = require("resty.openclaw.core.http.address")
local port_number = ____address.port_number
local texts = require("resty.openclaw.core.text.text")
--- RFC 1035, section 2.3.4: 255 bytes on the wire are 253 letters and dots.
local MOST_HOST_LETTERS = 253
local MOST_LABEL_LETTERS = 63
local function is_label(label)
    local legal = string.find(label, "^[%w_][%w_-]*$")
    local hyphen_last = string.find(label, "-$")
    return legal ~= nil and hyphen_last == nil and #label <= MOST_LABEL_LETTERS
end
--- Whether the text is a valid host name; it may end with a dot. Phases: any.
function ____exports.is_host(text)
    local host = (string.match(text, "^(.-)%.?$"))
    if host == "" or #host > MOST_HOST_LETTERS then
        return false
    end
    local last = ""
    for ____, label in ipairs(texts.split(host, ".")) do
        if not is_label(label) then
            return false
        end
        last = label
    end
    local letter = string.find(last, "%D")
    return letter ~= nil
end
--- Parses a name: "gpu.example.org:8000", or an SRV name like "_http._tcp.gpu.example.org", which has no port (RFC 2782). Nothing
-- for anything else, such as addresses and paths. Phases: any.
function ____exports.parse(text)
    local service = string.find(text, "^_[^.]+%._[^.]+%.[^.]")
    if service ~= nil then
        return ____exports.is_host(text) and ({
            host = string.lower(text),
            port = nil
        }) or nil
    end
    local host, digits = string.match(text, "^([^_:][^:]*):(%d+)$")
    local port = port_number(digits or "")
    if host == nil or port == nil or not ____exports.is_host(host) then
        return nil
    end
    return {
        host = string.lower(host),
        port = port
    }
end
return ____exports
