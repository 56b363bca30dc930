local ____exports = {}
local ipairs = ipairs
local string_format = string.format
local file_state = require("resty.openclaw.core.files.file_state")
local file_state_of = file_state.of
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local filters = require("resty.openclaw.cache.purges.filter")
local filters_ALL = filters.ALL
local filters_read = filters.read
local generations = require("resty.openclaw.cache.purges.generations")
local generations_new = generations.new
local generations_note = generations.note
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_FILE_BYTES = lists.MOST_FILE_BYTES
local lists_fresh = lists.fresh
local lists_is_older = lists.is_older
local lists_newer = lists.newer
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_file_read = purge_file.read
--- The table's purges are these now; `is_more`: and those that it had. False if they are none. Phases: any.
local function take(purges, list, is_more)
    local all = is_more and purges.all or generations_new()
    for ____, entry in ipairs(list.entries) do
        if entry.filter == filters_ALL then
            if is_more then
                return take(purges, list, false)
            end
            all.all = entry.generation
        else
            local filter = filters_read(entry.filter)
            if filter == nil then
                return false
            end
            generations_note(all, filter, entry.generation)
        end
    end
    purges.all = all
    purges.epoch = list.epoch
    purges.last = list.last
    purges.at = list.at
    purges.part = string_format("%s.%d", list.epoch, all.all)
    purges.has_keys = all.key_count > 0
    return true
end
____exports.take = take
--- Nobody knows what was purged. Until there is a file, the answers of this worker are its own. Phases: any.
local function lose(purges)
    take(
        purges,
        lists_fresh(),
        false
    )
    purges.is_lost = true
end
____exports.lose = lose
--- Reads the whole file. Returns why that failed, if it did.
local function read_all(purges)
    local list, problem, err = purge_file_read(purges.path)
    if list == nil then
        return err or problem
    end
    if lists_is_older(list, purges.known_epoch, purges.known_last) then
        return "is older than it was"
    end
    if not take(purges, list, false) then
        return "damaged"
    end
    return nil
end
--- Takes what is new in the file, or all that it has. Returns why that failed, if it did.
local function take_file(purges)
    local text = files_beginning(purges.path, lists_MOST_FILE_BYTES + 1)
    local news = lists_newer(text or "", purges.epoch, purges.last)
    if news ~= nil and take(purges, news, true) then
        return nil
    end
    return read_all(purges)
end
--- The purges are those of the file from now on. Returns why that failed, if it did. Phases: any; blocks.
local function load(purges)
    purges.seen = purges.stamp[0]
    purges.file = file_state_of(purges.path, lists_MOST_FILE_BYTES)
    local problem = take_file(purges)
    if problem ~= nil then
        return problem
    end
    purges.known_epoch = purges.epoch
    purges.known_last = purges.last
    purges.is_lost = false
    return nil
end
____exports.load = load
return ____exports
