local ____exports = {}
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local function finish(work, job, done)
    work(job)
    done:post(1)
end
--- Does `work` in a light thread; it must not raise. When the time is over, the thread is killed, with the socket that it waits for: nil
-- and why. Phases: those that may yield.
local function run(seconds, work, job)
    local done, err = semaphore_new()
    if done == nil then
        return nil, err
    end
    local thread = ngx.thread.spawn(finish, work, job, done)
    local in_time = done:wait(seconds)
    if in_time == true then
        return true
    end
    ngx.thread.kill(thread)
    return nil, "not done in time"
end
____exports.run = run
return ____exports
