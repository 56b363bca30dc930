--- What it costs to check JSON strictly, for each byte. Run by in_worker.mjs.
local ffi = require("ffi")
local structure = require("resty.openclaw.core.text.json.structure")

local ROUNDS, PIECE = 9, 16384
local LIMITS = { max_depth = 32, max_members = 1e9, unique_names = false }
local UNIQUE = { max_depth = 32, max_members = 1e9, unique_names = true }

local function repeated(entry, bytes)
    return "[" .. entry .. ("," .. entry):rep(math.floor(bytes / #entry)) .. "]"
end

local MESSAGE = '{"role": "user", "content": "What is in this image?\\nTell me \\"all\\"."}'
local TEXTS = {
    { "base64 in a string", '{"image":"' .. ("aGVsbG8+/w0KZm9v"):rep(65536) .. '"}' },
    { "messages", repeated(MESSAGE, 1048576) },
    { "messages, unique_names", repeated(MESSAGE, 1048576), UNIQUE },
    { "numbers", repeated("-0.0123456", 1048576) },
    { "small objects", repeated('{"a":1,"b":[true,null]}', 1048576) },
    { "text that is not English", '["' .. ("äöü€ и по-русски"):rep(50000) .. '"]' },
    { "brackets", repeated("[]", 1048576) },
}

local function once(text, limits)
    local memory = ffi.cast("const uint8_t *", text)
    local start = os.clock() -- of this process, so that others do not count
    local checker = structure.new(limits)
    for from = 0, #text - 1, PIECE do
        structure.feed(checker, memory + from, math.min(PIECE, #text - from))
    end
    local problem = structure.finish(checker)
    assert(not problem, problem)
    return (os.clock() - start) / #text * 1e9
end

local _M = {}

function _M.run()
    local lines = {}
    for _, case in ipairs(TEXTS) do
        local nanoseconds = {}
        local cold = once(case[2], case[3] or LIMITS)
        for round = 1, ROUNDS do nanoseconds[round] = once(case[2], case[3] or LIMITS) end
        table.sort(nanoseconds)
        lines[#lines + 1] = string.format("%-26s %5.2f ns/byte (%.2f to %.2f; first %.2f)", case[1],
            nanoseconds[(ROUNDS + 1) / 2], nanoseconds[1], nanoseconds[ROUNDS], cold)
    end
    local small = '{"model":"m","messages":[' .. MESSAGE .. '],"stream":true}'
    for _, limits in ipairs({ LIMITS, UNIQUE }) do
        local start = os.clock()
        for _ = 1, 200000 do structure.check(small, limits) end
        lines[#lines + 1] = string.format("a request of %d bytes%s: %.2f us", #small,
            limits.unique_names and ", unique_names" or "", (os.clock() - start) / 200000 * 1e6)
    end
    return table.concat(lines, "\n")
end

return _M
