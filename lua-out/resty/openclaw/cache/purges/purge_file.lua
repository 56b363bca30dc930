local ____exports = {}
local pcall = pcall
local string_format = string.format
local string_match = string.match
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local files_close = files.close
local files_is_gone = files.is_gone
local files_lock = files.lock
local files_open = files.open
local files_remove = files.remove
local files_rename = files.rename
local files_sync = files.sync
local files_write = files.write
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_FILE_BYTES = lists.MOST_FILE_BYTES
local lists_added = lists.added
local lists_fresh = lists.fresh
local lists_is_older = lists.is_older
local lists_read = lists.read
local lists_written = lists.written
--- Another process is changing the file.
local BUSY = "busy"
____exports.BUSY = BUSY
--- The list in the file. If there is none, nothing and why; on failure also the error. Phases: any; blocks.
local function read(path)
    local text, err = files_beginning(path, lists_MOST_FILE_BYTES + 1)
    if text ~= nil then
        return lists_read(text)
    end
    if files_is_gone(path) then
        return nil, "missing"
    end
    return nil, "unreadable", err
end
____exports.read = read
--- The folder of a file. Phases: any.
local function folder_of(path)
    local folder = string_match(path, "^(.*)/[^/]*$")
    return (folder == nil or folder == "") and "/" or folder
end
____exports.folder_of = folder_of
--- Writes a file that must be new, and syncs it. Returns the error, if any.
local function write_new(path, text)
    files_remove(path)
    local file, err = files_open(path, "create")
    if file == nil then
        return err
    end
    local problem = files_write(file, text, #text)
    if problem == nil then
        problem = files_sync(file)
    end
    files_close(file)
    return problem
end
--- Replaces the file. Returns the error, if any; the file may have been replaced then.
local function replace(path, text, folder)
    local made = path .. ".new"
    local problem = write_new(made, text)
    if problem == nil then
        problem = files_rename(made, path)
    end
    if problem ~= nil then
        files_remove(made)
        return problem
    end
    return files_sync(folder)
end
--- The list to change: that of the file, or a fresh one, if there is none. Keeps a file that is damaged, or older than what the caller knows
-- of its epoch, under another name.
local function list_to_change(path, epoch, last)
    local list, problem, err = read(path)
    if list ~= nil and not lists_is_older(list, epoch, last) then
        return list, false
    end
    if problem == "unreadable" then
        return nil, err
    end
    if problem == "foreign" then
        return nil, path .. " has something else than purges"
    end
    if problem ~= "missing" then
        files_rename(path, path .. ".damaged")
    end
    return lists_fresh(), true
end
--- Calls a function while this process has the lock. Its answer, BUSY, or "failed" and why.
local function with_lock(path, work)
    local folder, err = files_open(
        folder_of(path),
        "read"
    )
    if folder == nil then
        return "failed " .. err
    end
    if not files_lock(folder) then
        files_close(folder)
        return BUSY
    end
    local ok, answer = pcall(work, folder)
    files_close(folder)
    return ok and answer or "failed " .. answer
end
--- Adds a purge. Returns "done" or, if it purges everything, "all", and the number of the purge; BUSY; or "failed" and why, and then the
-- file is as it was, or has one purge more that nobody claims. Phases: any; blocks.
-- 
-- @param epoch what the caller knows: a file of that epoch has this last number, or a higher one
local function add(path, epoch, last, filter, at)
    return with_lock(
        path,
        function(folder)
            local list, found = list_to_change(path, epoch, last)
            if list == nil then
                return "failed " .. found
            end
            local changed, is_all = lists_added(list, filter, at)
            local problem = replace(
                path,
                lists_written(changed),
                folder
            )
            if problem ~= nil then
                return "failed " .. problem
            end
            return (string_format("%s %d", (is_all or found == true) and "all" or "done", changed.last))
        end
    )
end
____exports.add = add
--- Whether a file could be written here. Returns the error, if any.
local function probe(path)
    local made = path .. ".new"
    local problem = write_new(made, "")
    files_remove(made)
    return problem
end
--- Begins the file if there is none, or a damaged one; else finds out whether it may be written. Returns "begun", "there", BUSY, or "failed"
-- and why. Phases: any; blocks.
-- 
-- @param epoch what the caller knows, as for `add`
-- @param next_epoch that of the list that is begun
local function begin(path, epoch, last, next_epoch)
    return with_lock(
        path,
        function(folder)
            local list, found = list_to_change(path, epoch, last)
            if list == nil then
                return "failed " .. found
            end
            local is_begun = found == true
            local begun = {epoch = next_epoch, last = 0, at = 0, entries = {}}
            local ____is_begun_0
            if is_begun then
                ____is_begun_0 = replace(
                    path,
                    lists_written(begun),
                    folder
                )
            else
                ____is_begun_0 = probe(path)
            end
            local problem = ____is_begun_0
            if problem ~= nil then
                return "failed " .. problem
            end
            return is_begun and "begun" or "there"
        end
    )
end
____exports.begin = begin
--- Replaces the file by a list that several gateways share, as text. Returns "done"; "there" if the file has it, or a later one; BUSY; or
-- "failed" and why. Then the file is removed, if it can be: who does not know what others have purged must not use what was purged. Phases:
-- any; blocks.
local function adopt(path, epoch, last, text)
    return with_lock(
        path,
        function(folder)
            local list = lists_read(text)
            if list == nil then
                return "failed the list is damaged"
            end
            local present, found = list_to_change(path, epoch, last)
            if present == nil then
                return "failed " .. found
            end
            local is_there = present.epoch == list.epoch and present.last == list.last
            if found ~= true and (is_there or lists_is_older(list, present.epoch, present.last)) then
                return "there"
            end
            local problem = replace(path, text, folder)
            if problem == nil then
                return "done"
            end
            files_remove(path)
            return "failed " .. problem
        end
    )
end
____exports.adopt = adopt
return ____exports
