local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
local variable_index = require("resty.openclaw.core.request.variable_index")
local variable_index_NONE = variable_index.NONE
local variable_index_cut = variable_index.cut
local variable_index_forget = variable_index.forget
local variable_index_is_of_timer = variable_index.is_of_timer
local variable_index_numbers = variable_index.numbers
local variable_index_point = variable_index.point
local variable_index_read = variable_index.read
ffi_cdef("\ndouble ngx_http_lua_ffi_now(void);\ndouble ngx_http_lua_ffi_req_start_time(ngx_http_request_t *request);\nint ngx_http_lua_ffi_get_resp_status(ngx_http_request_t *request);\nint ngx_http_lua_ffi_is_subrequest(ngx_http_request_t *request);\nint ngx_http_lua_ffi_var_get(ngx_http_request_t *request, const char *name, size_t name_bytes, char *lower_case,\n    int capture, char **value, size_t *value_bytes, char **err);\nint ngx_http_lua_ffi_var_set(ngx_http_request_t *request, const unsigned char *name, size_t name_bytes,\n    unsigned char *lower_case, const unsigned char *value, size_t value_bytes, unsigned char *err, size_t *err_bytes);\nintptr_t ngx_atoi(const char *digits, size_t count);\nintptr_t ngx_atofp(const char *digits, size_t count, size_t decimals);\nint memcmp(const void *one, const void *other, size_t bytes);\n")
local NGX_OK = 0
local LONGEST_NAME = 128
local LONGEST_MESSAGE = 256
--- Number of decimals in nginx's times.
local DECIMALS = 3
local DIGIT_0 = string_byte("0")
local DIGIT_9 = string_byte("9")
local lower_case = ffi_new("char[?]", LONGEST_NAME)
local value = ffi_new("char *[1]")
local value_bytes = ffi_new("size_t[1]")
local message = ffi_new("char *[1]")
local message_text = ffi_new("unsigned char[?]", LONGEST_MESSAGE)
local message_bytes = ffi_new("size_t[1]")
--- The numbers of the variables that were asked for, by their names; `NONE` for those that are found by name.
local numbers = {}
--- Those of all variables that have one, read at the first look-up. At each first look-up of a variable it would be a loop on the
-- request path, and LuaJIT would compile everything around it in parts.
local all_numbers
--- A variable of each request, whose value nginx keeps.
local KNOWN = "host"
--- The numbers of the variables that `point` may give a value, by their names; `NONE` for those that it may not.
local pointed = {}
local function find_by_name(request, name)
    if #name > LONGEST_NAME then
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
local function found_text(is_found)
    return is_found and ffi_string(value[0], value_bytes[0]) or nil
end
--- The number of a variable that is asked for the first time: only if its value by number is that by name.
local function learn_number(request, name)
    if variable_index_is_of_timer(request) then
        return variable_index_NONE
    end
    if all_numbers == nil then
        all_numbers = variable_index_numbers(request, false)
    end
    local number = all_numbers[name] or variable_index_NONE
    if number ~= variable_index_NONE then
        local by_name = found_text(find_by_name(request, name))
        if found_text(variable_index_read(request, number, value, value_bytes)) ~= by_name then
            number = variable_index_NONE
        end
    end
    numbers[name] = number
    return number
end
--- Sets `value` and `value_bytes` to where a variable's value is. False if it has no value or does not exist.
local function find(name)
    local request = get_request()
    if request == nil then
        return false
    end
    local number = numbers[name] or learn_number(request, name)
    local ____temp_0
    if number == variable_index_NONE then
        ____temp_0 = find_by_name(request, name)
    else
        ____temp_0 = variable_index_read(request, number, value, value_bytes)
    end
    local is_found = ____temp_0
    return is_found
end
local function first_byte(text)
    local byte = text[0]
    return byte
end
--- The value of a variable by its name without "$". Nothing if it has no value or does not exist, or if the name is longer than
-- 128 bytes. A variable that was set to an empty string is "".
local function variable(name)
    if not find(name) then
        return nil
    end
    local text = ffi_string(value[0], value_bytes[0])
    return text
end
____exports.variable = variable
--- Where a variable's value is, until the request ends, and how many bytes it has. Nothing and 0 if it has no value.
local function bytes_of(name)
    if not find(name) then
        return nil, 0
    end
    return value[0], tonumber(value_bytes[0])
end
____exports.bytes_of = bytes_of
--- The number in so many bytes of memory; nothing if there are none, or others than digits. Phases: any.
local function digits(memory, count)
    local number = tonumber(ffi.C.ngx_atoi(memory, count))
    local ____temp_1
    if number < 0 then
        ____temp_1 = nil
    else
        ____temp_1 = number
    end
    return ____temp_1
end
____exports.digits = digits
--- Appends `before` and a variable's value to a buffer. If the value is missing or empty, appends nothing and returns false.
-- It makes no Lua string, which would cost interning, memory and garbage collection.
local function append(target, name, before)
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
____exports.append = append
--- Appends a variable's value if it begins with a digit, as numbers do. Otherwise appends nothing and returns false.
local function append_number(target, name)
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
____exports.append_number = append_number
--- The value of a variable that consists of digits, as a number; 0 for any other. Makes no Lua string.
local function whole_number(name)
    if not find(name) then
        return 0
    end
    local number = digits(
        value[0],
        tonumber(value_bytes[0])
    )
    return number or 0
