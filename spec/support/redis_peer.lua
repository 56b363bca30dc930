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

--- The commands in a text, each as its words with blanks between them.
function _M.commands(text)
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
        found[#found + 1] = table.concat(words, " ")
    end
    return found
end

return _M
