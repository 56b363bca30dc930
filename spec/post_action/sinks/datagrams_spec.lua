local eventually = require("spec.support.eventually")
local listener = require("spec.support.listener")
local sinks = require("spec.support.sinks")

local PATH = ngx.config.prefix() .. "/datagrams.sock"

local function receive(peer)
    return eventually(function() return peer:receive() end, "a datagram")
end

describe("post_action udp sink", function()
    after_each(listener.close_all)

    local function sink(options)
        options.type = "udp"
        return sinks.open("spec", options)
    end

    it("sends each entry as a datagram", function()
        local server = listener.udp()
        assert.equal("sent", (sink({ host = "127.0.0.1", port = server.port }):send("a\nbb\n", 2, math.huge)))
        assert.equal("a", receive(server))
        assert.equal("bb", receive(server))
    end)

    it("sends to a unix socket", function()
        local server = listener.unix_datagram(PATH)
        assert.equal("sent", (sink({ path = PATH }):send("a\n", 1, math.huge)))
        assert.equal("a", receive(server))
    end)

    it("refuses what is too long, and only that", function()
        local server = listener.udp()
        local log = sink({ host = "127.0.0.1", port = server.port, max_bytes = 3 })
        local verdict, err, _, refused = log:send("1\n4444\n333\n55555\n", 4, math.huge)
        assert.same({ "poison", "longer than a datagram may be" }, { verdict, err })
        assert.same({ text = "4444\n55555\n", entries = 2 }, refused)
        assert.same({ "1", "333" }, { receive(server), receive(server) })
    end)

    it("refuses what the system finds too long", function()
        local server = listener.udp()
        local log = sink({ host = "127.0.0.1", port = server.port })
        local longest = ("x"):rep(65507)
        assert.equal("sent", (log:send(longest .. "\n", 1, math.huge)))
        assert.equal(longest, receive(server))
        local real, sent = ngx.socket.udp, {}
        ngx.socket.udp = function()
            return {
                setpeername = function() return 1 end,
                send = function(_, datagram)
                    if datagram == "22" then return nil, "message too long" end
                    sent[#sent + 1] = datagram
                    return 1
                end,
                close = function() return 1 end,
            }
        end
        local verdict, _, _, refused = log:send("1\n22\n3\n", 3, math.huge)
        ngx.socket.udp = real
        assert.same({ "poison", { text = "22\n", entries = 1 } }, { verdict, refused })
        assert.same({ "1", "3" }, sent)
    end)

    it("asks for another try for what has not been sent", function()
        local server = listener.unix_datagram(PATH)
        local verdict, err, _, left = sink({ path = PATH }):send(("line\n"):rep(5000), 5000, math.huge)
        assert.equal("retry", verdict)
        assert.matches("^cannot send: ", err)
        local came = 0
        while server:receive() do
            came = came + 1
        end
        assert.is_true(came > 0)
        assert.equal(5000, came + left.entries)
        assert.equal(5 * left.entries, #left.text)
    end)

    it("asks for another try while nobody is there", function()
        os.remove(PATH)
        local verdict, err, _, left = sink({ path = PATH }):send("a\nb\n", 2, math.huge)
        assert.equal("retry", verdict)
        assert.matches("^cannot connect: ", err)
        assert.same({ text = "a\nb\n", entries = 2 }, left)
        local server = listener.udp()
        local log = sink({ host = "127.0.0.1", port = server.port })
        server:close()
        -- The system tells of the first datagram's fate with the second.
        assert.equal("retry", (log:send("a\nb\nc\n", 3, math.huge)))
    end)

    it("refuses wrong options", function()
        local function refused(sentence, options)
            local ok, err = pcall(sink, options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        refused("spec.host must be a host name, an IPv4 address or an IPv6 address in brackets, got nothing\n"
            .. "spec.port must be a whole number from 1 to 65535, got nothing", {})
        refused('spec.max_bytes must be a whole number from 1 to 65507, got 65508', { path = "/x", max_bytes = 65508 })
        refused('spec: "path" is a unix socket, which has no "host" and no "port"', { path = "/x", port = 1 })
    end)
end)

describe("post_action syslog sink", function()
    after_each(listener.close_all)

    local HEAD = "^<134>1 %d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ pond openclaw " .. ngx.worker.pid() .. " %- %- "

    local function sink(options)
        local all = { type = "syslog", hostname = "pond", host = not options.path and "127.0.0.1" or nil }
        for name, value in pairs(options) do
            all[name] = value
        end
        return sinks.open("spec", all)
    end

    it("sends each entry as a message of RFC 5424", function()
        local server = listener.udp()
        assert.equal("sent", (sink({ port = server.port }):send("a\n{}\n", 2, math.huge)))
        assert.matches(HEAD .. "a$", receive(server))
        assert.matches(HEAD .. "{}$", receive(server))
    end)

    it("names facility, severity and application as it is told to", function()
        local server = listener.udp()
        local log = sink({ port = server.port, facility = "daemon", severity = "err", app_name = "gate", hostname = "reef" })
        log:send("a\n", 1, math.huge)
        assert.matches("^<27>1 %S+ reef gate ", receive(server))
    end)

    it("says when the message left, in UTC", function()
        local server = listener.udp()
        sink({ port = server.port }):send("a\n", 1, math.huge)
        local stamp = receive(server):match(" (%S+)Z pond"):sub(1, 19)
        assert.is_true(math.abs(ngx.parse_http_time(ngx.http_time(ngx.time())) - ngx.time()) < 1)
        local seconds = {}
        for back = 0, 5 do
            seconds[os.date("!%Y-%m-%dT%H:%M:%S", ngx.time() - back)] = true
        end
        assert.is_true(seconds[stamp])
    end)

    it("marks UTF-8 where that is wished for", function()
        local server = listener.udp()
        local lines = "ascii\ncaf\195\169\n\255\n"
        sink({ port = server.port, bom = true }):send(lines, 3, math.huge)
        assert.matches(HEAD .. "ascii$", receive(server))
        assert.matches(HEAD .. "\239\187\191caf\195\169$", receive(server))
        assert.matches(HEAD .. "\255$", receive(server))
        sink({ port = server.port }):send("caf\195\169\n", 1, math.huge)
        assert.matches(HEAD .. "caf\195\169$", receive(server))
    end)

    it("counts the octets of each message in a stream", function()
        local server = listener.tcp()
        local log = sink({ protocol = "tcp", port = server.port, bom = true })
        local lines = { "a", "caf\195\169", '{"a b":"\\n"}' }
        assert.equal("sent", (log:send(table.concat(lines, "\n") .. "\n", 3, math.huge)))
        local text = receive(eventually(function() return server:accept() end))
        for _, line in ipairs(lines) do
            local digits, rest = text:match("^(%d+) (.*)$")
            local message = rest:sub(1, tonumber(digits))
            assert.matches(HEAD, message)
            assert.equal(line, message:sub(-#line))
            text = rest:sub(tonumber(digits) + 1)
        end
        assert.equal("", text)
    end)

    it("writes to unix sockets of both kinds", function()
        local datagrams = listener.unix_datagram(PATH)
        assert.equal("sent", (sink({ path = PATH }):send("a\n", 1, math.huge)))
        assert.matches(HEAD .. "a$", receive(datagrams))
        local server = listener.unix_stream(PATH)
        assert.equal("sent", (sink({ path = PATH, protocol = "tcp" }):send("a\n", 1, math.huge)))
        assert.matches("^%d+ <134>1 ", receive(eventually(function() return server:accept() end)))
    end)

    it("refuses what is longer than a message may be, head included, and only that", function()
        for _, protocol in ipairs({ "udp", "tcp" }) do
            local server = protocol == "udp" and listener.udp() or listener.tcp()
            local log = sink({ protocol = protocol, port = server.port, max_bytes = 200 })
            local long = ("x"):rep(190)
            local verdict, err, _, refused = log:send("short\n" .. long .. "\n", 2, math.huge)
            assert.same({ "poison", "longer than a syslog message may be" }, { verdict, err })
            assert.same({ text = long .. "\n", entries = 1 }, refused)
            local peer = protocol == "udp" and server or eventually(function() return server:accept() end)
            assert.matches("short$", receive(peer))
            assert.equal("poison", (log:send(long .. "\n", 1, math.huge)))
        end
    end)

    it("refuses wrong options", function()
        local function refused(sentence, options)
            local ok, err = pcall(sink, options)
            assert.is_false(ok)
            assert.matches(sentence, err, 1, true)
        end
        refused('spec.protocol must be one of udp, tcp, tls, got "relp"', { protocol = "relp" })
        refused('spec.facility must be one of kern, user, ', { facility = "local8" })
        refused('spec.severity must be one of emerg, alert, crit, err, warning, notice, info, debug, got "error"', { severity = "error" })
        refused('spec.app_name must be a string of 1 to 48 ASCII characters without blanks, got "a b"', { app_name = "a b" })
        refused('spec.hostname must be a string of 1 to 255 ASCII characters without blanks, got ', { hostname = ("x"):rep(256) })
        refused('spec.timeout_seconds is only for protocol = "tcp" and "tls"', { timeout_seconds = 1 })
        refused('spec.ssl_verify is only for protocol = "tls"', { protocol = "tcp", ssl_verify = true })
        refused('spec.max_bytes must be a whole number from 1 to 65507, got 65508', { max_bytes = 65508 })
        assert.is_table(sink({ protocol = "tcp", max_bytes = 65508 }))
        refused('spec.bom must be true or false, got 1', { bom = 1 })
    end)
end)
