local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local files = require("resty.openclaw.core.files.files")
local SECONDS_BETWEEN_TRIES = 2
--- What is given back beside what is asked for: the names and heads of files take room, too.
local SPARE_BYTES = 65536
--- The reserve of a store; nothing of it is there yet. Phases: any.
local function create(store, name, bytes, names, faults)
    local path = store.folder .. "/reserve"
    return {
        path = path,
        bytes = bytes,
        names = names,
        key = "edge:short:" .. name,
        faults = faults,
        is_whole = false,
        try_at = 0
    }
end
____exports.new = create
--- Whether answers may need all the room that there is, so that no request is to be kept. Phases: any.
function ____exports.is_short(reserve)
    local short = reserve.names:get(reserve.key)
    return short ~= nil
end
--- Takes the room that is missing. Says why not, or nothing.
local function fill(reserve)
    local file, err = files.open(reserve.path, "lock")
    if file == nil then
        return err
    end
    local size = files.size(file)
    local problem
    if (size or 0) > reserve.bytes then
        problem = files.truncate(file, reserve.bytes)
    end
    if problem == nil and reserve.bytes > 0 then
        problem = files.allocate(file, reserve.bytes)
    end
    if problem ~= nil then
        files.truncate(
            file,
            math.min(size or 0, reserve.bytes)
        )
    end
    files.close(file)
    return problem
end
--- Makes the reserve whole, now and then, where it is not.
function ____exports.keep(reserve)
    local now = clock.now()
    if reserve.is_whole or now < reserve.try_at then
        return
    end
    reserve.try_at = now + SECONDS_BETWEEN_TRIES
    local problem = fill(reserve)
    reserve.is_whole = problem == nil
    if reserve.is_whole then
        reserve.names:delete(reserve.key)
        return
    end
    reserve.names:safe_set(reserve.key, 1)
    reserve.faults:report("store", "no request is kept, as there is no room for answers: ", problem)
end
--- Has the reserve looked at soon: another worker may have had it meanwhile.
function ____exports.doubt(reserve)
    reserve.is_whole = false
    reserve.try_at = 0
end
--- Gives so many bytes back to the disk, for what must be written; false when there is nothing left.
function ____exports.spend(reserve, bytes)
    reserve.is_whole = false
    reserve.try_at = clock.now() + SECONDS_BETWEEN_TRIES
    reserve.names:safe_set(reserve.key, 1)
    local size = files.size_of(reserve.path) or 0
    if size == 0 then
        return false
    end
    local file = files.open(reserve.path, "lock")
    if file == nil then
        return false
    end
    local problem = files.truncate(
        file,
        math.max(0, size - bytes - SPARE_BYTES)
    )
    files.close(file)
    return problem == nil
end
return ____exports
