local ____exports = {}
local ffi = require("ffi")
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
ffi.cdef("\ndouble ngx_http_lua_ffi_now(void);\ndouble ngx_http_lua_ffi_req_start_time(ngx_http_request_t *request);\nint ngx_http_lua_ffi_get_resp_status(ngx_http_request_t *request);\nint ngx_http_lua_ffi_is_subrequest(ngx_http_request_t *request);\nint ngx_http_lua_ffi_var_get(ngx_http_request_t *request, const char *name, size_t name_bytes, char *lower_case,\n    int capture, char **value, size_t *value_bytes, char **err);\nint ngx_http_lua_ffi_var_set(ngx_http_request_t *request, const unsigned char *name, size_t name_bytes,\n    unsigned char *lower_case, const unsigned char *value, size_t value_bytes, unsigned char *err, size_t *err_bytes);\nintptr_t ngx_atoi(const char *digits, size_t count);\nintptr_t ngx_atofp(const char *digits, size_t count, size_t decimals);\n")
local NGX_OK = 0
local LONGEST_NAME = 128
local LONGEST_MESSAGE = 256
--- nginx writes times with so many decimals.
local DECIMALS = 3
local DIGIT_0 = string.byte("0")
local DIGIT_9 = string.byte("9")
local lower_case = ffi.new("char[?]", LONGEST_NAME)
local value = ffi.new("char *[1]")
local value_bytes = ffi.new("size_t[1]")
local message = ffi.new("char *[1]")
local message_text = ffi.new("unsigned char[?]", LONGEST_MESSAGE)
local message_bytes = ffi.new("size_t[1]")
--- Leaves where a variable's value is in `value` and `value_bytes`; false when it has none or does not exist.
local function find(name)
    local request = get_request()
    if request == nil or #name > LONGEST_NAME then
        return false
    end
    local found = ffi.C.ngx_http_lua_ffi_var_get(
        request,
        name,
        #name,
        lower_case,
        0,
        value,
        value_bytes,
        message
    )
    return found == NGX_OK
end
local function first_byte(text)
    local byte = text[0]
    return byte
end
--- A variable's value by its name without "$"; nothing when it has none or does not exist, or when the name has more than
-- 128 letters. One that was set to nothing is "".
function ____exports.variable(name)
    if not find(name) then
        return nil
    end
    local text = ffi.string(value[0], value_bytes[0])
    return text
end
--- Appends a variable's value, and what is to stand before it, to a buffer; false, and nothing, when it has none or is
-- empty. No text is made of it, which costs a look for an equal one, memory, and its collection.
function ____exports.append(target, name, before)
    if not find(name) then
        return false
    end
    local bytes = tonumber(value_bytes[0])
    if bytes == 0 then
        return false
    end
    target:put(before)
    target:putcdata(value[0], bytes)
    return true
end
--- The same for a value that begins with a digit, as numbers do; false, and nothing, for any other.
function ____exports.append_number(target, name)
    if not find(name) then
        return false
    end
    local bytes = tonumber(value_bytes[0])
    if bytes == 0 then
        return false
    end
    local first = first_byte(value[0])
    if first < DIGIT_0 or first > DIGIT_9 then
        return false
    end
    target:putcdata(value[0], bytes)
    return true
end
--- The value of a variable that holds digits only, without a text being made of it; 0 for any other.
function ____exports.whole_number(name)
    if not find(name) then
        return 0
    end
    local number = tonumber(ffi.C.ngx_atoi(value[0], value_bytes[0]))
    return number < 0 and 0 or number
end
--- The value of a variable that holds one time in seconds, as nginx writes them, without a text being made of it. Nothing
-- when it has none, -1 when that is something else, such as a list of times.
function ____exports.seconds(name)
    if not find(name) then
        return nil
    end
    local milliseconds = tonumber(ffi.C.ngx_atofp(value[0], value_bytes[0], DECIMALS))
    return milliseconds < 0 and -1 or milliseconds / 1000
end
--- The last time in a variable that has one for each try, in seconds; nothing when it has none, and for a try that has
-- none.
function ____exports.last_seconds(name)
    local only = ____exports.seconds(name)
    if only == nil or only >= 0 then
        return only
    end
    local last = tonumber(upstream_tries.last(____exports.variable(name) or "-"))
    return last
end
--- Sets a variable that some `map` or `set` in nginx.conf declares; false where none does.
function ____exports.set_variable(name, text)
    local request = get_request()
    if request == nil or #name > LONGEST_NAME then
        return false
    end
    message_bytes[0] = LONGEST_MESSAGE
    local done = ffi.C.ngx_http_lua_ffi_var_set(
        request,
        name,
        #name,
        lower_case,
        text,
        #text,
        message_text,
        message_bytes
    )
    return done == NGX_OK
end
--- The time in seconds since 1970, to the millisecond, as of this turn of nginx's loop. Phases: any.
function ____exports.now()
    local seconds = ffi.C.ngx_http_lua_ffi_now()
    return seconds
end
--- When the first byte of the request came, in seconds since 1970; 0 where there is no request.
function ____exports.started()
    local request = get_request()
    if request == nil then
        return 0
    end
    local seconds = ffi.C.ngx_http_lua_ffi_req_start_time(request)
    return seconds
end
--- Seconds since the first byte of the request; never below 0.
function ____exports.seconds_taken()
    local began = ____exports.started()
    local seconds = ____exports.now() - began
    return began > 0 and seconds > 0 and seconds or 0
end
--- A number that no other request of this worker has as long as this one lives; internal redirects do not change it.
-- 0 where there is no request.
function ____exports.key()
    local request = get_request()
    if request == nil then
        return 0
    end
    local address = tonumber(ffi.cast("uintptr_t", request))
    return address
end
--- The answer's status; 0 before there is one, and where there is no request.
function ____exports.status()
    local request = get_request()
    if request == nil then
        return 0
    end
    local code = ffi.C.ngx_http_lua_ffi_get_resp_status(request)
    return code > 0 and code or 0
end
--- Whether there is a request of a client: timers and their like have a stand-in, which most of nginx's interface refuses.
function ____exports.is_there()
    local request = get_request()
    if request == nil then
        return false
    end
    local code = ffi.C.ngx_http_lua_ffi_get_resp_status(request)
    return code >= 0
end
--- Whether this is a subrequest, which has no log phase.
function ____exports.is_subrequest()
    local request = get_request()
    if request == nil then
        return false
    end
    local answer = ffi.C.ngx_http_lua_ffi_is_subrequest(request)
    return answer == 1
end
return ____exports
