local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local math_min = math.min
local string_format = string.format
local string_match = string.match
local string_sub = string.sub
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_string = ffi.string
local checksums = require("resty.openclaw.core.bytes.checksum")
local checksums_NOTHING = checksums.NOTHING
local checksums_add = checksums.add
local checksums_add_text = checksums.add_text
local inflations = require("resty.openclaw.core.bytes.inflation")
local inflations_OUTPUT_BYTES = inflations.OUTPUT_BYTES
local inflations_finish = inflations.finish
local inflations_give = inflations.give
local inflations_new = inflations.new
local inflations_step = inflations.step
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local options = require("resty.openclaw.cache.redis_tier.options")
local options_MOST_BODY_BYTES = options.MOST_BODY_BYTES
--- Longer heads are not kept.
local MOST_HEAD_BYTES = 64 * 1024
____exports.MOST_HEAD_BYTES = MOST_HEAD_BYTES
local MOST_LINE_BYTES = 100
--- No value is longer.
local MOST_BYTES = MOST_LINE_BYTES + MOST_HEAD_BYTES + options_MOST_BODY_BYTES
____exports.MOST_BYTES = MOST_BYTES
local BEGINNING = "openclaw1 "
local LINE = "^openclaw1 (%x%x%x%x%x%x%x%x) ()(%d+) (%d+) (%d+) (%d+)\n()"
--- Shorter bodies are not worth it.
local LEAST_COMPRESSED_BYTES = 256
--- The sum of so many bytes takes less than half a millisecond.
local PIECE_BYTES = 256 * 1024
--- The body as it is kept.
local function shortest(gzip, body)
    if #body < LEAST_COMPRESSED_BYTES then
        return body
    end
    local compressed = gzip:compress(body)
    if compressed == nil or #compressed >= #body then
        return body
    end
    return compressed
end
local function pause(slice)
    if not time_slice_is_over(slice) then
        return
    end
    time_slice_yield_now()
    time_slice_renew(slice)
end
--- The sum of what `sum` is of, and of a text from a place on.
local function add(sum, text, from, slice)
    local bytes = ffi_cast("const uint8_t *", text)
    local all, at = sum, from
    while at < #text do
        local count = math_min(PIECE_BYTES, #text - at)
        all = checksums_add(all, bytes + at, count)
        at = at + count
        pause(slice)
    end
    return all
end
--- The value for an answer. `gzip`: not used by another meanwhile. Phases: those that may yield; yields.
local function pack(gzip, key, answer)
    local ____answer_0 = answer
    local head = ____answer_0.head
    local body = ____answer_0.body
    local fresh_until = ____answer_0.fresh_until
    local kept = shortest(gzip, body)
    local line = string_format(
        "%d %d %d %.0f\n",
        #head,
        #body,
        #kept,
        fresh_until
    )
    local slice = time_slice_begin()
    local sum = checksums_NOTHING
    for ____, part in ipairs({key, line, head, kept}) do
        sum = add(sum, part, 0, slice)
    end
    return (table_concat({
        BEGINNING,
        string_format("%08x ", sum),
        line,
        head,
        kept
    }))
end
____exports.pack = pack
--- Uncompresses what stands behind a place of a value; never more than it is said to be.
local function uncompressed(value, from, bytes, slice)
    local inflation = inflations_new()
    if inflation == nil then
        return nil, "zlib failed"
    end
    inflations_give(
        inflation,
        ffi_cast("const uint8_t *", value) + from,
        #value - from
    )
    local parts = {}
    local made = 0
    local is_full = true
    while is_full and made <= bytes and not inflation.is_ended do
        local count = inflations_step(inflation)
        made = made + count
        is_full = count == inflations_OUTPUT_BYTES
        parts[#parts + 1] = ffi_string(inflations.output, count)
        pause(slice)
    end
    local is_whole = inflation.is_ended and inflation.problem == nil and made == bytes
    inflations_finish(inflation)
    if not is_whole then
        return nil, "its body is not as long as it says"
    end
    return (table_concat(parts))
end
--- The answer in the value of a key; nil and what is wrong, which shows nothing of it. Phases: those that may yield; yields if it is long.
local function unpack(key, value)
    local beginning = string_sub(value, 1, MOST_LINE_BYTES)
    local sum, summed, head_digits, body_digits, kept_digits, until_digits, behind = string_match(beginning, LINE)
    if sum == nil then
        return nil, "it has no beginning that this version knows"
    end
    local head_bytes, body_bytes, kept_bytes = tonumber(head_digits), tonumber(body_digits), tonumber(kept_digits)
    if head_bytes > MOST_HEAD_BYTES or body_bytes > options_MOST_BODY_BYTES or kept_bytes > body_bytes then
        return nil, "it is too long"
    end
    local head_from = tonumber(behind)
    local from = head_from - 1 + head_bytes
    if #value ~= from + kept_bytes then
        return nil, "it is not as long as it says"
    end
    local slice = time_slice_begin()
    local found = add(
        checksums_add_text(checksums_NOTHING, key),
        value,
        tonumber(summed) - 1,
        slice
    )
    if found ~= tonumber(sum, 16) then
        return nil, "its checksum is wrong"
    end
    local head = string_sub(value, head_from, from)
    local fresh_until = tonumber(until_digits)
    if kept_bytes == body_bytes then
        return {
            head = head,
            body = string_sub(value, from + 1),
            fresh_until = fresh_until
        }
    end
    local body, err = uncompressed(value, from, body_bytes, slice)
    if body == nil then
        return nil, err
    end
    return {head = head, body = body, fresh_until = fresh_until}
end
____exports.unpack = unpack
return ____exports
