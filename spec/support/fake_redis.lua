--- A Redis with the few commands that the script of limits calls, and a clock that specs set. `serve` answers questions over sockets.
local redis_script = require("resty.openclaw.limit.redis_script")
local redis_peer = require("spec.support.redis_peer")

local _M = {}
local Redis = {}
Redis.__index = Redis

--- `now`: seconds since 1970.
function _M.new(now) return setmetatable({ now = now, values = {}, expires = {}, sets = {}, calls = {} }, Redis) end

local commands = {}

function commands.TIME(redis)
    -- Redis gives texts.
    return { ("%d"):format(math.floor(redis.now)), ("%d"):format(math.floor(redis.now % 1 * 1e6 + 0.5)) }
end

function commands.GET(redis, key)
    if redis.expires[key] and redis.now >= redis.expires[key] then redis.values[key] = nil end
    return redis.values[key] or false
end

function commands.SET(redis, key, value, unit, milliseconds)
    assert(unit == "PX" and tonumber(milliseconds) >= 1 and #milliseconds < 16 and not milliseconds:find("[^%d]"), milliseconds)
    redis.values[key], redis.expires[key] = value, redis.now + milliseconds / 1000
end

function commands.ZADD(redis, key, score, member)
    redis.sets[key] = redis.sets[key] or {}
    redis.sets[key][member] = tonumber(score)
end

--- Bounds as Redis has them: "-inf", "(1", "1", "+inf".
function commands.ZREMRANGEBYSCORE(redis, key, from, to)
    local function bound(text) return tonumber((text:gsub("^%(", ""):gsub("^([+-])inf$", "%1" .. "1e300"))), text:sub(1, 1) == "(" end
    local least, above = bound(from)
    local most, below = bound(to)
    for member, score in pairs(redis.sets[key]) do
        local is_in = (above and score > least or not above and score >= least) and (below and score < most or not below and score <= most)
        if is_in then redis.sets[key][member] = nil end
    end
end

function commands.ZCARD(redis, key)
    local count = 0
    for _ in pairs(redis.sets[key]) do count = count + 1 end
    return count
end

function commands.EXPIRE() end

--- Runs the script with these words: the number of keys, the keys, the arguments.
function Redis:run(words)
    self.calls[#self.calls + 1] = words
    local keys, arguments = {}, {}
    local count = tonumber(words[1])
    for place = 2, #words do
        if place <= count + 1 then keys[#keys + 1] = words[place] else arguments[#arguments + 1] = words[place] end
    end
    local environment = setmetatable({
        KEYS = keys,
        ARGV = arguments,
        redis = { call = function(command, ...) return commands[command](self, ...) end },
    }, { __index = _G })
    return setfenv(assert(loadstring(redis_script.TEXT, "=script")), environment)()
end

local function encoded(reply)
    local lines = { "*" .. #reply .. "\r\n" }
    for _, value in ipairs(reply) do
        lines[#lines + 1] = type(value) == "number" and (":%d\r\n"):format(value) or ("$%d\r\n%s\r\n"):format(#value, value)
    end
    return table.concat(lines)
end

--- Answers one question of a client that has sent this text.
function Redis:answer(text)
    local words = redis_peer.words(text)[1]
    local name, script = table.remove(words, 1), table.remove(words, 1)
    self.commands = (self.commands or "") .. name .. " "
    if self.refusal then return "-" .. self.refusal .. "\r\n" end
    if name == "eval" then
        assert(script == redis_script.TEXT)
        self.knows_script = true
    elseif not self.knows_script then
        return "-NOSCRIPT No matching script. Please use EVAL.\r\n"
    else
        assert(script == redis_script.SHA)
    end
    return encoded(self:run(words))
end

--- Serves all clients of a listener of spec.support.listener in a light thread, until `stop`. While it `hangs` it reads nothing. Its clock
-- is as far ahead of nginx's as it was.
function Redis:serve(server)
    local redis = self
    redis.ahead = redis.now - ngx.now()
    self.thread = ngx.thread.spawn(function()
        local peers = {}
        redis.peers = peers
        while true do
            local peer = server:accept()
            if peer then peers[#peers + 1] = { peer = peer, text = "" } end
            for _, one in ipairs(redis.hangs and {} or peers) do
                one.text = one.text .. (one.peer:receive() or "")
                if redis_peer.is_whole(one.text) then
                    local text = one.text
                    one.text = ""
                    redis.now = ngx.now() + redis.ahead
                    one.peer:send(redis:answer(text))
                end
            end
            ngx.sleep(0.001)
        end
    end)
end

function Redis:stop() ngx.thread.kill(self.thread) end

return _M
