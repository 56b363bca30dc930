local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_sub = string.sub
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_lock = files.lock
local files_names = files.names
local files_open = files.open
local files_remove = files.remove
local files_remove_folder = files.remove_folder
local files_rename = files.rename
--- Where the folders are: in the first one of these that takes one. The second is in memory, and there also where the disk is read-only.
local PARENTS = {"/tmp", "/dev/shm"}
____exports.PARENTS = PARENTS
--- What their names begin with.
local PREFIX = "openclaw-image-"
____exports.PREFIX = PREFIX
--- The end of the name of a helper's lock.
local LOCK = ".lock"
--- The file that a helper at that path locks. Phases: any.
local function lock_path(path)
    return path .. LOCK
end
____exports.lock_path = lock_path
--- A new lock for a helper at that path: it holds as long as any process has the file open. On failure nil and why. Phases: any.
local function lock(path)
    local name = lock_path(path)
    local new_name = name .. "-new"
    files_remove(new_name)
    local file, err = files_open(new_name, "lock")
    if file == nil then
        return nil, err
    end
    files_lock(file)
    local problem = files_rename(new_name, name)
    if problem == nil then
        return file
    end
    files_close(file)
    return nil, problem
end
____exports.lock = lock
--- Whether no helper lives that has a lock in this folder. One without locks is just being made.
local function is_left(folder, names)
    local is_any = false
    for ____, name in ipairs(names) do
        if string_sub(name, -#LOCK) == LOCK then
            local file = files_open((folder .. "/") .. name, "plain")
            if file == nil then
                return false
            end
            local is_free = files_lock(file)
            files_close(file)
            if not is_free then
                return false
            end
            is_any = true
        end
    end
    return is_any
end
local function remove_if_left(folder)
    local names = files_names(folder)
    if names == nil or not is_left(folder, names) then
        return
    end
    for ____, file in ipairs(names) do
        if (string_find(file, "^image_")) ~= nil then
            files_remove((folder .. "/") .. file)
        end
    end
    files_remove_folder(folder)
end
--- Removes what is left of helpers that have ended. Phases: any.
local function remove()
    for ____, parent in ipairs(PARENTS) do
        local folders = files_names(parent)
        for ____, name in ipairs(folders or ({})) do
            local found = string_find(name, PREFIX, 1, true)
            if found == 1 then
                remove_if_left((parent .. "/") .. name)
            end
        end
    end
end
____exports.remove = remove
return ____exports
