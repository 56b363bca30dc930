local clock = require("resty.openclaw.core.time.clock")
local disk = require("spec.support.disk")
local eventually = require("spec.support.eventually")
local listener = require("spec.support.listener")
local problem = require("resty.openclaw.config.problems")
local redis_client = require("resty.openclaw.redis_client")
local redis_peer = require("spec.support.redis_peer")
local schema = require("resty.openclaw.config.schema")

local accept, commands, read_to = redis_peer.accept, redis_peer.commands, redis_peer.read_to

local PASSWORD_FILE = ngx.config.prefix() .. "/redis_client_password"

local function client(options, pool_size)
    local problems = {}
    redis_client.check(options, "spec", problems)
    local read = schema.read(redis_client.SCHEMA, options, "spec", problems)
    problem.raise(problems)
    return redis_client.new(read, "spec", "the spec", pool_size or 4)
end

--- Asks in a light thread.
local function ask(redis, ...)
    local result = {}
    ngx.thread.spawn(function(...)
        result.reply, result.err, result.cause = redis_client.ask(redis, ...)
        result.done = true
    end, ...)
    return result
end

local function done(result)
    eventually(function() return result.done end, "an answer")
    return result
end

local function outcome(result)
    done(result)
    return { result.reply, result.err, result.cause }
end

describe("redis_client: a name", function()
    it("needs nginx's resolver, and says so", function()
        local _, err = redis_client.ask(client({ host = "redis.internal" }), 1, "ping")
        assert.equal('cannot connect: no resolver defined to resolve "redis.internal"; add the directive resolver to http in nginx.conf, or give an address', err)
    end)
end)

