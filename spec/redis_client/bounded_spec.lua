local bounded = require("resty.openclaw.redis_client.bounded")

--- A connection on which these texts come, and then nothing more.
local function connection(text)
    local socket = { sent = "" }
    function socket:send(parts)
        self.sent = self.sent .. table.concat(parts)
        return #self.sent
    end
    function socket:receive(pattern)
        local line, after = text:match("^(.-)\r?\n()")
        if pattern == "*l" then
            if not line then return nil, "closed", text end
            text = text:sub(after)
            return line
        end
        self.most = math.max(self.most or 0, pattern)
        if #text < pattern then return nil, "timeout", text end
        local found = text:sub(1, pattern)
        text = text:sub(pattern + 1)
        return found
    end
    return { _sock = socket }
end

local function reply_to(text, most_bytes)
    return bounded.exchange(connection(text), most_bytes or 10, "get", { "a" })
end

local function of(...) return { n = select("#", ...), ... } end

describe("redis_client.bounded", function()
    it("sends a command with any words", function()
        local client = connection("+OK\r\n")
        assert.equal("OK", bounded.exchange(client, 10, "set", { "a\r\n", "", "\0\255" }))
        assert.equal("*4\r\n$3\r\nset\r\n$3\r\na\r\n\r\n$0\r\n\r\n$2\r\n\0\255\r\n", client._sock.sent)
    end)

    it("reads replies of all kinds", function()
        assert.equal("OK", reply_to("+OK\r\n"))
        assert.equal(-12, reply_to(":-12\r\n"))
        assert.equal("a\r\n\0b", reply_to("$5\r\na\r\n\0b\r\n"))
        assert.equal("", reply_to("$0\r\n\r\n"))
        assert.equal(ngx.null, reply_to("$-1\r\n"))
        assert.equal(ngx.null, reply_to("*-1\r\n"))
        assert.same({}, reply_to("*0\r\n"))
        assert.same({ 1, "ab", ngx.null, "OK", false }, reply_to("*5\r\n:1\r\n$2\r\nab\r\n$-1\r\n+OK\r\n-ERR no\r\n"))
        assert.same(of(false, "ERR no"), of(reply_to("-ERR no\r\n")))
    end)

    it("takes no reply that is too long, and does not wait for it", function()
        for _, text in ipairs({ "$11\r\n", "$99999999999\r\n", "$1e999\r\n", "$nan\r\n", "$-2\r\n", "$\r\n", "$x\r\n", "*17\r\n",
            "*999999999\r\n", "*nan\r\n", "*-2\r\n", "*\r\n", "*1\r\n$11\r\n" }) do
            local client = connection(text)
            assert.same({ n = 2, nil, "its reply is too long" }, of(bounded.exchange(client, 10, "get", { "a" })), text)
            assert.is_nil(client._sock.most)
        end
    end)

    it("takes nothing that is no reply", function()
        for _, text in ipairs({ "\r\n", "HTTP/1.1 400 Bad Request\r\n", "*1\r\n*1\r\n:1\r\n", "*1\r\n\r\n", "*1\r\n:x\r\n" }) do
            assert.same({ n = 2, nil, "its reply is not of Redis" }, of(reply_to(text)), text)
        end
    end)

    it("says why nothing comes", function()
        for _, text in ipairs({ "", "$4", "*2\r\n:1\r\n" }) do
            assert.same({ n = 2, nil, "closed" }, of(reply_to(text)), text)
        end
        assert.same({ n = 2, nil, "timeout" }, of(reply_to("$4\r\nab")))
    end)
end)
