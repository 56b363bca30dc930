local ____exports = {}
local ipairs = ipairs
local file_sync = require("resty.openclaw.core.files.file_sync")
local file_sync_sync = file_sync.sync
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_close_folder = files.close_folder
local files_is_gone = files.is_gone
local files_lock = files.lock
local files_make_folder = files.make_folder
local files_next_name = files.next_name
local files_open = files.open
local files_open_folder = files.open_folder
local files_overwrite = files.overwrite
local files_remove = files.remove
local files_rename = files.rename
local files_size_of = files.size_of
local files_sync = files.sync
local files_truncate = files.truncate
local files_write = files.write
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local ids = require("resty.openclaw.edge.store.id")
local ids_is_id = ids.is_id
local ids_time_of = ids.time_of
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
local function path(store, shelf, id)
    return (((store.folder .. "/") .. shelf) .. "/") .. id
end
____exports.path = path
--- Makes the folders that are missing. On failure nil and why. Phases: any.
local function prepare(store)
    for ____, folder in ipairs(FOLDERS) do
        local err = files_make_folder(store.folder .. folder)
        if err ~= nil then
            return nil, ((err .. ": ") .. store.folder) .. folder
        end
    end
    return true
end
____exports.prepare = prepare
--- Whether there is a file of that id; true when that cannot be found out. Phases: any.
local function has(store, shelf, id)
    return not files_is_gone(path(store, shelf, id))
end
____exports.has = has
--- The length of a file in bytes; nothing when there is none. Phases: any.
local function size(store, shelf, id)
    return files_size_of(path(store, shelf, id))
end
____exports.size = size
--- Opens a file for reading. On failure nil and why. Phases: any.
local function open(store, shelf, id)
    return files_open(
        path(store, shelf, id),
        "read"
    )
end
____exports.open = open
--- Removes a file, if there is one. Returns why it failed, or nothing. Phases: any.
local function remove(store, shelf, id)
    return files_remove(path(store, shelf, id))
end
____exports.remove = remove
--- Removes what was written of a job, complete or not. False when it is being delivered already. Phases: any.
local function withdraw(store, id)
    remove(store, "incoming", id)
    local file = open(store, "pending", id)
    if file == nil then
        return true
    end
    local is_free = files_lock(file)
    if is_free then
        remove(store, "pending", id)
    end
    files_close(file)
    return is_free
end
____exports.withdraw = withdraw
--- Appends to a file that is being written, or begins it. The file is open during this call only, so that none stays open when
-- the request ends between two calls. Returns why it failed, or nothing. Phases: any.
local function append(store, id, bytes, count)
    local file, err = files_open(
        path(store, "incoming", id),
        "append"
    )
    if file == nil then
        return err
    end
    local problem = files_write(file, bytes, count)
    files_close(file)
    return problem
end
____exports.append = append
--- Syncs a file that was being written to disk, renames it, and syncs its folder. On failure nil and why; it may have been
-- renamed nevertheless. Phases: those of `file_sync`; yields.
-- 
-- @param written its id under "incoming", under which nobody else writes
local function finish(store, written, shelf, id)
    local incoming = path(store, "incoming", written)
    local on_disk, sync_err = file_sync_sync(store.thread_pool, incoming)
    if on_disk == nil then
        return nil, sync_err
    end
    local err = files_rename(
        incoming,
        path(store, shelf, id)
    )
    if err ~= nil then
        return nil, err
    end
    return file_sync_sync(store.thread_pool, (store.folder .. "/") .. shelf)
end
____exports.finish = finish
--- Overwrites an existing file with a text and syncs it. Returns why it failed, or nothing. Phases: any; blocks the worker.
local function overwrite(store, shelf, id, text)
    local file, err = files_open(
        path(store, shelf, id),
        "lock"
    )
    if file == nil then
        return err
    end
    local problem = files_overwrite(file, text, 0)
    if problem == nil then
        problem = files_truncate(file, #text)
    end
    if problem == nil then
        problem = files_sync(file)
    end
    files_close(file)
    return problem
end
____exports.overwrite = overwrite
--- Moves a file from one folder to another. Returns why it failed, or nothing. Phases: any.
local function move(store, id, from, to)
    return files_rename(
        path(store, from, id),
        path(store, to, id)
    )
end
____exports.move = move
local function append_to_callback(store, id, text)
    local file, err = files_open(
        path(store, "callbacks", id),
        "append"
    )
    if file == nil then
        return err
    end
    local problem = files_write(file, text, #text)
    files_close(file)
    return problem
end
--- Notes durably that a callback is to be sent. Returns why it failed, or nothing. Phases: those of `file_sync`; yields.
local function begin_callback(store, id)
    local problem = append_to_callback(store, id, "")
    if problem ~= nil then
        return problem
    end
    local ____, err = file_sync_sync(store.thread_pool, store.folder .. "/callbacks")
    return err
end
____exports.begin_callback = begin_callback
--- Notes one more attempt to send a callback. Returns the number of attempts; nothing when it cannot be read. Phases: any.
local function count_callback_attempt(store, id)
    append_to_callback(store, id, ".")
    return size(store, "callbacks", id)
end
____exports.count_callback_attempt = count_callback_attempt
--- Visits every file of a folder whose name is an id, in no order. Files that come or go meanwhile may be left out. On
-- failure nil and why. Phases: those that may yield.
local function each(store, shelf, visit, state)
    local folder, err = files_open_folder((store.folder .. "/") .. shelf)
    if folder == nil then
        return nil, err
    end
    local count = 0
    local name = files_next_name(folder)
    while name ~= nil do
        if ids_is_id(name) then
            visit(state, name)
        end
        count = count + 1
        if count % FILES_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
        name = files_next_name(folder)
    end
    files_close_folder(folder)
    return true
end
____exports.each = each
local function sweep(store, id)
    if request_now() - ids_time_of(id) > ABANDONED_SECONDS then
        remove(store, "incoming", id)
    end
end
--- Removes files that were abandoned while they were written. On failure nil and why. Phases: those that may yield.
local function sweep_incoming(store)
    return each(store, "incoming", sweep, store)
end
____exports.sweep_incoming = sweep_incoming
--- Opens the file that the worker that delivers locks. On failure nil and why. Phases: any.
local function open_lock(store)
    return files_open(store.folder .. "/lock", "lock")
end
____exports.open_lock = open_lock
--- A store in that folder, whose parent must exist. Phases: any.
local function create(folder, thread_pool)
    return {folder = folder, thread_pool = thread_pool}
end
____exports.new = create
return ____exports
