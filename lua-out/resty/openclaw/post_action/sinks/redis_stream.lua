local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local type = type
local math_min = math.min
local string_format = string.format
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local required = ____schema.required
local in_time = require("resty.openclaw.core.time.in_time")
local in_time_run = in_time.run
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_MOST_REDIRECTIONS = redis_client.MOST_REDIRECTIONS
local redis_client_SCHEMA = redis_client.SCHEMA
local redis_client_index_of = redis_client.index_of
local redis_client_leave = redis_client.leave
local redis_client_new = redis_client.new
local redis_client_open = redis_client.open
local redis_client_use_next_server = redis_client.use_next_server
local redis_errors = require("resty.openclaw.redis_client.errors")
local redis_errors_cause_of = redis_errors.cause_of
local redis_errors_is_permanent = redis_errors.is_permanent
local redis_errors_may_another_host_accept = redis_errors.may_another_host_accept
local redis_errors_redirection = redis_errors.redirection
local ids = require("resty.openclaw.post_action.ids")
local ids_of = ids.of
local lines = require("resty.openclaw.post_action.lines")
local lines_join = lines.join
local lines_split = lines.split
local STREAM_SCHEMA = {
    key = required(kinds.text, "the stream"),
    max_length = option(
        kinds_whole(1),
        1000000,
        "about how many entries the stream keeps (`MAXLEN ~`)"
    ),
    field = option(kinds.text, "line", "the field of the entry"),
    id_field = option(kinds.text, "id", "field with the entry's id, by which readers recognize copies; only where the line begins with `{\"id\":\"…\"`, as records and pushed tables do")
}
local SCHEMA = joined(STREAM_SCHEMA, redis_client_SCHEMA)
____exports.SCHEMA = SCHEMA
____exports.check = redis_client.check
--- Batches are sent one after the other.
local MOST_IDLE_CONNECTIONS = 1
--- So many commands are built, at some microseconds each, before other requests are served.
local COMMANDS_AT_A_STRETCH = 100
local function add(sink, client, line)
    local id = ids_of(line)
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
--- Sends some of the lines, by their numbers, to one server. Returns the replies by the same numbers; nil and why without replies.
local function exchange(job, numbers, index, asks)
    local ____job_sink_0 = job.sink
    local redis = ____job_sink_0.redis
    local client, err = redis_client_open(redis, index)
    job.client = client
    if client == nil then
        return nil, err
    end
    client:init_pipeline(#numbers)
    for count, number in ipairs(numbers) do
        if asks then
            client:asking()
        end
        add(job.sink, client, job.all[number])
        if count % COMMANDS_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
    local replies, reply_err = client:commit_pipeline()
    if replies == nil then
        client:close()
        return nil, "no reply: " .. reply_err
    end
    local found = {}
    local failed = false
    for count, number in ipairs(numbers) do
        local reply = replies[asks and 2 * count or count]
        found[number] = reply
        failed = failed or type(reply) == "table"
    end
    if failed then
        client:close()
    else
        redis_client_leave(redis, client)
    end
    return found
end
--- The error in a reply, if it is one.
local function error_in(reply)
    return type(reply) == "table" and tostring(reply[2]) or nil
end
--- The first redirection among the replies, and the numbers of all lines that were redirected.
local function redirected(replies)
    local first
    local numbers = {}
    for number, reply in ipairs(replies) do
        local redirection = redis_errors_redirection(error_in(reply) or "")
        if redirection ~= nil then
            first = first or redirection
            numbers[#numbers + 1] = number
        end
    end
    return first, numbers
end
--- Follows redirections of a cluster to configured servers.
local function follow(job, replies, from)
    local ____job_sink_1 = job.sink
    local redis = ____job_sink_1.redis
    local at = from
    for _ = 1, redis_client_MOST_REDIRECTIONS do
        local redirection, numbers = redirected(replies)
        if redirection == nil then
            return
        end
        local target = redis_client_index_of(redis, at, redirection)
        if target == nil then
            return
        end
        if not redirection.asks then
            redis.current = target
        end
        local found, err = exchange(job, numbers, target, redirection.asks)
        if found == nil then
            job.err = err
            return
        end
        for ____, number in ipairs(numbers) do
            replies[number] = found[number]
        end
        at = target
    end
end
local function append(job)
    local ____job_sink_2 = job.sink
    local redis = ____job_sink_2.redis
    local numbers = {}
    for number = 1, #job.all do
        numbers[#numbers + 1] = number
    end
    local at = redis.current
    local found, err = exchange(job, numbers, at, false)
    if found == nil then
        job.err = err
        redis_client_use_next_server(redis)
        return
    end
    local replies = {}
    for ____, number in ipairs(numbers) do
        replies[#replies + 1] = found[number]
    end
    follow(job, replies, at)
    if redis_errors_may_another_host_accept(error_in(replies[1]) or "") then
        redis_client_use_next_server(redis)
    end
    job.replies = replies
end
local function work(job)
    local ok, err = pcall(append, job)
    if not ok then
        job.err = "no reply of Redis: " .. err
        local ____opt_3 = job.client
        if ____opt_3 ~= nil then
            ____opt_3:close()
        end
    end
end
--- The outcome of the replies; failed entries become a part of their own. Temporary errors go before permanent ones.
local function judge(all, replies)
    local failed = {}
    local why = ""
    local temporary
    for index, reply in ipairs(replies) do
        local err = error_in(reply)
        if err ~= nil then
            failed[#failed + 1] = all[index]
            if why == "" then
                why = err
            end
            if temporary == nil and not redis_errors_is_permanent(err) then
                temporary = err
            end
        end
    end
    if #failed == 0 then
        return "sent"
    end
    local part = {
        text = lines_join(failed),
        entries = #failed
    }
    if temporary == nil then
        return "poison", why, nil, part
    end
    return "retry", temporary, nil, part, redis_errors_cause_of(temporary)
end
--- The cause where there are no replies; nothing where Redis is unreachable.
local function cause_without_reply(err)
    local cause = redis_errors_cause_of(err or "")
    return cause == "credentials" and cause or nil
end
local function send(self, text, _entries, most_seconds)
    local job = {
        sink = self,
        all = lines_split(text)
    }
    local seconds = math_min(self.redis.timeout_ms / 1000, most_seconds)
    local is_done, err = in_time_run(seconds, work, job)
    if is_done == nil then
        return "retry", err
    end
    if job.replies == nil then
        return "retry", job.err, nil, nil, cause_without_reply(job.err)
    end
    return judge(job.all, job.replies)
end
local metatable = {__index = {send = send}}
--- A sink that appends to the stream at `key`. Phases: init. Raises where the options do not fit together.
local function create(options, path)
    local fields = {
        redis = redis_client_new(options, path, "redis_stream", MOST_IDLE_CONNECTIONS),
        key = options.key,
        max_length = string_format("%.0f", options.max_length),
        field = options.field,
        id_field = options.id_field
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
