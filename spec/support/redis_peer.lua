--- Speaks the protocol of Redis from the other side: what clients send to a listener, and when.
local eventually = require("spec.support.eventually")

local _M = {}

--- Runs a function in a light thread: a table with what it returns, once `done`.
function _M.aside(work, ...)
    local result = {}
    ngx.thread.spawn(function(...)
        result.verdict, result.err, result.retry_after, result.part, result.cause = work(...)
        result.done = true
    end, ...)
    return result
end

function _M.accept(server)
    return eventually(function() return server:accept() end, "a connection")
end

--- Reads until the text ends so.
function _M.read_to(peer, ending)
    local text = ""
    eventually(function()
        text = text .. (peer:receive() or "")
        return text:sub(-#ending) == ending
    end, ending)
    return text
end

--- The commands in a text, each as a list of its words.
function _M.words(text)
    local found, at = {}, 1
    while at <= #text do
        local count, after = text:match("^%*(%d+)\r\n()", at)
        local words = {}
        at = after
        for _ = 1, tonumber(count) do
            local size, word = text:match("^%$(%d+)\r\n()", at)
            words[#words + 1] = text:sub(word, word + size - 1)
            at = word + size + 2
        end
        found[#found + 1] = words
    end
    return found
end

--- The commands in a text, each as its words with blanks between them.
function _M.commands(text)
    local found = _M.words(text)
    for place, words in ipairs(found) do found[place] = table.concat(words, " ") end
    return found
end

--- Whether a text is one whole command.
function _M.is_whole(text)
    local count, at = text:match("^%*(%d+)\r\n()")
    for _ = 1, tonumber(count) or 0 do
        local size, word = text:match("^%$(%d+)\r\n()", at)
        if not size then return false end
        at = word + size + 2
    end
    return count ~= nil and at == #text + 1
end

return _M
