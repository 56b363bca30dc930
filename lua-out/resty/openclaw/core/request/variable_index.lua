local ____exports = {}
local error = error
local pcall = pcall
local tonumber = tonumber
local bits = require("bit")
local bits_band = bits.band
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_sizeof = ffi.sizeof
local ffi_string = ffi.string
ffi_cdef("\ntypedef struct { size_t len; const char *data; } openclaw_text_t;\ntypedef struct { void *elements; uintptr_t count; size_t size; uintptr_t room; void *pool; } openclaw_array_t;\ntypedef struct {\n    openclaw_text_t name; void *set; void *get; uintptr_t data; uintptr_t flags; uintptr_t index;\n} openclaw_variable_t;\ntypedef struct {\n    openclaw_array_t servers; void *phase_handlers; uintptr_t phase_indexes[2]; void *headers_in_hash[2];\n    void *variables_hash[2]; openclaw_array_t variables;\n} openclaw_main_conf_t;\ntypedef struct { void *data; void *read; void *write; int socket; } openclaw_connection_t;\ntypedef struct {\n    uint32_t signature; openclaw_connection_t *connection; void **context; openclaw_main_conf_t **main_conf;\n} openclaw_request_t;\ntypedef struct { int32_t bits; char *data; } openclaw_value_t;\nextern uintptr_t openclaw_http_core_module __asm__(\"ngx_http_core_module\");\nopenclaw_value_t *openclaw_get_variable(ngx_http_request_t *request, uintptr_t index)\n    __asm__(\"ngx_http_get_flushed_variable\");\n")
--- What a variable without a number has.
local NONE = -1
____exports.NONE = NONE
--- "HTTP", the first field of a request. Source: NGX_HTTP_MODULE in ngx_http_request.h.
local SIGNATURE = 1347703880
--- NGX_HTTP_VAR_NOCACHEABLE and NGX_HTTP_VAR_PREFIX in ngx_http_variables.h.
local NO_CACHEABLE = 2
local PREFIX = 32
--- More variables than any configuration has.
local MOST_VARIABLES = 100000
local library = ffi.C
local LENGTH = 268435455
local VALID = 268435456
local NOT_FOUND = 1073741824
--- What the request of a timer has as its socket.
local NO_SOCKET = -1
local function as_nginx_has_it(request)
    local its_request = ffi_cast("openclaw_request_t *", request)
    return its_request
end
--- The number of nginx's core module. Raises where nginx was built so that its functions and data have no names for libraries.
local function core_module()
    if library.openclaw_get_variable == nil then
        error("no function", 0)
    end
    return (tonumber(library.openclaw_http_core_module))
end
--- nginx's variables that have numbers; nothing where they are not found, or the layout is another one than expected.
local function variables_of(request)
    local ____as_nginx_has_it_result_0 = as_nginx_has_it(request)
    local signature = ____as_nginx_has_it_result_0.signature
    local main_conf = ____as_nginx_has_it_result_0.main_conf
    local is_known, module = pcall(core_module)
    if not is_known or signature ~= SIGNATURE then
        return nil
    end
    local ____main_conf_module_1 = main_conf[module]
    local servers = ____main_conf_module_1.servers
    local variables = ____main_conf_module_1.variables
    local is_as_expected = tonumber(servers.size) == ffi_sizeof("void *") and tonumber(variables.size) == ffi_sizeof("openclaw_variable_t") and tonumber(variables.count) <= MOST_VARIABLES
    return is_as_expected and variables or nil
end
--- Whether the variable has the same value by number as by name. Of a variable that a module makes from a part of its name, as
-- `$arg_…`, nginx keeps the first value of a request for its number, and makes a new one for each look-up by name.
local function is_same_by_name(flags)
    return bits_band(flags, PREFIX) == 0 or bits_band(flags, NO_CACHEABLE) ~= 0
end
--- Whether this is the request of a timer, which has no variables. Phases: any with a request.
local function is_of_timer(request)
    return as_nginx_has_it(request).connection.socket == NO_SOCKET
end
____exports.is_of_timer = is_of_timer
--- The numbers of the variables that nginx's configuration uses, by their names; none where the layout is another one than expected.
-- To be called once. Phases: all with a request.
-- 
-- @param has_all also those whose value by name may be another one than by number
local function numbers(request, has_all)
    local found = {}
    local variables = variables_of(request)
    if variables == nil then
        return found
    end
    local all = ffi_cast("openclaw_variable_t *", variables.elements)
    for place = 0, tonumber(variables.count) - 1 do
        local ____all_place_2 = all[place]
        local name = ____all_place_2.name
        local flags = ____all_place_2.flags
        if has_all or is_same_by_name(tonumber(flags)) then
            found[ffi_string(
                name.data,
                tonumber(name.len)
            )] = place
        end
    end
    return found
end
____exports.numbers = numbers
--- Writes where the value of the variable with this number is, and how many bytes it has. False if it has no value. Phases: all with a
-- request; false in a timer.
local function read(request, number, value, value_bytes)
    if is_of_timer(request) then
        return false
    end
    local found = library.openclaw_get_variable(request, number)
    if found == nil or bits_band(found.bits, NOT_FOUND) ~= 0 then
        return false
    end
    value[0] = found.data
    value_bytes[0] = bits_band(found.bits, LENGTH)
    return true
end
____exports.read = read
--- Where nginx keeps the value of a variable. `known`: the number of any variable whose value nginx keeps: all are in one array.
local function place_of(request, known, number)
    local place = library.openclaw_get_variable(request, known)
    local ____temp_3
    if place == nil then
        ____temp_3 = nil
    else
        ____temp_3 = place + (number - known)
    end
    return ____temp_3
end
--- Gives a variable a value without a copy: the bytes are in memory of nginx that lasts as long as the request. False if it has
-- a value already. Phases: all with a request; false in a timer.
-- 
-- @param known the number of a variable whose value nginx keeps, such as `$host`
local function point(request, known, number, memory, count)
    if is_of_timer(request) then
        return false
    end
    local place = place_of(request, known, number)
    if place == nil or bits_band(place.bits, VALID + NOT_FOUND) ~= 0 then
        return false
    end
    place.data = memory
    place.bits = count + VALID
    return true
end
____exports.point = point
--- Makes a part of a variable's value its value. Phases: all with a request.
local function cut(request, known, number, first, count)
    local place = place_of(request, known, number)
    if place == nil then
        return
    end
    place.data = place.data + first
    place.bits = count + VALID
end
____exports.cut = cut
--- Has nginx make the value of a variable anew when it is asked for it. Phases: all with a request.
local function forget(request, known, number)
    local place = place_of(request, known, number)
    if place ~= nil then
        place.bits = 0
    end
end
____exports.forget = forget
return ____exports
