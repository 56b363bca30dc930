local ____exports = {}
local pcall = pcall
local tostring = tostring
local math_min = math.min
local ffi = require("ffi")
local ffi_string = ffi.string
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local request = require("resty.openclaw.core.request.request")
local request_forget = request.forget
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
--- A body of up to this length is put in place at once: under a millisecond.
local SHORT_BYTES = 1024 * 1024
--- What nginx is given of a longer one at a time.
local PIECE_BYTES = 64 * 1024
--- Has nginx take a long body piece by piece; it goes to a file when it has become too long.
local function write(memory, count)
    local slice = time_slice_begin()
    ngx.req.init_body()
    for offset = 0, count - 1, PIECE_BYTES do
        ngx.req.append_body(ffi_string(
            memory + offset,
            math_min(PIECE_BYTES, count - offset)
        ))
        if time_slice_is_over(slice) then
            time_slice_yield_now()
            time_slice_renew(slice)
        end
    end
    ngx.req.finish_body()
    local file = ngx.req.get_body_file()
    if file ~= nil then
        request_state_open().body_file = file
    end
end
--- Puts these bytes in place of the body, which was read before, and says their length in the header. Phases: rewrite, access, content; yields.
-- Returns why that failed, if it did: the request has no body then that could go on.
local function put(memory, count)
    local ok, err = unpack(
        count <= SHORT_BYTES and ({pcall(
            ngx.req.set_body_data,
            ffi_string(memory, count)
        )}) or ({pcall(write, memory, count)}),
        1,
        2
    )
    request_forget("content_length")
    request_forget("request_body")
    local ____ok_0
    if ok then
        ____ok_0 = nil
    else
        ____ok_0 = tostring(err)
    end
    return ____ok_0
end
____exports.put = put
return ____exports
