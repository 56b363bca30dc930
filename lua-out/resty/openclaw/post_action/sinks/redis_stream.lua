local ____exports = {}
local read = require("resty.openclaw.options")
local semaphore = require("ngx.semaphore")
local turn = require("resty.openclaw.turn")
local ids = require("resty.openclaw.post_action.ids")
local lines = require("resty.openclaw.post_action.lines")
local redis_client = require("resty.openclaw.post_action.sinks.redis_client")
--- Errors that pass, by how they begin: Redis is loading, full, a replica, busy, or about to learn of our rights.
local PASSING = {
    "LOADING",
    "OOM",
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "NOAUTH",
    "NOPERM",
    "ERR max number of clients"
}
--- So many commands are put together at a stretch, at some microseconds each, before other requests have their turn.
local COMMANDS_AT_A_STRETCH = 100
local function passes(err)
    for ____, beginning in ipairs(PASSING) do
        if string.sub(err, 1, #beginning) == beginning then
            return true
        end
    end
    return false
end
local function add(sink, client, line)
    local id = ids.of(line)
    if id == nil then
        client:xadd(
            sink.key,
            "MAXLEN",
            "~",
            sink.max_length,
            "*",
            sink.field,
            line
        )
    else
        client:xadd(
            sink.key,
            "MAXLEN",
            "~",
            sink.max_length,
            "*",
            sink.field,
            line,
            sink.id_field,
            id
        )
    end
end
local function append(job)
    local redis = job.sink.redis
    local client, err = redis_client.open(redis)
    job.client = client
    if client == nil then
        job.err = err
        return
    end
    client:init_pipeline(#job.all)
    for index, line in ipairs(job.all) do
        add(job.sink, client, line)
        if index % COMMANDS_AT_A_STRETCH == 0 then
            turn.pass()
        end
    end
    local replies, reply_err = client:commit_pipeline()
    if replies == nil then
        job.err = "no reply: " .. reply_err
        client:close()
    else
        job.replies = replies
        redis_client.leave(redis, client)
    end
end
local function work(job)
    local ok, err = pcall(append, job)
    if not ok then
        job.err = "no reply of Redis: " .. err
        local ____opt_0 = job.client
        if ____opt_0 ~= nil then
            ____opt_0:close()
        end
    end
    job.done:post(1)
end
--- What the replies say: what has failed, if anything, is a part of its own.
local function judge(all, replies)
    local failed = {}
    local passing = false
    local why = ""
    for index, reply in ipairs(replies) do
        if type(reply) == "table" then
            local err = tostring(reply[2])
            failed[#failed + 1] = all[index]
            if why == "" then
                why = err
            end
            passing = passing or passes(err)
        end
    end
    if #failed == 0 then
        return "sent"
    end
    local part = {
        text = lines.join(failed),
        entries = #failed
    }
    return passing and "retry" or "poison", why, nil, part
end
--- The library's timeouts begin anew with every reply, so the whole is a thread that is ended in time. Its connection
-- ends with it.
local function send(self, text, _entries, most_seconds)
    local done, err = semaphore.new()
    if done == nil then
        return "retry", err
    end
    local job = {
        sink = self,
        all = lines.split(text),
        done = done
    }
    local thread = ngx.thread.spawn(work, job)
    local seconds = math.min(self.redis.timeout_ms / 1000, most_seconds)
    local in_time = done:wait(seconds)
    if in_time ~= true then
        ngx.thread.kill(thread)
        return "retry", "not done in time"
    end
    if job.replies == nil then
        return "retry", job.err
    end
    return judge(job.all, job.replies)
end
local metatable = {__index = {send = send}}
local function known_options()
    local known = {
        "type",
        "key",
        "max_length",
        "field",
        "id_field"
    }
    for ____, name in ipairs(redis_client.OPTIONS) do
        known[#known + 1] = name
    end
    return known
end
--- A sink that appends to the stream at `key`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    read.check(
        owner,
        options,
        known_options()
    )
    local fields = {
        redis = redis_client.new(owner, options),
        key = read.text(owner, options, "key"),
        max_length = string.format(
            "%.0f",
            read.whole(
                owner,
                options,
                "max_length",
                1,
                1000000
            )
        ),
        field = read.text(owner, options, "field", "line"),
        id_field = read.text(owner, options, "id_field", "id")
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
