local ____exports = {}
local pcall = pcall
local tonumber = tonumber
local tostring = tostring
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_open = files.open
local files_read = files.read
local files_size = files.size
local open_files = require("resty.openclaw.core.files.open_files")
local open_files_has = open_files.has
local warm_memory = require("resty.openclaw.core.memory.warm_memory")
local warm_memory_prepare = warm_memory.prepare
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_go_on = client_watch.go_on
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
ffi_cdef("uintptr_t ngx_hash_key(const unsigned char *data, size_t bytes);")
ffi_cdef("void *ngx_http_get_variable(ngx_http_request_t *request, ngx_str_t *name, uintptr_t key);")
ffi_cdef("int ngx_http_lua_ffi_var_get(ngx_http_request_t *request, const char *name, size_t name_bytes, char *lower_case, int capture, char **value, size_t *value_bytes, char **err);")
--- What is read, and visited, at a time.
local PIECE_BYTES = 64 * 1024
--- What is visited before other requests get their turn: under 2 ms at 300 MB/s.
local SLICE_BYTES = 512 * 1024
--- For nginx's copy of a body in memory with so many bytes, memory is prepared; a shorter one takes under a millisecond.
local COPY_BYTES = 1024 * 1024
local NGX_OK = 0
local VARIABLE = "request_body"
local lower_case = ffi_new("char[?]", #VARIABLE)
local value = ffi_new("char *[1]")
local value_bytes = ffi_new("size_t[1]")
local message = ffi_new("char *[1]")
--- One for the worker: never in use over a yield.
local piece = ffi_new("uint8_t[?]", PIECE_BYTES)
local function of_file(err)
    return "the body's file: " .. err
end
--- Two looks at the variable: where nginx works it out at every look, they are two values.
local function two_looks()
    local name = ffi_new("ngx_str_t", {len = #VARIABLE, data = VARIABLE})
    local key = ffi.C.ngx_hash_key(VARIABLE, #VARIABLE)
    local first = ffi.C.ngx_http_get_variable(
        get_request(),
        name,
        key
    )
    local second = ffi.C.ngx_http_get_variable(
        get_request(),
        name,
        key
    )
    return first ~= nil and first ~= second
end
local always_fresh
--- Whether `$request_body` is worked out at every look. Once nginx.conf names it anywhere, nginx keeps the first value
-- for the whole request, even one from before the body was read or replaced; no such value may be trusted.
-- Source: ngx_http_get_variable in nginx's ngx_http_variables.c.
local function is_always_fresh()
    if always_fresh == nil then
        local ok, fresh = pcall(two_looks)
        always_fresh = ok and fresh == true
    end
    return always_fresh
end
--- The body where nginx has it, without a Lua string. nginx hands out its buffer as it is when the body came in one
-- read. Else it has a buffer for each read, and makes one copy that lives as long as the request, at about 0.1 ms for
-- each MB where memory has been prepared, and 0.6 ms where it has not: less than a Lua string takes. Source:
-- ngx_http_variable_request_body in nginx's ngx_http_variables.c.
local function in_buffer(announced)
    if not is_always_fresh() then
        return nil
    end
    local length = #VARIABLE
    local found = ffi.C.ngx_http_lua_ffi_var_get(
        get_request(),
        VARIABLE,
        length,
        lower_case,
        0,
        value,
        value_bytes,
        message
    )
    if found ~= NGX_OK then
        return nil
    end
    local bytes = tonumber(value_bytes[0])
    if bytes ~= tonumber(announced) then
        return nil
    end
    return {
        bytes = bytes,
        memory = ffi_cast("const uint8_t *", value[0])
    }
end
--- The same for a long body: others have their turn before and after what nginx does in one go.
local function in_long_buffer(announced, bytes)
    if ngx.req.get_body_file() ~= nil then
        return nil
    end
    warm_memory_prepare(bytes)
    local slice = time_slice_begin()
    local body = in_buffer(announced)
    if time_slice_is_over(slice) then
        time_slice_yield_now()
    end
    return body
end
--- The length that the header has now. The variable keeps that of a body that was replaced, once nginx.conf names it anywhere.
local function length_in_header()
    local headers = ngx.req.get_headers(0)
    return (tonumber(headers["content-length"]))
end
--- A copy of a body in memory.
local function in_copy(announced)
    local copy = ngx.req.get_body_data()
    if copy ~= nil then
        if #copy ~= (tonumber(announced) or #copy) and #copy ~= length_in_header() then
            return nil, "nginx does not have all of the body"
        end
        return {
            bytes = #copy,
            memory = ffi_cast("const uint8_t *", copy),
            copy = copy
        }
    end
    if (tonumber(announced) or 0) > 0 then
        return nil, "the body was announced, but nginx does not have it"
    end
    return {bytes = 0}
end
local function in_file(path, announced)
    local file, open_err = files_open(path, "read")
    if file == nil then
        return nil, of_file(open_err)
    end
    local bytes, err = files_size(file)
    files_close(file)
    if bytes == nil then
        return nil, of_file(err)
    end
    if bytes ~= (tonumber(announced) or bytes) then
        return nil, "the body's file has another length than it"
    end
    return {bytes = bytes, file = path}
end
--- Whether the body's file may be opened by its name. ngx_lua has nginx keep the name until the request ends. But what
-- nginx reads for itself (for proxy_pass, say) goes to a file that loses its name at once, which another nginx that shares
-- client_body_temp_path may then give to the body of somebody else. Source: ngx_open_tempfile in nginx's ngx_files.c.
local function is_its_own(file)
    local ____opt_0 = request_state_present()
    return (____opt_0 and ____opt_0.body_file) == file or open_files_has(file)
end
--- Has nginx read the body; whether it was in a file before.
local function read_body()
    local was_in_file = ngx.req.get_body_file() ~= nil
    ngx.req.read_body()
    return was_in_file
end
--- Has nginx read the body. Says why it cannot be read, or nothing; then whether it was in a file before.
local function fetch_body()
    local ok, result = pcall(read_body)
    client_watch_go_on(request_state_present())
    local ____ok_2
    if ok then
        ____ok_2 = nil
    else
        ____ok_2 = tostring(result)
    end
    return ____ok_2, result == true
end
--- The file that the body is in, if it is in one. Notes whether this module had it read.
local function present_file(was_in_file)
    local file = ngx.req.get_body_file()
    if was_in_file or file == nil then
        return file
    end
    local state = request_state_open()
    state.body_file = file
    if ngx.get_phase() == "rewrite" then
        state.is_early = true
    end
    return file
end
--- Has nginx read the body, so that `read` finds all of it later, after internal redirects too. Ends the request when the
-- client sends what is no body, or one over client_max_body_size. Says why it cannot be read, or nothing. Phases: rewrite,
-- access, content; yields.
local function fetch()
    local problem, was_in_file = fetch_body()
    if problem == nil then
        present_file(was_in_file)
    end
    return problem
end
____exports.fetch = fetch
--- The same, and says where the body is. On failure nil and why.
local function read()
    local problem, was_in_file = fetch_body()
    if problem ~= nil then
        return nil, problem
    end
    local announced = request_variable("content_length")
    local bytes = tonumber(announced) or 0
    local ____temp_3
    if bytes < COPY_BYTES then
        ____temp_3 = in_buffer(announced)
    else
        ____temp_3 = in_long_buffer(announced, bytes)
    end
    local body = ____temp_3
    if body ~= nil then
        return body
    end
    local file = present_file(was_in_file)
    if file == nil then
        return in_copy(announced)
    end
    if not is_its_own(file) then
        return nil, "nginx has read the body before, into a file without a name"
    end
    return in_file(file, announced)
end
____exports.read = read
--- Fills `piece` from an open file. How many bytes, or nil and why.
local function read_piece(file, offset, most)
    local count, err = files_read(file, piece, most, offset)
    if count == nil then
        return nil, of_file(err)
    end
    if count == 0 then
        return nil, "the body's file is shorter than it was"
    end
    return count
end
--- Visits a slice: up to its end, or until its time is over.
local function visit_pieces(file, progress, visit, state)
    while progress.offset < progress["end"] do
        local ____progress_4 = progress
        local offset = ____progress_4.offset
        local ____end = ____progress_4["end"]
        local piece_bytes = ____progress_4.piece_bytes
        local count, err = read_piece(
            file,
            offset,
            math_min(piece_bytes, ____end - offset)
        )
        if count == nil then
            return err
        end
        visit(state, piece, count)
        progress.offset = offset + count
        if time_slice_is_over(progress.slice) then
            break
        end
    end
    return nil
end
--- Opens the file for one slice only: no descriptor is open while a request waits, so none is lost when it is killed.
local function visit_file(path, progress, visit, state)
    local file, open_err = files_open(path, "read")
    if file == nil then
        return of_file(open_err)
    end
    local ok, err = pcall(
        visit_pieces,
        file,
        progress,
        visit,
        state
    )
    files_close(file)
    if not ok then
        return (tostring(err))
    end
    return err
end
local function visit_memory(memory, progress, visit, state)
    while progress.offset < progress["end"] do
        local ____progress_5 = progress
        local offset = ____progress_5.offset
        local ____end = ____progress_5["end"]
        local piece_bytes = ____progress_5.piece_bytes
        local count = math_min(piece_bytes, ____end - offset)
        visit(state, memory + offset, count)
        progress.offset = offset + count
        if time_slice_is_over(progress.slice) then
            break
        end
    end
end
--- Visits the whole body in order, in pieces of at most `piece_bytes`, which is 64 KiB at most: smaller ones for visitors that may take
-- milliseconds for that much. Returns how many bytes, or nil and why.
-- Phases: rewrite, access, content; yields after every 512 KiB or a millisecond.
local function each(body, visit, state, piece_bytes)
    if piece_bytes == nil then
        piece_bytes = PIECE_BYTES
    end
    local progress = {
        offset = 0,
        ["end"] = 0,
        piece_bytes = math_min(piece_bytes, PIECE_BYTES),
        slice = time_slice_begin()
    }
    while progress.offset < body.bytes do
        if progress.offset > 0 then
            time_slice_yield_now()
            time_slice_renew(progress.slice)
        end
        progress["end"] = math_min(progress.offset + SLICE_BYTES, body.bytes)
        if body.file ~= nil then
            local err = visit_file(body.file, progress, visit, state)
            if err ~= nil then
                return nil, err
            end
        else
            visit_memory(body.memory, progress, visit, state)
        end
    end
    return progress.offset
end
____exports.each = each
--- The first bytes of the body, at most 64 KiB: fewer where it is shorter. On failure nil and why.
-- Phases: rewrite, access, content; does not yield.
function ____exports.first(body, most)
    local count = math_min(most, body.bytes, PIECE_BYTES)
    if count == 0 then
        return ""
    end
    if body.file == nil then
        return (ffi_string(body.memory, count))
    end
    local file, open_err = files_open(body.file, "read")
    if file == nil then
        return nil, of_file(open_err)
    end
    local got, err = read_piece(file, 0, count)
    files_close(file)
    if got == nil then
        return nil, err
    end
    return (ffi_string(piece, got))
end
return ____exports
