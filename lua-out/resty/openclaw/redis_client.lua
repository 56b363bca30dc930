local ____exports = {}
local pcall = pcall
local in_time = require("resty.openclaw.core.time.in_time")
local in_time_run = in_time.run
local bounded = require("resty.openclaw.redis_client.bounded")
local bounded_exchange = bounded.exchange
local connections = require("resty.openclaw.redis_client.connection")
local connections_index_of = connections.index_of
local connections_is_kept = connections.is_kept
local connections_leave = connections.leave
local connections_open = connections.open
local connections_use_next_server = connections.use_next_server
local errors = require("resty.openclaw.redis_client.errors")
local errors_cause_of = errors.cause_of
local errors_may_another_host_accept = errors.may_another_host_accept
local errors_redirection = errors.redirection
local errors_unwrapped = errors.unwrapped
local options = require("resty.openclaw.redis_client.options")
local options_SCHEMA = options.SCHEMA
local SCHEMA = options_SCHEMA
____exports.SCHEMA = SCHEMA
____exports.check = options.check
____exports.kind_of = options.kind_of
____exports.fingerprint = options.fingerprint
____exports.address = options.address
____exports.open = connections.open
____exports.leave = connections.leave
____exports.index_of = connections.index_of
____exports.use_next_server = connections.use_next_server
local create = connections.new
____exports.new = create
--- A key that moves is followed so many times.
local MOST_REDIRECTIONS = 3
____exports.MOST_REDIRECTIONS = MOST_REDIRECTIONS
local function exchange(client, question)
    local ____question_0 = question
    local command = ____question_0.command
    local words = ____question_0.words
    local most_bytes = ____question_0.most_bytes
    if most_bytes ~= nil then
        return bounded_exchange(client, most_bytes, command, words)
    end
    return client[command](
        client,
        unpack(words)
    )
end
--- Sends the command to one server, and takes its reply.
local function attempt(question, index, asks)
    local ____question_1 = question
    local redis = ____question_1.redis
    question.is_answered = false
    question.was_kept = false
    local client, err = connections_open(redis, index)
    question.client = client
    if client == nil then
        question.err = err
        return
    end
    question.was_kept = connections_is_kept(client)
    if asks then
        client:asking()
    end
    local reply, reply_err = exchange(client, question)
    question.is_answered = reply ~= nil
    if reply == nil or reply == false then
        question.err = errors_unwrapped(reply_err or "no reply")
    else
        question.reply = reply
    end
    if reply == nil or reply == false and errors_cause_of(question.err) == "credentials" then
        client:close()
    else
        connections_leave(redis, client)
    end
end
--- Whether the command goes to the same server again: one that was restarted has closed what was kept. One that is slow is not asked twice.
local function is_stale(question, is_first)
    return is_first and question.was_kept and not question.is_answered and question.err ~= "timeout"
end
--- The server to ask after one that gave no reply, if any may give another answer.
local function next_index(question, index, servers_asked)
    local ____question_2 = question
    local redis = ____question_2.redis
    if question.is_answered and not errors_may_another_host_accept(question.err) then
        return nil
    end
    if redis.current == index then
        connections_use_next_server(redis)
    end
    return servers_asked < #redis.servers and redis.current or nil
end
local function follow(question)
    local ____question_3 = question
    local redis = ____question_3.redis
    local index = redis.current
    local servers_asked = 1
    local redirections = 0
    local asks = false
    local is_first = true
    while index ~= nil do
        attempt(question, index, asks)
        if question.reply ~= nil then
            return
        end
        local ____question_is_answered_4
        if question.is_answered then
            ____question_is_answered_4 = errors_redirection(question.err)
        else
            ____question_is_answered_4 = nil
        end
        local redirection = ____question_is_answered_4
        if redirection ~= nil then
            redirections = redirections + 1
            asks = redirection.asks
            local ____temp_5
            if redirections <= MOST_REDIRECTIONS then
                ____temp_5 = connections_index_of(redis, index, redirection)
            else
                ____temp_5 = nil
            end
            index = ____temp_5
            if index ~= nil and not asks then
                redis.current = index
            end
        elseif not is_stale(question, is_first) then
            asks = false
            index = next_index(question, index, servers_asked)
            servers_asked = servers_asked + 1
        end
        is_first = false
    end
end
local function work(question)
    local ok, err = pcall(follow, question)
    if ok then
        return
    end
    question.is_answered = false
    question.err = "no reply of Redis: " .. err
    local ____opt_6 = question.client
    if ____opt_6 ~= nil then
        ____opt_6:close()
    end
end
local function answer(redis, seconds, most_bytes, command, words)
    local question = {
        redis = redis,
        command = command,
        words = words,
        most_bytes = most_bytes,
        client = nil,
        reply = nil,
        err = "",
        is_answered = false,
        was_kept = false
    }
    local first = redis.current
    local is_done, err = in_time_run(seconds, work, question)
    if is_done == nil and question.reply == nil then
        if redis.current == first then
            connections_use_next_server(redis)
        end
        local cause = "unreachable"
        return nil, err, cause
    end
    if question.reply ~= nil then
        return question.reply
    end
    local likely = errors_cause_of(question.err)
    local cause = (question.is_answered or likely == "credentials") and likely or "unreachable"
    return nil, question.err, cause
end
--- Asks one question, such as `ask(redis, 1, "hgetall", "a key")`. It follows redirections to servers that are configured, and asks the next
-- server where one cannot be reached. A connection that breaks is replaced once, so Redis may get the command twice. After `seconds` it gives
-- up. A reply that is nil in Redis is `ngx.null`. Phases: those that may yield. Never raises.
local function ask(redis, seconds, command, ...)
    local words = {...}
    return answer(
        redis,
        seconds,
        nil,
        command,
        words
    )
end
____exports.ask = ask
--- The same, where the reply is one value, or a list of no more than 16, with texts of no more than `most_bytes`; a longer one is no reply.
local function ask_within(redis, seconds, most_bytes, command, ...)
    local words = {...}
    return answer(
        redis,
        seconds,
        most_bytes,
        command,
        words
    )
end
____exports.ask_within = ask_within
return ____exports
