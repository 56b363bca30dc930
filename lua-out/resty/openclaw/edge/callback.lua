local ____exports = {}
local http_client = require("resty.openclaw.http_client")
local MOST_BYTES = 2048
--- Why nobody may be told of an answer at this URL, or nothing. The URL comes from outside: it must be https unless
-- `callback_plain` is set, and its host, with its port where that is not the usual one, must be listed. Phases: any.
function ____exports.fault(settings, url)
    if #url > MOST_BYTES then
        return "it is too long"
    end
    local target, err = http_client.parse_url(url)
    if target == nil then
        return err
    end
    if target.scheme ~= "https" and not settings.callback_plain then
        return "it is not https"
    end
    local host = string.lower(target.host)
    local usual_port = target.scheme == "https" and 443 or 80
    if target.port == usual_port and settings.callback_hosts[host] ~= nil then
        return nil
    end
    if settings.callback_hosts[(host .. ":") .. tostring(target.port)] ~= nil then
        return nil
    end
    return "its host is not allowed"
end
return ____exports
