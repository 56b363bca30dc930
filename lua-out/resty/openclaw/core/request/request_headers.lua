local ____exports = {}
local string_find = string.find
local string_gsub = string.gsub
local string_sub = string.sub
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
ffi_cdef("\nstruct openclaw_header_text { int bytes; const unsigned char *memory; };\nstruct openclaw_header { struct openclaw_header_text name, value; };\nint openclaw_count_all_headers(ngx_http_request_t *request, int most, int *is_cut)\n    __asm__(\"ngx_http_lua_ffi_req_get_headers_count\");\nint openclaw_get_headers(ngx_http_request_t *request, struct openclaw_header *target, int count, int has_spelling)\n    __asm__(\"ngx_http_lua_ffi_req_get_headers\");\n")
--- No limit.
local ALL = 0
--- There is memory for so many headers, and more once a request has more.
local room = 100
local headers = ffi_new("struct openclaw_header[?]", room)
local is_cut = ffi_new("int[1]")
--- In which pass a header was last there, by name.
local passes = {}
--- Where it was then, among all headers.
local places = {}
--- In which pass a header was last there more than once.
local repeated = {}
local NEVER = -1
local pass = 0
--- The name of the header that a variable `$http_…` shows; nothing for any other variable. Phases: any.
local function name_of(variable)
    if string_sub(variable, 1, 5) ~= "http_" then
        return nil
    end
    local name = string_gsub(
        string_sub(variable, 6),
        "_",
        "-"
    )
    return name
end
____exports.name_of = name_of
--- nginx's variable of a header. Phases: any.
local function variable_of(name)
    local underscored = string_gsub(name, "-", "_")
    return "http_" .. underscored
end
--- Has each pass look for a header: its name in small letters, with hyphens. Phases: init.
local function want(name)
    passes[name] = NEVER
    places[name] = 0
    repeated[name] = NEVER
end
____exports.want = want
--- The name with hyphens: with `underscores_in_headers`, nginx takes `_` for `-`.
local function hyphenated(name)
    local underscore = string_find(name, "_", 1, true)
    if underscore == nil then
        return name
    end
    local hyphens = string_gsub(name, "_", "-")
    return hyphens
end
local function note(given, place)
    local name = given
    local last = passes[name]
    if last == nil then
        name = hyphenated(given)
        last = passes[name]
        if last == nil then
            return
        end
    end
    if last == pass then
        repeated[name] = pass
    end
    passes[name] = pass
    places[name] = place
end
--- Looks at the headers of the request at hand, for the functions below: before the next yield, and until a header is changed. Returns how many
-- there are. Phases: rewrite, access.
local function look()
    pass = pass + 1
    local its_request = get_request()
    if its_request == nil then
        return 0
    end
    local count = ffi.C.openclaw_count_all_headers(its_request, ALL, is_cut)
    if count <= 0 then
        return 0
    end
    if count > room then
        room = count
        headers = ffi_new("struct openclaw_header[?]", room)
    end
    ffi.C.openclaw_get_headers(its_request, headers, count, 0)
    for place = 0, count - 1 do
        local ____headers_place_0 = headers[place]
        local name = ____headers_place_0.name
        note(
            ffi_string(name.memory, name.bytes),
            place
        )
    end
    return count
end
____exports.look = look
--- Whether the request has a header that is wanted. Phases: rewrite, access.
local function has(name)
    return passes[name] == pass
end
____exports.has = has
--- Whether the request has it more than once, in whatever spelling. Phases: rewrite, access.
local function has_several(name)
    return repeated[name] == pass
end
____exports.has_several = has_several
--- Its value, as the variable `$http_…` shows it; nothing without the header. Phases: rewrite, access.
local function value_of(name)
    if not has(name) then
        return nil
    end
    if has_several(name) then
        return request_variable(variable_of(name))
    end
    local ____headers_places_name_1 = headers[places[name]]
    local value = ____headers_places_name_1.value
    local text = ffi_string(value.memory, value.bytes)
    return text
end
____exports.value_of = value_of
return ____exports
