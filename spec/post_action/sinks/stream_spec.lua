local eventually = require("spec.support.eventually")
local listener = require("spec.support.listener")
local sinks = require("spec.support.sinks")

local PATH = ngx.config.prefix() .. "/stream.sock"

local function sink(port, more)
    local options = { type = "tcp", host = "127.0.0.1", port = port, timeout_seconds = 1 }
    for name, value in pairs(more or {}) do
        options[name] = value
    end
    return sinks.open("spec", options)
end

--- Runs what yields beside the spec; the result's fields are what it returns, once it has.
local function aside(work, ...)
    local result = {}
    ngx.thread.spawn(function(...)
        result.verdict, result.err = work(...)
        result.done = true
    end, ...)
    return result
end

local function accept(server)
    return eventually(function() return server:accept() end, "a connection")
end

local function receive(peer)
    return eventually(function() return peer:receive() end, "some bytes")
end

describe("post_action stream sink", function()
    after_each(listener.close_all)

    it("writes lines to one connection, batch after batch", function()
        local server = listener.tcp()
        local log = sink(server.port)
        assert.equal("sent", (log:send("a\nb\n", 2, math.huge)))
        local peer = accept(server)
        assert.equal("a\nb\n", receive(peer))
        assert.equal("sent", (log:send("c\n", 1, math.huge)))
        assert.equal("c\n", receive(peer))
        assert.is_nil(server:accept())
    end)

    it("writes to a unix socket", function()
        local server = listener.unix_stream(PATH)
        local log = sinks.open("spec", { type = "unix", path = PATH })
        assert.equal("sent", (log:send("a\n", 1, math.huge)))
        assert.equal("a\n", receive(accept(server)))
    end)

    it("does not write to a connection that the peer has closed meanwhile", function()
        local server = listener.tcp()
        local log = sink(server.port)
        log:send("a\n", 1, math.huge)
        local peer = accept(server)
        receive(peer)
        peer:close()
        eventually(function() return server:has_ended_for_others() end)
        assert.equal("sent", (log:send("b\n", 1, math.huge)))
        assert.equal("b\n", receive(accept(server)))
    end)

    it("takes a peer that will say nothing more for one that is gone", function()
        local server = listener.tcp()
        local log = sink(server.port)
        log:send("a\n", 1, math.huge)
        local peer = accept(server)
        receive(peer)
        peer:finish()
        eventually(function() return server:has_ended_for_others() end)
        assert.equal("sent", (log:send("b\n", 1, math.huge)))
        assert.equal("b\n", receive(accept(server)))
    end)

    it("notices that the peer closes while it writes", function()
        local server = listener.tcp()
        server:tighten()
        local log = sink(server.port)
        local sending = aside(log.send, log, (("x"):rep(99) .. "\n"):rep(40000), 40000, math.huge)
        local peer = accept(server)
        receive(peer)
        peer:close()
        eventually(function() return sending.done end)
        assert.equal("retry", sending.verdict)
        assert.matches("cannot send: ", sending.err)
    end)

    it("notices that the peer closes as soon as it has been written to", function()
        local server = listener.tcp()
        local log = sink(server.port)
        -- The peer is closed before it was accepted: all that was written is lost.
        local sending = aside(log.send, log, "a\n", 1, math.huge)
        accept(server):close()
        eventually(function() return sending.done end)
        assert.same({ "retry", "the peer has closed the connection" }, { sending.verdict, sending.err })
    end)

    it("gives up a peer that accepts and never reads", function()
        local server = listener.tcp()
        server:tighten()
        local log = sink(server.port)
        local verdict, err = log:send((("x"):rep(99) .. "\n"):rep(80000), 80000, math.huge)
        assert.same({ "retry", "cannot send: timeout" }, { verdict, err })
    end)

    it("keeps to the time that a worker has left", function()
        local server = listener.tcp()
        server:tighten()
        local log = sink(server.port, { timeout_seconds = 60 })
        ngx.update_time()
        local began = ngx.now()
        assert.equal("retry", (log:send((("x"):rep(99) .. "\n"):rep(80000), 80000, 0.2)))
        ngx.update_time()
        assert.is_true(ngx.now() - began < 30)
    end)

    it("passes over what the peer says", function()
        local server = listener.tcp()
        local log = sink(server.port)
        log:send("a\n", 1, math.huge)
        local first = accept(server)
        first:send(("garbage\0\r\n"):rep(2000))
        assert.equal("sent", (log:send("b\n", 1, math.huge)))
        local second = server:accept()
        assert.matches("b\n$", receive(second or first))
    end)

    it("asks for another try while nobody listens, and comes back", function()
        local server = listener.tcp()
        local port = server.port
        local log = sink(port)
        log:send("a\n", 1, math.huge)
        listener.close_all()
        local verdict, err = log:send("b\n", 1, math.huge)
        assert.same({ "retry", "cannot connect: connection refused" }, { verdict, err })
        server = listener.tcp(port)
        assert.equal("sent", (log:send("c\n", 1, math.huge)))
        assert.equal("c\n", receive(accept(server)))
    end)

    describe("with TLS", function()
        local function tls(more)
            local options = { type = "tls", host = "127.0.0.1", port = 18443, ssl_server_name = "sink.test" }
            for name, value in pairs(more or {}) do
                options[name] = value
            end
            return sinks.open("spec", options)
        end

        it("writes to a server whose certificate fits", function()
            assert.equal("sent", (tls():send("GET /name HTTP/1.1\r\nHost: x\r\n\r\n", 1, math.huge)))
        end)

        it("writes to no other", function()
            local verdict, err = tls({ ssl_server_name = "other.test" }):send("a\n", 1, math.huge)
            assert.equal("retry", verdict)
            assert.matches("^cannot connect: no TLS: ", err)
            assert.equal("sent", (tls({ ssl_server_name = "other.test", ssl_verify = false }):send("GET /name HTTP/1.1\r\nHost: x\r\n\r\n", 1, math.huge)))
        end)

        it("gives up a peer that answers the handshake with garbage, or never", function()
            local server = listener.tcp()
            local log = tls({ port = server.port, connect_seconds = 1 })
            local verdict, err = log:send("a\n", 1, math.huge)
            assert.same({ "retry", "cannot connect: no TLS: timeout" }, { verdict, err })
            accept(server)
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            accept(server):send("220 no TLS here\r\n")
            eventually(function() return sending.done end)
            assert.equal("retry", sending.verdict)
        end)
    end)

    describe("options", function()
        local function refused(sentence, options)
            local ok, err = pcall(sinks.open, "spec", options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end

        it("are refused one by one", function()
            refused('spec.host must be a host name, an IPv4 address or an IPv6 address in brackets, got nothing', { type = "tcp", port = 1 })
            refused('spec.host must be a host name, an IPv4 address or an IPv6 address in brackets, got "a b"', { type = "tcp", host = "a b", port = 1 })
            refused('spec.port must be a whole number from 1 to 65535, got nothing', { type = "tcp", host = "a" })
            refused('spec.port must be a whole number from 1 to 65535, got 65536', { type = "tcp", host = "a", port = 65536 })
            refused('spec: unknown option "ssl_verify"; known are host, port, connect_seconds, timeout_seconds, keepalive_seconds', { type = "tcp", host = "a", port = 1, ssl_verify = true })
            refused('spec.ssl_server_name must be the name in the certificate, as the host is an address, got nothing', { type = "tls", host = "10.0.0.1", port = 1 })
            refused('spec.path must be an absolute path, beginning with "/", got "x"', { type = "unix", path = "x" })
            refused('spec.timeout_seconds must be a number above 0, got 0', { type = "tcp", host = "a", port = 1, timeout_seconds = 0 })
        end)
    end)
end)
