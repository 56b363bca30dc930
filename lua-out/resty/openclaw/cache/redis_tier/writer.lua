local ____exports = {}
local math_floor = math.floor
local math_min = math.min
local string_format = string.format
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask_within = redis_client.ask_within
local circuit = require("resty.openclaw.cache.redis_tier.circuit")
local circuit_fail = circuit.fail
local circuit_is_usable = circuit.is_usable
local circuit_report = circuit.report
local scripts = require("resty.openclaw.cache.redis_tier.scripts")
local scripts_moment_in = scripts.moment_in
local values = require("resty.openclaw.cache.redis_tier.value")
local values_MOST_HEAD_BYTES = values.MOST_HEAD_BYTES
local values_pack = values.pack
--- All that waits in a worker, for whatever Redis.
local MOST_QUEUED_BYTES = 16 * 1024 * 1024
____exports.MOST_QUEUED_BYTES = MOST_QUEUED_BYTES
--- What an answer takes beside its bytes.
local ENTRY_BYTES = 500
--- Nobody waits for an answer to be written, so there is time.
local WRITE_SECONDS = 1
____exports.WRITE_SECONDS = WRITE_SECONDS
local SECONDS_BETWEEN_REFUSALS = 1
local SECONDS_BETWEEN_CLOCKS = 1
--- A worker that exits takes no longer to write what it has.
local SECONDS_TO_EXIT = 2
--- The memory of light threads is freed only when their timer ends.
local MOST_ENTRIES_OF_TIMER = 1000
--- What Redis replies when it writes.
local MOST_REPLY_BYTES = 1024
--- No answer is fresh for longer.
local MOST_SECONDS = 366 * 24 * 3600
local queued_bytes = 0
--- Phases: init.
local function create(redis, gzip)
    return {
        redis = redis,
        gzip = gzip,
        first = nil,
        last = nil,
        is_at_work = false,
        paused_until = 0,
        ahead = 0,
        clock_of = -1,
        known_until = 0
    }
end
____exports.new = create
--- The present, however long this worker has been at work.
local function present()
    ngx.update_time()
    return clock_now()
end
--- Redis does not answer, or refuses.
local function give_up(tier, err, cause)
    local ____tier_0 = tier
    local writer = ____tier_0.writer
    if cause == "unreachable" then
        circuit_fail(tier, err)
    else
        circuit_report(tier, err)
        writer.paused_until = clock_now() + SECONDS_BETWEEN_REFUSALS
    end
    return "failed"
end
--- Learns what the server's clock says. Nothing, or why it cannot.
local function learn(writer)
    local ____writer_1 = writer
    local redis = ____writer_1.redis
    local reply, err, cause = redis_client_ask_within(redis, WRITE_SECONDS, MOST_REPLY_BYTES, "time")
    if reply == nil then
        return err, cause
    end
    local moment = scripts_moment_in(reply)
    if moment == nil then
        return "its reply is no time", "misdirected"
    end
    local now = present()
    writer.ahead = moment - 1000 * now - 1
    writer.clock_of = redis.current
    writer.known_until = now + SECONDS_BETWEEN_CLOCKS
    return
end
--- Writes one answer, unless it is not to be written any more.
local function write_one(entry)
    local ____entry_2 = entry
    local tier = ____entry_2.tier
    local key = ____entry_2.key
    local head = ____entry_2.head
    local body = ____entry_2.body
    local fresh_until = ____entry_2.fresh_until
    local ____tier_3 = tier
    local writer = ____tier_3.writer
    local link = ____tier_3.link
    local prefix = ____tier_3.prefix
    local now = present()
    if fresh_until <= now then
        return "dropped"
    end
    if link.is_failing or now < writer.paused_until then
        return "skipped"
    end
    if now >= writer.known_until or writer.clock_of ~= link.redis.current then
        local err, cause = learn(writer)
        if err ~= nil then
            return give_up(tier, err, cause)
        end
    end
    local its_end = math_floor(1000 * fresh_until + writer.ahead)
    local value = values_pack(writer.gzip, key, {head = head, body = body, fresh_until = its_end})
    local left = math_floor(1000 * (fresh_until - present()))
    local words = {
        "1",
        prefix .. key,
        value,
        string_format("%.0f", its_end),
        string_format("%.0f", left)
    }
    local ____scripts_4 = scripts
    local WRITE = ____scripts_4.WRITE
    local reply, err, cause = redis_client_ask_within(
        link.redis,
        WRITE_SECONDS,
        MOST_REPLY_BYTES,
        "eval",
        WRITE,
        unpack(words)
    )
    if reply == nil then
        return give_up(tier, err, cause)
    end
    if reply == 1 then
        return "written"
    end
    if reply == 0 then
        return "dropped"
    end
    return give_up(tier, "its reply is none to the question", "misdirected")
end
--- Takes the first entry away.
local function remove(writer, entry)
    writer.first = entry.next
    if entry.next == nil then
        writer.last = nil
    end
    queued_bytes = queued_bytes - entry.bytes
end
local function empty(_premature, writer)
    local stop_at
    local count = 0
    local entry = writer.first
    while entry ~= nil do
        local ____entry_tier_5 = entry.tier
        local figures = ____entry_tier_5.figures
        local faults = ____entry_tier_5.faults
        local is_exiting = ngx.worker.exiting()
        if is_exiting and stop_at == nil then
            stop_at = present() + SECONDS_TO_EXIT
        end
        if stop_at ~= nil and present() >= stop_at then
            figures.writes.dropped:inc()
        else
            local ok, result = guard_call(faults, "write", write_one, entry)
            figures.writes[ok and result or "failed"]:inc()
        end
        remove(writer, entry)
        count = count + 1
        entry = writer.first
        if count >= MOST_ENTRIES_OF_TIMER and entry ~= nil and not is_exiting then
            local again = ngx.timer.at(0, empty, writer)
            if again then
                return
            end
            count = 0
        end
    end
    writer.is_at_work = false
end
--- Begins to empty the queue, unless that is under way.
local function begin(tier)
    local ____tier_6 = tier
    local writer = ____tier_6.writer
    local faults = ____tier_6.faults
    if writer.is_at_work then
        return
    end
    local ok, err = ngx.timer.at(0, empty, writer)
    if ok then
        writer.is_at_work = true
    else
        faults:report("write", "no answers are written to Redis now: ", err)
    end
end
--- Queues an answer that is fresh for so many seconds; what becomes of it is counted. Phases: any with a request or a timer; does not yield.
local function add(tier, key, head, body, seconds)
    local ____tier_7 = tier
    local writer = ____tier_7.writer
    local figures = ____tier_7.figures
    local ____figures_8 = figures
    local writes = ____figures_8.writes
    if #body > tier.max_bytes or #head > values_MOST_HEAD_BYTES then
        return writes.too_large:inc()
    end
    local now = clock_now()
    if not circuit_is_usable(tier, now) then
        return writes.skipped:inc()
    end
    if now < writer.paused_until then
        return writes.skipped:inc()
    end
    local bytes = #head + #body + ENTRY_BYTES
    if not (seconds > 0) or queued_bytes + bytes > MOST_QUEUED_BYTES then
        return writes.dropped:inc()
    end
    local fresh_until = now + math_min(seconds, MOST_SECONDS)
    local entry = {
        tier = tier,
        key = key,
        head = head,
        body = body,
        fresh_until = fresh_until,
        bytes = bytes,
        next = nil
    }
    if writer.last == nil then
        writer.first = entry
    else
        writer.last.next = entry
    end
    writer.last = entry
    queued_bytes = queued_bytes + bytes
    begin(tier)
end
____exports.add = add
return ____exports
