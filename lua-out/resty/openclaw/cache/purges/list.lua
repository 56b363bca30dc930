local ____exports = {}
local error = error
local ipairs = ipairs
local tonumber = tonumber
local math_huge = math.huge
local math_max = math.max
local string_find = string.find
local string_format = string.format
local string_sub = string.sub
local table_concat = table.concat
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local filters = require("resty.openclaw.cache.purges.filter")
local filters_ALL = filters.ALL
local filters_read = filters.read
--- Of more filters nobody keeps an account: then everything is purged.
local MOST_FILTERS = 10000
____exports.MOST_FILTERS = MOST_FILTERS
--- Of the lines of filters, all together.
local MOST_BYTES = 1024 * 1024
____exports.MOST_BYTES = MOST_BYTES
--- Of a line, besides the filter: at most so many.
local NUMBER_BYTES = 18
____exports.NUMBER_BYTES = NUMBER_BYTES
--- More than the first line has.
local HEAD_BYTES = 256
local MOST_FILE_BYTES = MOST_BYTES + HEAD_BYTES
____exports.MOST_FILE_BYTES = MOST_FILE_BYTES
local BEGINNING = "openclaw purges "
local HEAD = "^openclaw purges 1 (%x+) (%d+) (%d+) (%d+) (%x+)\n"
--- 128 bits.
local EPOCH_NUMBERS = 4
--- A moment, and 96 bits.
local SHARED_EPOCH_DIGITS = 40
local sha256 = digests_new("sha256")
--- A list without purges, of an epoch that there never was. Phases: any.
local function fresh()
    return {
        epoch = random_hex(EPOCH_NUMBERS),
        last = 0,
        at = 0,
        entries = {}
    }
end
____exports.fresh = fresh
--- Whether an epoch is one of a list that gateways share. It begins with 16 digits, by which later ones are greater; so nobody takes an
-- older one that Redis has gone back to for a new one. Phases: any.
local function is_shared(epoch)
    return #epoch == SHARED_EPOCH_DIGITS
end
____exports.is_shared = is_shared
--- Whether a list is older than what is known: then it is a copy that somebody has put back. Phases: any.
local function is_older(list, epoch, last)
    if list.epoch == epoch then
        return list.last < last
    end
    return is_shared(epoch) and is_shared(list.epoch) and list.epoch < epoch
end
____exports.is_older = is_older
--- Whether a list lacks a purge of an earlier one of its epoch, without a later one of the same: some were lost, and others were made since
-- then. Phases: any.
local function has_lost_any_of(list, before)
    if list.epoch ~= before.epoch or before.last >= list.last then
        return false
    end
    local generations = {}
    for ____, ____value in ipairs(list.entries) do
        local generation = ____value.generation
        local filter = ____value.filter
        generations[filter] = generation
    end
    local of_all = generations[filters_ALL] or 0
    for ____, ____value in ipairs(before.entries) do
        local generation = ____value.generation
        local filter = ____value.filter
        if math_max(of_all, generations[filter] or 0) < generation then
            return true
        end
    end
    return false
