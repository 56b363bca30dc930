--- What the SHA-256 of the canonical form of JSON costs, and the longest time without a yield. Run by in_worker.mjs.
local ffi = require("ffi")
local canonical = require("resty.openclaw.core.text.json.canonical")
local digest = require("resty.openclaw.core.bytes.digest")
local time_slice = require("resty.openclaw.core.time.time_slice")

ffi.cdef([[
    struct bench_time { int64_t seconds; int64_t nanoseconds; };
    int bench_clock(int which, struct bench_time *time) __asm__("clock_gettime");
]])

local ROUNDS, PIECE, BYTES = 5, canonical.PIECE_BYTES, 10 * 1024 * 1024
local SETTINGS = canonical.settings(64 * 1024 * 1024, { "user" })
local CLOCK_PROCESS_CPUTIME = 2

local function repeated(entry)
    return "[" .. entry .. ("," .. entry):rep(math.floor(BYTES / (#entry + 1))) .. "]"
end

--- An object of many members, by a format of their names.
local function object_of(format, value, bytes, factor)
    local members = {}
    for index = 1, bytes / (#format:format(0) + #value + 1) do
        members[index] = format:format(index * factor % 1000003) .. value
    end
    return "{" .. table.concat(members, ",") .. "}"
end

local MESSAGE = '{"role":"user","content":"What is in this image?\\nTell me \\"all\\"."}'
local LONG = '{"role":"user","content":"'
    .. ("It was a bright cold day in April, and the clocks were striking thirteen. "):rep(25)
    .. '\\n\\n' .. ("Nothing was your own. "):rep(20) .. '"}'
local CJK = ("人工智能正在改变世界，"):rep(100)

local TEXTS = {
    { "an image in base64", function()
        return '{"image":"data:image/png;base64,' .. ("aGVsbG8+/w0KZm9v"):rep(BYTES / 16) .. '"}'
    end },
    { "messages of 2.3 KB", function() return repeated(LONG) end },
    { "messages of 70 bytes", function() return repeated(MESSAGE) end },
    { "text in other scripts", function() return '["' .. ("äöü€ и по-русски"):rep(BYTES / 28) .. '"]' end },
    { "text in Chinese", function() return '["' .. CJK:rep(BYTES / #CJK) .. '"]' end },
    { "the same in \\u escapes", function()
        return '["' .. ("\\u4eba\\u5de5\\u667a\\u80fd"):rep(BYTES / 24) .. '"]'
    end },
    { "a program, with line ends", function()
        return '["' .. ("    local value = \\\"text\\\"\\n"):rep(BYTES / 29) .. '"]'
    end },
    { "small objects", function() return repeated('{"a":1,"b":[true,null]}') end },
    { "small objects, unordered", function() return repeated('{"c":1,"a":2,"b":[true,null]}') end },
    { "400,000 members in order", function() return object_of('"%07d":', '"some value"', 8e6, 1) end },
    { "400,000 members, unordered", function() return object_of('"%07d":', '"some value"', 8e6, 7919) end },
    { "indented", function() return repeated('{\n        "role": "user",\n        "content": "Hello"\n    }') end },
    { "whole numbers", function() return repeated("123456") end },
    { "fractions, short", function() return repeated("0.0123") end },
    { "fractions, 17 digits", function() return repeated("-0.012345678901234567") end },
    { "exponents, 17 digits", function() return repeated("1.2345678901234567e-300") end },
    { "brackets", function() return repeated("[]") end },
}

local sha256 = digest.new("sha256")
local now = ffi.new("struct bench_time")

--- Of this process, so that others do not count.
local function milliseconds()
    ffi.C.bench_clock(CLOCK_PROCESS_CPUTIME, now)
    return tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
end

local function once(text)
    local memory = ffi.cast("const uint8_t *", text)
    local start = milliseconds()
    local turn, longest = start, 0
    local function pause()
        local ended = milliseconds()
        longest = math.max(longest, ended - turn)
        turn = ended
    end
    local slice = time_slice.begin()
    local json = canonical.new(SETTINGS, #text)
    for from = 0, #text - 1, PIECE do
        canonical.feed(json, memory + from, math.min(PIECE, #text - from))
        if time_slice.is_over(slice) then
            pause()
            time_slice.renew(slice)
        end
    end
    local context = sha256:begin()
    local outcome, reason = canonical.finish(json, digest.update, context, time_slice.paced(pause))
    assert(outcome == "canonical", reason or outcome)
    sha256:finish(context)
    pause()
    return milliseconds() - start, longest
end

local _M = {}

function _M.run()
    local lines = {}
    for _, case in ipairs(TEXTS) do
        local rounds, turns = {}, {}
        local text = case[2]()
        -- So that nothing is collected meanwhile of what made the text: each cycle halves LuaJIT's table of strings.
        for _ = 1, 20 do collectgarbage() end
        for round = 1, ROUNDS do rounds[round], turns[round] = once(text) end
        local first, first_turn = rounds[1], turns[1]
        table.sort(rounds)
        table.sort(turns)
        local function speed(duration) return #text / duration / 1e3 end
        lines[#lines + 1] = string.format("%-28s %4.0f MB/s (%.0f to %.0f; first %.0f), "
            .. "longest turn %.1f ms (first %.1f, most %.1f)",
            case[1], speed(rounds[(ROUNDS + 1) / 2]), speed(rounds[ROUNDS]), speed(rounds[1]), speed(first),
            turns[(ROUNDS + 1) / 2], first_turn, turns[ROUNDS])
    end
    local small = '{"model":"m","messages":[' .. MESSAGE .. '],"stream":true}'
    local start = milliseconds()
    for _ = 1, 100000 do
        local json = canonical.new(SETTINGS, #small)
        canonical.feed(json, ffi.cast("const uint8_t *", small), #small)
        local context = sha256:begin()
        canonical.finish(json, digest.update, context)
        sha256:finish(context)
    end
    lines[#lines + 1] = string.format("a request of %d bytes: %.2f us", #small, (milliseconds() - start) / 100)
    return table.concat(lines, "\n")
end

return _M
