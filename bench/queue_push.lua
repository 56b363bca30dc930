--- What it costs a request to have an entry queued, besides encoding it. Run by in_worker.mjs.
--
-- Each round pushes as many lines as the queue holds, of four lengths in turn, and waits until the background thread
-- has written them away; only the pushes are timed.
local post_action = require("resty.openclaw.post_action")

local ROUNDS, ENTRIES = 9, 10000

local log = post_action.new({ sink = { type = "file", path = "/dev/null" }, max_entries = ENTRIES })
local lines = {}
for index = 0, 3 do lines[index] = '{"entry":"' .. ("x"):rep(100 + 100 * index) .. '"}' end

local _M = {}

local function push_all()
    local start = os.clock() -- of this process, so that others do not count
    for index = 1, ENTRIES do assert(log:push(lines[index % 4])) end
    return (os.clock() - start) / ENTRIES * 1e9
end

local function drained()
    return log.queue.entries == 0 and log.queue.entries_in_flight == 0
end

function _M.run()
    local nanoseconds = {}
    for round = 0, ROUNDS do
        local cost = push_all()
        if round > 0 then nanoseconds[round] = cost end -- the first warms up
        repeat ngx.sleep(0.01) until drained()
    end
    table.sort(nanoseconds)
    return string.format("push of a line: %.0f ns, median of %d rounds of %d (%.0f to %.0f)",
        nanoseconds[(ROUNDS + 1) / 2], ROUNDS, ENTRIES, nanoseconds[1], nanoseconds[ROUNDS])
end

return _M
