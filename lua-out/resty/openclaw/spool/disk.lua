local ____exports = {}
local error = error
local ipairs = ipairs
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local file_sync = require("resty.openclaw.core.files.file_sync")
local file_sync_sync = file_sync.sync
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_sync = files.sync
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- A timer beyond `lua_max_running_timers` never runs, and no error is returned.
local LATE_SECONDS = 1
--- `wait` gives up after this long.
local MOST_WAIT_SECONDS = 30
--- At most so many files wait to be synced, as each of them is open.
local MOST_RETIRED = 16
--- The phases that may wait, by the names that ngx.get_phase has for them.
local MAY_WAIT = {
    rewrite = true,
    server_rewrite = true,
    access = true,
    precontent = true,
    content = true,
    timer = true,
    ssl_cert = true,
    ssl_client_hello = true,
    ssl_session_fetch = true
}
--- Syncs a file, or a folder's names; reports a failure. Returns whether it succeeded.
local function sync(disk, what, name)
    local ok, err = file_sync_sync(disk.thread_pool, what)
    if ok == nil then
        disk.faults:report("sync", name, ": ", err)
    end
    return ok == true
end
--- Syncs all that was written so far.
local function run_once(disk)
    local ____disk_0 = disk
    local file = ____disk_0.file
    local retired = ____disk_0.retired
    local folders = ____disk_0.folders
    local written = ____disk_0.written
    disk.retired = {}
    disk.folders = {}
    for ____, folder in ipairs(folders) do
        sync(disk, folder, folder)
    end
    for ____, old in ipairs(retired) do
        sync(disk, old, "a file of a spool")
        files_close(old)
    end
    if file ~= nil and disk.synced < written and not sync(disk, file, "the file of a spool") then
        if disk.file == file then
            disk.has_failed = true
        end
    end
    disk.synced = written
    local waiting = disk.waiting
    disk.waiting = 0
    if waiting > 0 then
        disk.semaphore:post(waiting)
    end
end
local function run(_premature, disk)
    disk.planned_at = nil
    disk.is_due = true
    if disk.is_running then
        return
    end
    disk.is_running = true
    repeat
        do
            disk.is_due = false
            guard_call(disk.faults, "sync", run_once, disk)
        end
    until not (disk.is_due or disk.policy == "always" and disk.synced < disk.written)
    disk.is_running = false
end
--- Starts a timer for the next sync, unless there is one.
local function plan(disk)
    local now = clock_now()
    local seconds = disk.policy == "always" and 0 or disk.seconds
    if disk.planned_at ~= nil and now < disk.planned_at + (seconds + LATE_SECONDS) then
        return
    end
    disk.planned_at = now
    local made, err = ngx.timer.at(seconds, run, disk)
    if not made and seconds > 0 then
        made, err = ngx.timer.at(0, run, disk)
    end
    if not made then
        disk.faults:report("timer", "no sync to disk: ", err)
    end
end
--- Notes a write to the file. Phases: any but init and exit_worker.
local function changed(disk)
    disk.written = disk.written + 1
    if disk.policy ~= "never" and not (disk.policy == "always" and disk.is_running) then
        plan(disk)
    end
end
____exports.changed = changed
--- Notes a new file in a folder. Phases: any.
local function named(disk, folder)
    if disk.policy == "never" or disk.folders[#disk.folders] == folder then
        return
    end
    local ____disk_folders_1 = disk.folders
    ____disk_folders_1[#____disk_folders_1 + 1] = folder
end
____exports.named = named
--- Retires the file: it is not written to any more, and closed once it is synced. Phases: any.
local function retire(disk)
    local file = disk.file
    if file == nil then
        return
    end
    disk.file = nil
    disk.has_failed = false
    if disk.policy == "never" then
        return files_close(file)
    end
    if #disk.retired < MOST_RETIRED then
        local ____disk_retired_2 = disk.retired
        ____disk_retired_2[#____disk_retired_2 + 1] = file
        return
    end
    local err = files_sync(file)
    if err ~= nil then
        disk.faults:report("sync", "a file of a spool: ", err)
    end
    files_close(file)
end
____exports.retire = retire
--- With "always": waits until all that was written before is synced; does nothing in phases that cannot wait. Phases: any.
function ____exports.wait(disk)
    if disk.policy ~= "always" or MAY_WAIT[ngx.get_phase()] ~= true then
        return
    end
    local target = disk.written
    local ____until = clock_now() + MOST_WAIT_SECONDS
    while disk.synced < target and clock_now() < ____until do
        if not disk.is_running then
            plan(disk)
        end
        disk.waiting = disk.waiting + 1
        local woken = disk.semaphore:wait(LATE_SECONDS)
        if woken ~= true and disk.waiting > 0 then
            disk.waiting = disk.waiting - 1
        end
    end
end
--- Syncs and closes all files; blocks the worker meanwhile. Phases: any; usually exit_worker.
local function close(disk)
    retire(disk)
    for ____, file in ipairs(disk.retired) do
        local err = files_sync(file)
        if err ~= nil then
            disk.faults:report("sync", "a file of a spool: ", err)
        end
        files_close(file)
    end
    disk.retired = {}
    disk.folders = {}
    disk.synced = disk.written
end
____exports.close = close
--- Nothing is written yet. Phases: init. Raises when there is no memory for a semaphore.
local function create(policy, seconds, thread_pool, faults)
    local made, err = semaphore_new()
    if made == nil then
        error("spool: no semaphore: " .. err, 0)
    end
    return {
        policy = policy,
        seconds = seconds,
        thread_pool = thread_pool,
        faults = faults,
        file = nil,
        retired = {},
        folders = {},
        written = 0,
        synced = 0,
        planned_at = nil,
        is_running = false,
        is_due = false,
        has_failed = false,
        semaphore = made,
        waiting = 0
    }
end
____exports.new = create
return ____exports