end
____exports.whole_number = whole_number
--- The value of a variable that contains one time in seconds, in nginx's format. Nothing if it has no value; -1 if the value is
-- something else, such as a list of times. Makes no Lua string.
function ____exports.seconds(name)
    if not find(name) then
        return nil
    end
    local milliseconds = tonumber(ffi.C.ngx_atofp(value[0], value_bytes[0], DECIMALS))
    return milliseconds < 0 and -1 or milliseconds / 1000
end
--- The last time in a variable that has a time for each attempt, in seconds. Nothing if the variable has no value, or if the last
-- attempt has no time.
local function last_seconds(name)
    local only = ____exports.seconds(name)
    if only == nil or only >= 0 then
        return only
    end
    local last = tonumber(upstream_tries_last(variable(name) or "-"))
    return last
end
____exports.last_seconds = last_seconds
--- Sets a variable to so many bytes of memory, which nginx copies. Else as `set_variable`.
local function set_bytes(name, bytes, count)
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
        bytes,
        count,
        message_text,
        message_bytes
    )
    return done == NGX_OK
end
____exports.set_bytes = set_bytes
--- Sets a variable to a part of these bytes. nginx copies all of them, so that `point` can give others to other variables. False if
-- none declares the variable, or its number is not known; then its value is that of all bytes.
local function set_part(name, bytes, all_count, first, count)
    local request = get_request()
    if request == nil or not set_bytes(name, bytes, all_count) then
        return false
    end
    local number = numbers[name] or learn_number(request, name)
    local known = numbers[KNOWN] or learn_number(request, KNOWN)
    if number == variable_index_NONE or known == variable_index_NONE then
        return false
    end
    variable_index_cut(
        request,
        known,
        number,
        first,
        count
    )
    return true
end
____exports.set_part = set_part
--- For the first request in a worker: whether nginx finds the same value that `point` is to give to the variable.
local function learn_pointed(request, name, memory, count)
    local known = numbers[KNOWN] or learn_number(request, KNOWN)
    if not find(name) then
        return false
    end
    local is_same = known ~= variable_index_NONE and tonumber(value_bytes[0]) == count and ffi.C.memcmp(value[0], memory, count) == 0
    pointed[name] = is_same and numbers[name] or variable_index_NONE
    return false
end
--- Gives a variable that has no value yet one without a copy: `count` bytes in memory of nginx that lasts as long as the request,
-- such as those of another variable. It must be the value that nginx would find, by a longer way: nginx finds that of the first
-- request in each worker, and if it is another one, by a map of the user's, so do all others. False if nginx is to find the value.
local function point(name, memory, count)
    local request = get_request()
    if request == nil then
        return false
    end
    local number = pointed[name]
    if number == nil then
        return learn_pointed(request, name, memory, count)
    end
    if number == variable_index_NONE then
        return false
    end
    local is_given = variable_index_point(
        request,
        numbers[KNOWN],
        number,
        memory,
        count
    )
    return is_given
end
____exports.point = point
--- The numbers of all variables of nginx's configuration; nothing before the first is forgotten.
local every_number
--- Has nginx look again for the value of a variable: it keeps that of `$http_cookie`, say, whatever becomes of the header. Does
-- nothing where the numbers of nginx's variables are not known. Phases: all with a request; not in timers.
local function forget(name)
    local request = get_request()
    if request == nil or variable_index_is_of_timer(request) then
        return
    end
    if every_number == nil then
        every_number = variable_index_numbers(request, true)
    end
    local number = every_number[name]
    local known = numbers[KNOWN] or learn_number(request, KNOWN)
    if number == nil or known == variable_index_NONE then
        return
    end
    variable_index_forget(request, known, number)
end
____exports.forget = forget
--- Sets a variable that a `map` or `set` in nginx.conf declares. False if none does.
local function set_variable(name, text)
    local is_set = set_bytes(name, text, #text)
    return is_set
end
____exports.set_variable = set_variable
--- nginx's cached time in seconds since 1970, with milliseconds. Phases: any.
local function now()
    local seconds = ffi.C.ngx_http_lua_ffi_now()
    return seconds
end
____exports.now = now
--- When the first byte of the request was received, in seconds since 1970; 0 without a request.
local function started()
    local request = get_request()
    if request == nil then
        return 0
    end
    local seconds = ffi.C.ngx_http_lua_ffi_req_start_time(request)
    return seconds
end
____exports.started = started
--- Seconds since the first byte of the request; never below 0.
local function seconds_taken()
    local began = started()
    local seconds = now() - began
    return began > 0 and seconds > 0 and seconds or 0
end
____exports.seconds_taken = seconds_taken
--- A number that is unique among the current requests of this worker. Internal redirects do not change it. 0 without a
-- request.
local function key()
    local request = get_request()
    if request == nil then
        return 0
    end
    local address = tonumber(ffi_cast("uintptr_t", request))
    return address
end
____exports.key = key
--- The status of the response; 0 before it is known, and without a request.
local function status()
    local request = get_request()
    if request == nil then
        return 0
    end
    local code = ffi.C.ngx_http_lua_ffi_get_resp_status(request)
    return code > 0 and code or 0
end
____exports.status = status
--- Whether there is a client's request. Timers and similar phases have a fake request, which most of nginx's functions reject.
local function is_there()
    local request = get_request()
    if request == nil then
        return false
    end
    local code = ffi.C.ngx_http_lua_ffi_get_resp_status(request)
    return code >= 0
end
____exports.is_there = is_there
--- Whether this is a subrequest, which has no log phase.
local function is_subrequest()
    local request = get_request()
    if request == nil then
        return false
    end
    local answer = ffi.C.ngx_http_lua_ffi_is_subrequest(request)
    return answer == 1
end
____exports.is_subrequest = is_subrequest
return ____exports
