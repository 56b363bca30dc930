local ____exports = {}
local ipairs = ipairs
local type = type
local string_lower = string.lower
local table_concat = table.concat
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
--- Longer headers are not looked at: they may say `no-store`.
local MOST_BYTES = 1024
--- Since this version of nginx, a header's variable contains all headers of that name; before, only the first.
local JOINS_HEADERS_FROM = 1023000
--- On an older nginx, more headers are not looked at.
local MOST_HEADERS = 100
--- The wish in the value of the header. Phases: any.
local function read(header)
    if header == nil then
        return "any"
    end
    if #header > MOST_BYTES then
        return "none"
    end
    local wish = "any"
    for ____, part in ipairs(texts_split(
        string_lower(header),
        ","
    )) do
        local directive = texts_trim(part)
        if directive == "no-store" then
            return "none"
        end
        if directive == "no-cache" or directive == "max-age=0" then
            wish = "fresh"
        end
    end
    return wish
end
____exports.read = read
--- The wish of the current request, however many such headers it has. Phases: access.
local function of_request()
    local first = request_variable("http_cache_control")
    if first == nil or ngx.config.nginx_version >= JOINS_HEADERS_FROM then
        return read(first)
    end
    local headers, err = ngx.req.get_headers(MOST_HEADERS)
    if err ~= nil then
        return "none"
    end
    local all = headers["cache-control"]
    return read(type(all) == "table" and table_concat(all, ",") or first)
end
____exports.of_request = of_request
return ____exports
