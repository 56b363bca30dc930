local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local type = type
local math_floor = math.floor
local string_format = string.format
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask_within = redis_client.ask_within
local filters = require("resty.openclaw.cache.purges.filter")
local filters_ALL = filters.ALL
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_BYTES = lists.MOST_BYTES
local lists_MOST_FILTERS = lists.MOST_FILTERS
local lists_NUMBER_BYTES = lists.NUMBER_BYTES
local lists_is_legal = lists.is_legal
local lists_is_shared = lists.is_shared
local lists_of_lines = lists.of_lines
--- Nobody waits but an operator, and a timer.
local ASK_SECONDS = 1
--- What an epoch has beside its moment: 96 bits.
local SALT_NUMBERS = 3
local MILLISECONDS = 1000
--- More than any number.
local MORE_THAN_ALL = "1e300"
--- KEYS: the list. ARGV: the known epoch, empty for none; the known last number; the salt of a new epoch. Finds the epoch and the last number;
-- begins a new epoch, which is greater than all before, where there is none or purges were lost.
local FIND = "\nlocal key, known, salt = KEYS[1], ARGV[1], ARGV[3]\nlocal time = redis.call(\"TIME\")\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nlocal first = redis.call(\"ZRANGE\", key, 0, 0)[1] or \"\"\nlocal epoch = string.match(first, \"^epoch=(%x+)$\") or \"\"\nlocal last = tonumber(redis.call(\"ZRANGE\", key, -1, -1, \"WITHSCORES\")[2] or 0)\nlocal is_new = epoch == \"\" or epoch < known or epoch == known and last < tonumber(ARGV[2])\nif is_new then\n    local before = math.max(tonumber(string.sub(known, 1, 16), 16) or 0, tonumber(string.sub(epoch, 1, 16), 16) or 0)\n    epoch = string.format(\"%016x\", math.max(now, before + 1)) .. salt\n    last = 0\n    redis.call(\"DEL\", key)\n    redis.call(\"ZADD\", key, 0, \"epoch=\" .. epoch)\nend\n"
--- Returns the epoch, the last number, and, if any of that is not the known, all lines as the file has them.
local READ = FIND .. "\nlocal lines = {}\nif is_new or epoch ~= known or last ~= tonumber(ARGV[2]) then\n    local all = redis.call(\"ZRANGE\", key, 1, -1, \"WITHSCORES\")\n    for at = #all - 1, 1, -2 do lines[#lines + 1] = string.format(\"%.0f %s\\n\", all[at + 1], all[at]) end\nend\nreturn { epoch, string.format(\"%.0f\", last), table.concat(lines) }\n"
--- Further ARGV: the filter; how many filters are kept, and how many bytes of them. Returns the epoch, the number, and 1 if it purges all.
local ADD = ((((((FIND .. "\nlocal filter = ARGV[4]\nlocal generation = math.max(now, last + 1)\nlocal is_all = filter == \"") .. filters_ALL) .. "\"\nif not is_all then\n    redis.call(\"ZADD\", key, generation, filter)\n    local all, bytes = redis.call(\"ZRANGE\", key, 1, -1), 0\n    for _, one in ipairs(all) do bytes = bytes + #one + ") .. tostring(lists_NUMBER_BYTES)) .. " end\n    is_all = #all > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])\nend\nif is_all then\n    redis.call(\"DEL\", key)\n    redis.call(\"ZADD\", key, 0, \"epoch=\" .. epoch, generation, \"") .. filters_ALL) .. "\")\nend\nreturn { epoch, string.format(\"%.0f\", generation), (is_all or is_new) and 1 or 0 }\n"
local NO_REPLY = "its reply is none to the question"
local function ask(redis, script, words)
    local most = lists_MOST_BYTES
    local reply, err = redis_client_ask_within(
        redis,
        ASK_SECONDS,
        most,
        "eval",
        script,
        "1",
        unpack(words)
    )
    if reply == nil then
        return nil, err
    end
    if type(reply) ~= "table" then
        return nil, NO_REPLY
    end
    return reply
end
local function words_of(name, its)
    local ____its_0 = its
    local epoch = ____its_0.epoch
    local last = ____its_0.last
    local known = lists_is_shared(epoch) and epoch or ""
    return {
        name,
        known,
        known == "" and "0" or string_format("%.0f", last),
        random_hex(SALT_NUMBERS)
    }
end
local function list_in(reply)
    local epoch, digits, lines = unpack(reply, 1, 3)
    local last = tonumber(digits)
    if type(epoch) ~= "string" or not lists_is_shared(epoch) or last == nil or type(lines) ~= "string" then
        return nil
    end
    local at = math_floor(last / MILLISECONDS)
    local list = lists_of_lines(epoch, last, at, lines)
    return list ~= nil and lists_is_legal(list) and list or nil
end
--- The list in the key of that name, if it is another one than is known; nothing if it is the same. On failure nil and why. Begins the list
-- where there is none. Phases: those that may yield; yields for a second at most.
local function read(redis, name, known)
    local reply, err = ask(
        redis,
        READ,
        words_of(name, known)
    )
    if reply == nil then
        return nil, err
    end
    local epoch, digits = unpack(reply, 1, 2)
    if epoch == known.epoch and tonumber(digits) == known.last then
        return "known"
    end
    local list = list_in(reply)
    if list == nil then
        return nil, ("\"" .. name) .. "\" has something else than purges"
    end
    return list
end
____exports.read = read
--- Begins a new epoch, unless another gateway has done so: everything is purged. On failure why. Phases: as `read`.
local function renew(redis, name, epoch)
    local ____, err = ask(
        redis,
        READ,
        {
            name,
            epoch,
            MORE_THAN_ALL,
            random_hex(SALT_NUMBERS)
        }
    )
    return err
end
____exports.renew = renew
--- Adds a purge. On failure nil and why; then it may have been added nevertheless. Phases: as `read`.
local function add(redis, name, known, filter)
    local words = words_of(name, known)
    words[#words + 1] = filter
    words[#words + 1] = tostring(lists_MOST_FILTERS)
    words[#words + 1] = tostring(lists_MOST_BYTES)
    local reply, err = ask(redis, ADD, words)
    if reply == nil then
        return nil, err
    end
    local epoch, digits, is_all = unpack(reply, 1, 3)
    local generation = tonumber(digits)
    if type(epoch) ~= "string" or generation == nil then
        return nil, NO_REPLY
    end
    return {epoch = epoch, generation = generation, is_all = is_all == 1 or epoch ~= known.epoch}
end
____exports.add = add
return ____exports
