local ____exports = {}
local file_sync = require("resty.openclaw.core.files.file_sync")
local files = require("resty.openclaw.core.files.files")
local request = require("resty.openclaw.core.request.request")
local time_slice = require("resty.openclaw.core.time.time_slice")
local ids = require("resty.openclaw.edge.store.id")
local FOLDERS = {
    "",
    "/incoming",
    "/pending",
    "/done",
    "/callbacks"
}
--- After so many files others have their turn: `each` may open each of them, which takes some microseconds.
local FILES_AT_A_STRETCH = 32
--- Files that are still being written after so many seconds were abandoned.
local ABANDONED_SECONDS = 600
--- The path of a file; `id` must be one. Phases: any.
function ____exports.path(store, shelf, id)
    return (((store.folder .. "/") .. shelf) .. "/") .. id
end
--- Makes the folders that are missing. On failure nil and why. Phases: any.
function ____exports.prepare(store)
    for ____, folder in ipairs(FOLDERS) do
        local err = files.make_folder(store.folder .. folder)
        if err ~= nil then
            return nil, ((err .. ": ") .. store.folder) .. folder
        end
    end
    return true
end
--- Whether there is a file of that id; true when that cannot be found out. Phases: any.
function ____exports.has(store, shelf, id)
    return not files.is_gone(____exports.path(store, shelf, id))
end
--- The length of a file in bytes; nothing when there is none. Phases: any.
function ____exports.size(store, shelf, id)
    return files.size_of(____exports.path(store, shelf, id))
end
--- Opens a file for reading. On failure nil and why. Phases: any.
function ____exports.open(store, shelf, id)
    return files.open(
        ____exports.path(store, shelf, id),
        "read"
    )
end
--- Removes a file, if there is one. Returns why it failed, or nothing. Phases: any.
function ____exports.remove(store, shelf, id)
    return files.remove(____exports.path(store, shelf, id))
end
--- Removes what was written of a job, complete or not. False when it is being delivered already. Phases: any.
function ____exports.withdraw(store, id)
    ____exports.remove(store, "incoming", id)
    local file = ____exports.open(store, "pending", id)
    if file == nil then
        return true
    end
    local is_free = files.lock(file)
    if is_free then
        ____exports.remove(store, "pending", id)
    end
    files.close(file)
    return is_free
end
--- Appends to a file that is being written, or begins it. The file is open during this call only, so that none stays open when
-- the request ends between two calls. Returns why it failed, or nothing. Phases: any.
function ____exports.append(store, id, bytes, count)
    local file, err = files.open(
        ____exports.path(store, "incoming", id),
        "append"
    )
    if file == nil then
        return err
    end
    local problem = files.write(file, bytes, count)
    files.close(file)
    return problem
end
--- Syncs a file that was being written to disk, renames it, and syncs its folder. On failure nil and why; it may have been
-- renamed nevertheless. Phases: those of `file_sync`; yields.
-- 
-- @param written its id under "incoming", under which nobody else writes
function ____exports.finish(store, written, shelf, id)
    local incoming = ____exports.path(store, "incoming", written)
    local on_disk, sync_err = file_sync.sync(store.thread_pool, incoming)
    if on_disk == nil then
        return nil, sync_err
    end
    local err = files.rename(
        incoming,
        ____exports.path(store, shelf, id)
    )
    if err ~= nil then
        return nil, err
    end
    return file_sync.sync(store.thread_pool, (store.folder .. "/") .. shelf)
end
--- Overwrites an existing file with a text and syncs it. Returns why it failed, or nothing. Phases: any; blocks the worker.
function ____exports.overwrite(store, shelf, id, text)
    local file, err = files.open(
        ____exports.path(store, shelf, id),
        "lock"
    )
    if file == nil then
        return err
    end
    local problem = files.overwrite(file, text, 0)
    if problem == nil then
        problem = files.truncate(file, #text)
    end
    if problem == nil then
        problem = files.sync(file)
    end
    files.close(file)
    return problem
end
--- Moves a file from one folder to another. Returns why it failed, or nothing. Phases: any.
function ____exports.move(store, id, from, to)
    return files.rename(
        ____exports.path(store, from, id),
        ____exports.path(store, to, id)
    )
end
local function append_to_callback(store, id, text)
    local file, err = files.open(
        ____exports.path(store, "callbacks", id),
        "append"
    )
    if file == nil then
        return err
    end
    local problem = files.write(file, text, #text)
    files.close(file)
    return problem
end
--- Notes durably that a callback is to be sent. Returns why it failed, or nothing. Phases: those of `file_sync`; yields.
function ____exports.begin_callback(store, id)
    local problem = append_to_callback(store, id, "")
    if problem ~= nil then
        return problem
    end
    local ____, err = file_sync.sync(store.thread_pool, store.folder .. "/callbacks")
    return err
end
--- Notes one more attempt to send a callback. Returns the number of attempts; nothing when it cannot be read. Phases: any.
function ____exports.count_callback_attempt(store, id)
    append_to_callback(store, id, ".")
    return ____exports.size(store, "callbacks", id)
end
--- Visits every file of a folder whose name is an id, in no order. Files that come or go meanwhile may be left out. On
-- failure nil and why. Phases: those that may yield.
function ____exports.each(store, shelf, visit, state)
    local folder, err = files.open_folder((store.folder .. "/") .. shelf)
    if folder == nil then
        return nil, err
    end
    local count = 0
    local name = files.next_name(folder)
    while name ~= nil do
        if ids.is_id(name) then
            visit(state, name)
        end
        count = count + 1
        if count % FILES_AT_A_STRETCH == 0 then
            time_slice.yield_now()
        end
        name = files.next_name(folder)
    end
    files.close_folder(folder)
    return true
end
local function sweep(store, id)
    if request.now() - ids.time_of(id) > ABANDONED_SECONDS then
        ____exports.remove(store, "incoming", id)
    end
end
--- Removes files that were abandoned while they were written. On failure nil and why. Phases: those that may yield.
function ____exports.sweep_incoming(store)
    return ____exports.each(store, "incoming", sweep, store)
end
--- Opens the file that the worker that delivers locks. On failure nil and why. Phases: any.
function ____exports.open_lock(store)
    return files.open(store.folder .. "/lock", "lock")
end
--- A store in that folder, whose parent must exist. Phases: any.
local function create(folder, thread_pool)
    return {folder = folder, thread_pool = thread_pool}
end
____exports.new = create
return ____exports
