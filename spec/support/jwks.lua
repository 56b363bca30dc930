--- Texts of JWKS, and responses with them.
local cjson = require("cjson")

local _M = {}

--- A key for ES256 with that id. The point is that of RFC 7517, appendix A.1.
function _M.key(kid)
    return {
        kty = "EC", crv = "P-256", kid = kid, use = "sig", alg = "ES256",
        x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
end

--- A JWKS of keys with these ids.
function _M.text(...)
    local keys = {}
    for place, kid in ipairs({ ... }) do keys[place] = _M.key(kid) end
    return cjson.encode({ keys = keys })
end

--- An HTTP response, as raw_server sends it; `header`: more lines, each with its end.
function _M.response(body, header, status)
    return ("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s"):format(status or "200 OK", #body, header or "", body)
end

--- The ids of those that a set has, of these, in one text.
function _M.kids(set, ...)
    if set == nil then return nil end
    local found = {}
    for _, kid in ipairs({ ... }) do
        if set:has(kid) then found[#found + 1] = kid end
    end
    return table.concat(found, " ")
end

return _M
