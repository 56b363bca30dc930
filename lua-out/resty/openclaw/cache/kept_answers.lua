local ____exports = {}
local heads = require("resty.openclaw.cache.answer_head")
local heads_read = heads.read
local rooms = require("resty.openclaw.cache.room")
local rooms_set = rooms.set
local function head_key(name)
    return name .. " head"
end
local function body_key(name)
    return name .. " body"
end
--- Keeps an answer under that name for so many seconds. Others that were not used for longest make room. False if there is
-- none all the same. Phases: any.
local function keep(dict, name, head, body, seconds)
    if not rooms_set(
        dict,
        body_key(name),
        body,
        seconds
    ) then
        return false
    end
    return rooms_set(
        dict,
        head_key(name),
        head,
        seconds
    )
end
____exports.keep = keep
--- The head of the answer of that name; nothing if it is gone. Phases: any.
local function head_of(dict, name)
    local text = dict:get(head_key(name))
    local ____temp_0
    if text == nil then
        ____temp_0 = nil
    else
        ____temp_0 = heads_read(text)
    end
    return ____temp_0
end
____exports.head_of = head_of
--- The body of the answer of that name; nothing if it is gone. Phases: any.
local function body_of(dict, name)
    local body = dict:get(body_key(name))
    return body
end
____exports.body_of = body_of
--- Keeps the head alone, of an answer that is coming. Phases: any.
local function keep_head(dict, name, head, seconds)
    return rooms_set(
        dict,
        head_key(name),
        head,
        seconds
    )
end
____exports.keep_head = keep_head
return ____exports
