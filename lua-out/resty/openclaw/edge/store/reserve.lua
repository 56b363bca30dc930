local ____exports = {}
local math_max = math.max
local math_min = math.min
local files = require("resty.openclaw.core.files.files")
local files_allocate = files.allocate
local files_close = files.close
local files_open = files.open
local files_size = files.size
local files_size_of = files.size_of
local files_truncate = files.truncate
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local SECONDS_BETWEEN_TRIES = 2
--- What is released beside what is asked for: names and heads of files need room, too.
local SPARE_BYTES = 65536
--- The reserve of a store; nothing of it is on the disk yet. Phases: any.
local function create(store, name, bytes, names)
    local path = store.folder .. "/reserve"
    return {
        path = path,
        bytes = bytes,
        names = names,
        key = "edge:short:" .. name,
        is_complete = false,
        try_at = nil
    }
end
____exports.new = create
--- Whether responses may need all the room that there is, so that no request may be stored. Phases: any.
local function is_short(reserve)
    local short = reserve.names:get(reserve.key)
    return short ~= nil
end
____exports.is_short = is_short
--- Takes the room that is missing. Returns why it failed, or nothing.
local function fill(reserve)
    local file, err = files_open(reserve.path, "lock")
    if file == nil then
        return err
    end
    local size = files_size(file)
    local problem
    if (size or 0) > reserve.bytes then
        problem = files_truncate(file, reserve.bytes)
    end
    if problem == nil and reserve.bytes > 0 then
        problem = files_allocate(file, reserve.bytes)
    end
    if problem ~= nil then
        files_truncate(
            file,
            math_min(size or 0, reserve.bytes)
        )
    end
    files_close(file)
    return problem
end
--- Completes the reserve, every two seconds at most. Returns why it failed, or nothing.
local function maintain(reserve)
    local now = clock_now()
    if reserve.is_complete or reserve.try_at ~= nil and now < reserve.try_at then
        return nil
    end
    reserve.try_at = now + SECONDS_BETWEEN_TRIES
    local problem = fill(reserve)
    reserve.is_complete = problem == nil
    if reserve.is_complete then
        reserve.names:delete(reserve.key)
    else
        reserve.names:safe_set(reserve.key, 1)
    end
    return problem
end
____exports.maintain = maintain
--- Has the next `maintain` look at the file, as another worker may have used it.
local function look_again(reserve)
    reserve.is_complete = false
    reserve.try_at = nil
end
____exports.look_again = look_again
--- Releases so many bytes for what must be written; false when nothing is left.
local function spend(reserve, bytes)
    reserve.is_complete = false
    reserve.try_at = clock_now() + SECONDS_BETWEEN_TRIES
    reserve.names:safe_set(reserve.key, 1)
    local size = files_size_of(reserve.path) or 0
    if size == 0 then
        return false
    end
    local file = files_open(reserve.path, "lock")
    if file == nil then
        return false
    end
    local problem = files_truncate(
        file,
        math_max(0, size - bytes - SPARE_BYTES)
    )
    files_close(file)
    return problem == nil
end
____exports.spend = spend
return ____exports
