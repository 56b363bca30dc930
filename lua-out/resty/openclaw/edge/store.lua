local ____exports = {}
local file_sync = require("resty.openclaw.core.files.file_sync")
local files = require("resty.openclaw.core.files.files")
local FOLDERS = {
    "",
    "/incoming",
    "/pending",
    "/done",
    "/callbacks"
}
--- What was begun so long ago, in seconds, and is not finished, never will be.
____exports.ABANDONED_SECONDS = 600
--- The path of a file; `id` must be one. Phases: any.
function ____exports.path(store, shelf, id)
    return (((store.folder .. "/") .. shelf) .. "/") .. id
end
--- Makes the folders where they are not there. On failure nil and why. Phases: any.
function ____exports.prepare(store)
    for ____, folder in ipairs(FOLDERS) do
        local err = files.make_folder(store.folder .. folder)
        if err ~= nil then
            return nil, ((err .. ": ") .. store.folder) .. folder
        end
    end
    return true
end
--- Whether there is a file of that name, as far as can be told. Phases: any.
function ____exports.has(store, shelf, id)
    return not files.is_gone(____exports.path(store, shelf, id))
end
--- How many bytes a file has; nothing when it is not there. Phases: any.
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
--- Removes a file; one that is not there is no failure. Says why not, or nothing. Phases: any.
function ____exports.remove(store, shelf, id)
    return files.remove(____exports.path(store, shelf, id))
end
--- Takes a job back, whatever became of it: what was written of it goes. False when it is being delivered already. Phases: any.
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
--- Appends to a file that is being written, or begins it. The file is open for this call alone, so that none is left open
-- when a request is ended between two calls. Says why not, or nothing. Phases: any.
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
--- Gives a file that was being written its name, when the disk has all of it, and returns when the disk knows the name,
-- too. On failure nil and why; it may have its name nevertheless. Phases: those of `file_sync`; yields.
-- 
-- @param written an id under which nobody else writes, no older than what is written
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
--- Writes a text over a file, which must be there, and waits for the disk. Says why not, or nothing. Phases: any; holds up the worker.
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
--- Moves a file from one folder to another. Says why not, or nothing. Phases: any.
function ____exports.move(store, id, from, to)
    return files.rename(
        ____exports.path(store, from, id),
        ____exports.path(store, to, id)
    )
end
--- Notes one more try to tell somebody of an answer, or with 0 that it is to be done. Says why not, or nothing. Phases: any.
function ____exports.note_callback(store, id, tries)
    local file, err = files.open(
        ____exports.path(store, "callbacks", id),
        "append"
    )
    if file == nil then
        return err
    end
    local problem = files.write(
        file,
        string.rep(".", tries),
        tries
    )
    files.close(file)
    return problem
end
--- A store in that folder, whose parent must be there. Phases: any.
local function create(folder, thread_pool)
    return {folder = folder, thread_pool = thread_pool}
end
____exports.new = create
return ____exports
