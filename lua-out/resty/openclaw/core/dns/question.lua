local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local math_floor = math.floor
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- RFC 1035, RFC 3596 and RFC 2782.
local TYPE_A = 1
____exports.TYPE_A = TYPE_A
local TYPE_AAAA = 28
____exports.TYPE_AAAA = TYPE_AAAA
local TYPE_SRV = 33
____exports.TYPE_SRV = TYPE_SRV
--- RFC 1035, section 4.1.1: there is no such name. All other codes are errors.
local NAME_ERROR = 3
local CLASS_IN = 1
local ANSWER_SECTION = 1
local QUESTIONS_AT_ONCE = 4
local MOST_SECONDS = 30
--- A question that was not asked yet.
local function question(host, ____type)
    return {
        host = host,
        type = ____type,
        records = nil,
        others = {},
        seconds = math_huge,
        err = "never asked"
    }
end
____exports.question = question
local function take(asked, answers)
    local records = {}
    local others = {}
    for ____, record in ipairs(answers) do
        local is_answer = record.section == ANSWER_SECTION
        if is_answer and record.type == asked.type and record.class == CLASS_IN then
            records[#records + 1] = record
        else
            others[#others + 1] = record
        end
        if is_answer then
            asked.seconds = math_min(asked.seconds, record.ttl)
        end
    end
    asked.records = records
    asked.others = others
    asked.err = #records == 0 and "no such records" or nil
end
--- Asks one server, with a new object of the library, and so a new socket, which gets no answers to other questions.
local function put(settings, asked, server)
    local resolver, err = settings.library:new({nameservers = {server}, timeout = settings.timeout_ms, retrans = 1})
    if resolver == nil then
        asked.err = err
        return
    end
    resolver._id = math_floor(random_share() * 65536)
    local answers, query_err = resolver:query(asked.host, {qtype = asked.type, additional_section = asked.type == TYPE_SRV})
    if answers == nil then
        asked.err = query_err
    elseif answers.errcode == NAME_ERROR then
        take(asked, {})
        asked.err = answers.errstr
    elseif answers.errcode ~= nil then
        asked.err = answers.errstr
    else
        take(asked, answers)
    end
end
--- Asks one server after another. The library itself does so only if a server does not answer.
local function ask_in_turn(settings, asked, done)
    local servers = settings.servers
    local place = math_floor(random_share() * #servers)
    local attempts = 0
    while asked.records == nil and attempts < settings.attempts do
        local ok, err = pcall(put, settings, asked, servers[place + 1])
        if not ok then
            asked.err = "broken answer: " .. tostring(err)
        end
        place = (place + 1) % #servers
        attempts = attempts + 1
    end
    done:post(1)
end
local function ask_some(settings, questions, first, last)
    local done = (semaphore_new())
    local threads = {}
    for place = first, last do
        local asked = questions[place]
        asked.err = "no answer in time"
        threads[#threads + 1] = ngx.thread.spawn(ask_in_turn, settings, asked, done)
    end
    local give_up = clock_now() + (settings.attempts + 2) * settings.timeout_ms / 1000
    for _ = first, last do
        done:wait(math_max(
            give_up - clock_now(),
            0
        ))
    end
    for place = 1, #threads do
        ngx.thread.kill(threads[place])
    end
end
--- Asks the questions, and stores the answers in them. Yields; takes at most 30 seconds plus the time of one question, which is that of two more
-- attempts than it may have. Phases: timer, access.
local function ask(settings, questions)
    local give_up = clock_now() + MOST_SECONDS
    local first = 1
    while first <= #questions and clock_now() < give_up do
        local last = math_min(first + QUESTIONS_AT_ONCE - 1, #questions)
        ask_some(settings, questions, first, last)
        first = last + 1
    end
end
____exports.ask = ask
return ____exports
