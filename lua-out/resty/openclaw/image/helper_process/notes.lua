local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local string_match = string.match
local files = require("resty.openclaw.core.files.files")
local files_is_gone = files.is_gone
local files_remove_folder = files.remove_folder
local spawning = require("resty.openclaw.image.helper_process.spawn")
local spawning_make_folder = spawning.make_folder
--- Of so many configurations there are notes; the workers of older ones note theirs anew.
local CONFIGURATIONS = 16
local function number_of(____bindingPattern0)
    local configuration
    configuration = ____bindingPattern0.configuration
    return configuration % CONFIGURATIONS
end
local function folder_key(region)
    return "image folder " .. tostring(number_of(region))
end
--- The folder that is noted for the configuration, if there is one; and whether there is any note, though of an older one.
local function noted_folder(region, key)
    local note = region.names:get(key)
    if note == nil then
        return nil, false
    end
    local configuration, folder = string_match(note, "^(%d+) (.*)$")
    local is_mine = tonumber(configuration) == region.configuration and not files_is_gone(folder)
    local ____is_mine_0
    if is_mine then
        ____is_mine_0 = folder
    else
        ____is_mine_0 = nil
    end
    return ____is_mine_0, true
end
--- Notes a new folder, or removes it where another worker has been quicker. The folder that counts; or nil and why there is none.
local function note_folder(region, key, made)
    local ____, is_any = noted_folder(region, key)
    if is_any then
        region.names:delete(key)
    end
    local is_mine, err = region.names:safe_add(
        key,
        (tostring(region.configuration) .. " ") .. made
    )
    if is_mine == true then
        return made
    end
    if err ~= "exists" then
        files_remove_folder(made)
        return nil, "the folder of helper processes cannot be noted: " .. tostring(err)
    end
    local winner = noted_folder(region, key)
    if winner == nil then
        return made
    end
    files_remove_folder(made)
    return winner
end
--- The folder of the sockets, which is made if there is none. On failure nil and why. Phases: any but init.
local function folder_of(region)
    local key = folder_key(region)
    local known = noted_folder(region, key)
    if known ~= nil then
        return known
    end
    local made, err = spawning_make_folder()
    if made == nil then
        return nil, err
    end
    local quicker = noted_folder(region, key)
    if quicker == nil then
        return note_folder(region, key, made)
    end
    files_remove_folder(made)
    return quicker
end
____exports.folder_of = folder_of
--- Another folder is to be made, as this one cannot be used. Phases: any but init.
local function forget_folder(region, folder)
    local key = folder_key(region)
    local known = noted_folder(region, key)
    if known == folder then
        region.names:delete(key)
    end
end
____exports.forget_folder = forget_folder
local function pid_key(region, place)
    return (("image helper " .. tostring(number_of(region))) .. " ") .. place.key
end
--- Notes which process the helper of a place at a path is. Phases: any.
local function note_pid(region, place, path, pid)
    region.names:safe_set(
        pid_key(region, place),
        (tostring(pid) .. " ") .. path
    )
end
____exports.note_pid = note_pid
--- The process that the helper of a place at a path is, or was; nothing if that is not known. Phases: any.
local function pid_of(region, place, path)
    local note = region.names:get(pid_key(region, place))
    local pid, its_path = string_match(note or "", "^(%d+) (.*)$")
    local ____temp_1
    if its_path == path then
        ____temp_1 = tonumber(pid)
    else
        ____temp_1 = nil
    end
    return ____temp_1
end
____exports.pid_of = pid_of
return ____exports
