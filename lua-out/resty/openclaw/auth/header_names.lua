local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_sub = string.sub
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_forget = request.forget
ffi_cdef("\nint openclaw_count_headers(ngx_http_request_t *request, int most, int *is_cut)\n    __asm__(\"ngx_http_lua_ffi_req_get_headers_count\");\n")
local MOST_HYPHENS = 5
--- nginx's variable of a header. Phases: any.
local function variable_of(name)
    local underscored = string_gsub(
        string_lower(name),
        "-",
        "_"
    )
    return "http_" .. underscored
end
____exports.variable_of = variable_of
local function hyphens_in(name)
    local ____, count = string_gsub(name, "-", "-")
    return count
end
--- Headers that HTTP itself needs, that have credentials of their own form, or that nginx/proxy.conf sets.
local TAKEN = {}
for ____, name in ipairs({
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id"
}) do
    TAKEN[name] = true
end
local OUR_PREFIX = "x-openclaw-"
local function is_taken(name)
    local lower = string_lower(name)
    return TAKEN[lower] ~= nil or string_sub(lower, 1, #OUR_PREFIX) == OUR_PREFIX
end
--- The name of a header that the gateway may set, or read keys from.
local KIND = kinds_of(
    "string",
    ("the name of a header, with at most " .. tostring(MOST_HYPHENS)) .. " hyphens, that neither HTTP nor the gateway uses itself",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local legal = string_find(given, "^%a[%w-]*$")
        return legal ~= nil and hyphens_in(given) <= MOST_HYPHENS and not is_taken(given)
    end
)
____exports.KIND = KIND
local function spellings(name)
    local all = {""}
    for place = 1, #name do
        local letter = string_sub(name, place, place)
        local longer = {}
        for ____, beginning in ipairs(all) do
            longer[#longer + 1] = beginning .. letter
            if letter == "-" then
                longer[#longer + 1] = beginning .. "_"
            end
        end
        all = longer
    end
    return all
end
--- A header by its name. Phases: init.
local function of(name)
    local other_spellings = {}
    for ____, spelling in ipairs(spellings(name)) do
        if spelling ~= name then
            other_spellings[#other_spellings + 1] = spelling
        end
    end
    return {
        name = name,
        variable = variable_of(name),
        other_spellings = other_spellings
    }
end
____exports.of = of
local is_cut = ffi_new("int[1]")
--- How many headers the request has.
local function count()
    local number = ffi.C.openclaw_count_headers(
        get_request(),
        0,
        is_cut
    )
    return number
end
local function is_there(header)
    local memory = request_bytes_of(header.variable)
    return memory ~= nil
end
local function remove_others(header)
    for ____, spelling in ipairs(header.other_spellings) do
        ngx.req.clear_header(spelling)
    end
end
--- Removes a header from the request, in all spellings. Returns how many there were. Phases: rewrite, access.
local function remove(header)
    local before = count()
    ngx.req.clear_header(header.name)
    if is_there(header) then
        remove_others(header)
    end
    request_forget(header.variable)
    return before - count()
end
____exports.remove = remove
--- Removes a header that mostly is not there. As `remove`.
local function clear(header)
    if is_there(header) then
        remove(header)
    end
end
____exports.clear = clear
return ____exports