end
____exports.has_lost_any_of = has_lost_any_of
local function lines_of(____bindingPattern0)
    local entries
    entries = ____bindingPattern0.entries
    local lines = {}
    for ____, ____value in ipairs(entries) do
        local generation = ____value.generation
        local filter = ____value.filter
        lines[#lines + 1] = string_format("%d %s\n", generation, filter)
    end
    return (table_concat(lines))
end
local function digest_of(epoch, last, at, count, lines)
    local hex, err = sha256:of((((((((epoch .. " ") .. last) .. " ") .. at) .. " ") .. count) .. "\n") .. lines)
    return hex or error("cannot make a digest: " .. err, 0)
end
--- The list as the file has it. Raises where OpenSSL fails. Phases: any.
local function written(list)
    local lines = lines_of(list)
    local last = string_format("%d", list.last)
    local at = string_format("%d", list.at)
    local count = string_format("%d", #list.entries)
    local digest = digest_of(
        list.epoch,
        last,
        at,
        count,
        lines
    )
    return (((((((((((BEGINNING .. "1 ") .. list.epoch) .. " ") .. last) .. " ") .. at) .. " ") .. count) .. " ") .. digest) .. "\n") .. lines
end
____exports.written = written
--- The list with one more purge, and whether that purges everything: if it is about all, or there are too many filters. Phases: any.
local function added(list, filter, at)
    local generation = list.last + 1
    local entries = {{generation = generation, filter = filter}}
    local bytes = #filter + NUMBER_BYTES
    if filter ~= filters_ALL then
        for ____, entry in ipairs(list.entries) do
            if entry.filter ~= filter then
                entries[#entries + 1] = entry
                bytes = bytes + (#entry.filter + NUMBER_BYTES)
            end
        end
    end
    local is_all = filter == filters_ALL or #entries > MOST_FILTERS or bytes > MOST_BYTES
    local kept = is_all and ({{generation = generation, filter = filters_ALL}}) or entries
    return {epoch = list.epoch, last = generation, at = at, entries = kept}, is_all
end
____exports.added = added
--- Whether all filters are ones that purges have. Phases: any.
local function is_legal(list)
    for ____, ____value in ipairs(list.entries) do
        local filter = ____value.filter
        if filters_read(filter) == nil then
            return false
        end
    end
    return true
end
____exports.is_legal = is_legal
--- The entries of lines from `from` on, down to a generation; filters are not looked at. Nothing if a line is none, or not in order.
local function entries_in(text, from, above)
    local entries = {}
    local at = from
    local before = math_huge
    while at <= #text do
        local begin, last, digits, filter = string_find(text, "^(%d+) ([^\n]+)\n", at)
        if begin == nil then
            return nil
        end
        local generation = tonumber(digits)
        if generation >= before then
            return nil
        end
        if generation <= above then
            return entries
        end
        before = generation
        entries[#entries + 1] = {generation = generation, filter = filter}
        at = last + 1
    end
    return entries
end
--- The list of an epoch that has these lines; nothing if they are not in order. Phases: any.
local function of_lines(epoch, last, at, lines)
    local entries = entries_in(lines, 1, 0)
    if entries == nil or #entries > MOST_FILTERS then
        return nil
    end
    local first = entries[1]
    return (first and first.generation or 0) == last and ({epoch = epoch, last = last, at = at, entries = entries}) or nil
end
____exports.of_lines = of_lines
--- The list in the text of a file; nothing and why if there is none. Phases: any.
local function read(text)
    if text == "" then
        return nil, "missing"
    end
    if string_sub(text, 1, #BEGINNING) ~= BEGINNING then
        return nil, "foreign"
    end
    local ____, head_end, epoch, last, at, count, digest = string_find(text, HEAD)
    if head_end == nil then
        return nil, "damaged"
    end
    local lines = string_sub(text, head_end + 1)
    if digest_of(
        epoch,
        last,
        at,
        count,
        lines
    ) ~= digest then
        return nil, "damaged"
    end
    local entries = entries_in(text, head_end + 1, 0)
    if entries == nil or #entries ~= tonumber(count) then
        return nil, "damaged"
    end
    return {
        epoch = epoch,
        last = tonumber(last),
        at = tonumber(at),
        entries = entries
    }
end
____exports.read = read
--- What a file has that was written after the list of that epoch and last number: a list with the new entries alone. Nothing if it has
-- another epoch, or is not in order; `read` says more. Takes no longer than the new entries do. Phases: any.
local function newer(text, epoch, known)
    local ____, head_end, its_epoch, last, at = string_find(text, HEAD)
    if head_end == nil or its_epoch ~= epoch or tonumber(last) < known then
        return nil
    end
    local entries = entries_in(text, head_end + 1, known)
    return entries and ({
        epoch = epoch,
        last = tonumber(last),
        at = tonumber(at),
        entries = entries
    })
end
____exports.newer = newer
return ____exports