describe("redis_client", function()
    after_each(listener.close_all)

    it("takes a reply that came in time to a worker that was busy", function()
        local server = listener.tcp()
        local asked = ask(client({ port = server.port }), 1, "get", "a")
        local peer = accept(server)
        read_to(peer, "a\r\n")
        peer:send("+b\r\n")
        local ends = os.clock() + 1.1
        while os.clock() < ends do end
        assert.same({ "b" }, outcome(asked))
    end)

    it("sends one command, and keeps the connection for the next", function()
        local server = listener.tcp()
        local redis = client({ port = server.port })
        local asked = ask(redis, 5, "hgetall", "a key")
        local peer = accept(server)
        assert.same({ "hgetall a key" }, commands(read_to(peer, "a key\r\n")))
        peer:send("*2\r\n$2\r\nid\r\n$1\r\nx\r\n")
        assert.same({ { "id", "x" } }, outcome(asked))
        asked = ask(redis, 5, "get", "b")
        read_to(peer, "b\r\n")
        peer:send("$-1\r\n")
        assert.equal(ngx.null, done(asked).reply)
        asked = ask(redis, 5, "evalsha", "digest", "0")
        assert.same({ "evalsha digest 0" }, commands(read_to(peer, "0\r\n")))
        peer:send(":7\r\n")
        assert.same({ 7 }, outcome(asked))
    end)

    it("keeps as many connections as it is told to", function()
        local server = listener.tcp()
        local redis = client({ port = server.port }, 2)
        local asked, peers = {}, {}
        for number = 1, 3 do
            asked[number] = ask(redis, 5, "get", "x" .. number)
            peers[number] = accept(server)
        end
        for number = 1, 3 do
            read_to(peers[number], "x" .. number .. "\r\n")
            peers[number]:send("$1\r\ny\r\n")
            assert.same({ "y" }, outcome(asked[number]))
        end
        -- The first that was left is closed in favour of the last.
        local closed, open = 0, 0
        eventually(function()
            closed, open = 0, 0
            for _, peer in ipairs(peers) do
                if peer:receive() == "" then closed = closed + 1 else open = open + 1 end
            end
            return closed == 1
        end, "one is closed")
        assert.equal(2, open)
    end)

    it("tells what Redis says, and why", function()
        local server = listener.tcp()
        local redis = client({ port = server.port })
        local peer
        for err, cause in pairs({
            ["NOSCRIPT No matching script."] = "misdirected", ["LOADING Redis is loading"] = "busy", ["WRONGTYPE x"] = "misdirected",
        }) do
            local asked = ask(redis, 5, "get", "x")
            peer = peer or accept(server)
            read_to(peer, "x\r\n")
            peer:send("-" .. err .. "\r\n")
            assert.same({ nil, err, cause }, outcome(asked))
        end
    end)

    it("signs in again after Redis has refused the credentials", function()
        local server = listener.tcp()
        local redis = client({ port = server.port, password = "secret" })
        for _, err in ipairs({ "NOAUTH Authentication required.", "NOPERM no permission" }) do
            local asked = ask(redis, 5, "get", "x")
            local peer = accept(server)
            read_to(peer, "secret\r\n")
            peer:send("+OK\r\n")
            read_to(peer, "x\r\n")
            peer:send("-" .. err .. "\r\n")
            assert.same({ nil, err, "credentials" }, outcome(asked))
        end
        local asked = ask(redis, 5, "get", "x")
        local peer = accept(server)
        read_to(peer, "secret\r\n")
        peer:send("-WRONGPASS no\r\n")
        assert.same({ nil, "cannot sign in: WRONGPASS no", "credentials" }, outcome(asked))
    end)

    it("asks again where a kept connection breaks, but once only", function()
        local server = listener.tcp()
        local redis = client({ port = server.port })
        local asked = ask(redis, 5, "get", "x")
        local peer = accept(server)
        read_to(peer, "x\r\n")
        peer:send("$1\r\n1\r\n")
        done(asked)
        asked = ask(redis, 5, "get", "y")
        read_to(peer, "y\r\n")
        peer:close()
        peer = accept(server)
        read_to(peer, "y\r\n")
        peer:close()
        assert.same({ nil, "closed", "unreachable" }, outcome(asked))
        assert.is_nil(server:accept())
    end)

    it("does not ask a slow server twice", function()
        local server = listener.tcp()
        local redis = client({ port = server.port, timeout_seconds = 0.2 })
        local asked = ask(redis, 5, "get", "x")
        local peer = accept(server)
        read_to(peer, "x\r\n")
        peer:send("$1\r\n1\r\n")
        done(asked)
        asked = ask(redis, 5, "get", "y")
        assert.same({ nil, "timeout", "unreachable" }, outcome(asked))
        assert.is_nil(server:accept())
    end)

    it("follows a key that moves to servers that are configured, and to no others", function()
        local first, second, other = listener.tcp(), listener.tcp(), listener.tcp()
        local redis = client({ hosts = { "127.0.0.1:" .. first.port, "127.0.0.1:" .. second.port } })
        local asked = ask(redis, 5, "get", "x")
        local peer = accept(first)
        read_to(peer, "x\r\n")
        peer:send("-ASK 5 127.0.0.1:" .. second.port .. "\r\n")
        local there = accept(second)
        assert.same({ "asking" }, commands(read_to(there, "asking\r\n")))
        there:send("+OK\r\n")
        read_to(there, "x\r\n")
        there:send("$1\r\n1\r\n")
        assert.same({ "1" }, outcome(asked))
        assert.equal(0, redis.current)
        asked = ask(redis, 5, "get", "z")
        read_to(peer, "z\r\n")
        peer:send("-MOVED 5 127.0.0.1:" .. second.port .. "\r\n")
        read_to(there, "z\r\n")
        there:send("$1\r\n2\r\n")
        assert.same({ "2" }, outcome(asked))
        assert.equal(1, redis.current)
        asked = ask(redis, 5, "get", "z")
        read_to(there, "z\r\n")
        there:send("-MOVED 5 127.0.0.1:" .. other.port .. "\r\n")
        assert.same({ nil, "MOVED 5 127.0.0.1:" .. other.port, "misdirected" }, outcome(asked))
        assert.is_nil(other:accept())
    end)

    it("is not sent round in circles", function()
        local first, second = listener.tcp(), listener.tcp()
        local redis = client({ hosts = { "127.0.0.1:" .. first.port, "127.0.0.1:" .. second.port } })
        local asked = ask(redis, 5, "get", "x")
        local peers = {}
        for number = 1, 4 do
            local here, there = first, second
            if number % 2 == 0 then here, there = second, first end
            peers[here] = peers[here] or accept(here)
            read_to(peers[here], "x\r\n")
            peers[here]:send("-MOVED 1 127.0.0.1:" .. there.port .. "\r\n")
        end
        assert.equal("misdirected", done(asked).cause)
    end)

    it("asks the next server where one is gone or still starts", function()
        local first, second = listener.tcp(), listener.tcp()
        local redis = client({ hosts = { "127.0.0.1:" .. first.port, "127.0.0.1:" .. second.port } })
        first:close()
        local asked = ask(redis, 5, "get", "x")
        local peer = accept(second)
        read_to(peer, "x\r\n")
        peer:send("-LOADING Redis is loading the dataset in memory\r\n")
        assert.same({ nil, "LOADING Redis is loading the dataset in memory", "busy" }, outcome(asked))
        second:close()
        peer:close()
        assert.same({ nil, "cannot connect: connection refused", "unreachable" }, outcome(ask(redis, 5, "get", "x")))
    end)

    it("gives up when the time is over, however slowly the server answers, and drops the connection", function()
        local server = listener.tcp()
        local redis = client({ port = server.port, timeout_seconds = 30 })
        local asked = ask(redis, 0.3, "get", "x")
        local peer = accept(server)
        eventually(function()
            peer:send("$")
            ngx.sleep(0.05)
            return asked.done
        end)
        assert.same({ nil, "not done in time", "unreachable" }, outcome(asked))
        eventually(function() return peer:receive() == "" end, "the connection is closed")
        asked = ask(redis, 5, "get", "y")
        peer = accept(server)
        read_to(peer, "y\r\n")
        peer:send("$1\r\n1\r\n")
        assert.same({ "1" }, outcome(asked))
    end)

    it("makes nothing of garbage", function()
        for _, garbage in ipairs({ "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n\r\n", "$-x\r\n\r\n", "*zz\r\n", "*1\r\n$-y\r\n" }) do
            local server = listener.tcp()
            local asked = ask(client({ port = server.port }), 5, "get", "x")
            local peer = accept(server)
            read_to(peer, "x\r\n")
            peer:send(garbage)
            assert.equal("unreachable", done(asked).cause)
            assert.not_equal("not done in time", asked.err)
        end
    end)

    it("reads a password file at most once a second", function()
        local now, ahead = clock.now, 0
        finally(function() clock.now = now end)
        clock.now = function() return now() + ahead end
        disk.shell("echo first >%s && chmod 600 %s", PASSWORD_FILE, PASSWORD_FILE)
        local server = listener.tcp()
        local redis = client({ port = server.port, password_file = PASSWORD_FILE })
        local function password_sent()
            local asked = ask(redis, 5, "get", "x")
            local peer = accept(server)
            local sent = commands(read_to(peer, "\r\n"))[1]
            peer:close()
            done(asked)
            return sent
        end
        assert.equal("auth first", password_sent())
        disk.shell("echo second >%s", PASSWORD_FILE)
        assert.equal("auth first", password_sent())
        ahead = ahead + 1.05
        assert.equal("auth second", password_sent())
        disk.shell(": >%s", PASSWORD_FILE)
        ahead = ahead + 1.05
        assert.same({ nil, "the password file is empty", "credentials" }, outcome(ask(redis, 5, "get", "x")))
        os.remove(PASSWORD_FILE)
        ahead = ahead + 1.05
        local missing = "cannot read the password file: cannot open: No such file or directory"
        assert.same({ nil, missing, "credentials" }, outcome(ask(redis, 5, "get", "x")))
    end)

    it("names its user where the library is missing", function()
        local paths, loaded = package.path, {}
        package.path = ""
        for _, name in ipairs({ "resty.redis", "nginx.redis" }) do
            loaded[name], package.loaded[name] = package.loaded[name], nil
        end
        local ok, err = pcall(client, {})
        package.path = paths
        for name, module in pairs(loaded) do package.loaded[name] = module end
        assert.is_false(ok)
        assert.equal("spec: the spec needs lua-resty-redis, which Debian has in the package lua-nginx-redis", err)
    end)
end)
