local clock = require("resty.openclaw.core.time.clock")
local disk = require("spec.support.disk")
local eventually = require("spec.support.eventually")
local listener = require("spec.support.listener")
local redis_peer = require("spec.support.redis_peer")
local sinks = require("spec.support.sinks")

local accept, aside, commands, read_to = redis_peer.accept, redis_peer.aside, redis_peer.commands, redis_peer.read_to

local PASSWORD_FILE = ngx.config.prefix() .. "/redis_password"

local function sink(more)
    local options = { type = "redis_stream", key = "log", timeout_seconds = 5 }
    for name, value in pairs(more or {}) do
        options[name] = value
    end
    return sinks.open("spec", options)
end

--- A batch sent to a server that answers so, once it has all of it.
local function exchange(answer, text, more)
    local server = listener.tcp()
    local options = { port = server.port }
    for name, value in pairs(more or {}) do
        options[name] = value
    end
    local log = sink(options)
    local entries = select(2, text:gsub("\n", ""))
    local sending = aside(log.send, log, text, entries, math.huge)
    local peer = accept(server)
    local last = text:match("([^\n]+)\n$")
    sending.commands = commands(read_to(peer, last .. "\r\n"))
    peer:send(answer)
    eventually(function() return sending.done end)
    sending.peer, sending.log, sending.server = peer, log, server
    return sending
end

describe("post_action redis_stream sink", function()
    after_each(listener.close_all)

    it("appends each entry in one pipeline, with its id where it begins with one", function()
        local sent = exchange("$3\r\n1-1\r\n$3\r\n1-2\r\n", 'plain\n{"a":1}\n')
        assert.same({ "sent" }, { sent.verdict, sent.err })
        assert.same({ "xadd log MAXLEN ~ 1000000 * line plain", 'xadd log MAXLEN ~ 1000000 * line {"a":1}' }, sent.commands)
        local log = sent.log
        local sending = aside(log.send, log, '{"id":"a-1","b":2}\n', 1, math.huge)
        -- On the same connection.
        assert.same({ 'xadd log MAXLEN ~ 1000000 * line {"id":"a-1","b":2} id a-1' }, commands(read_to(sent.peer, "a-1\r\n")))
        sent.peer:send("$3\r\n1-3\r\n")
        eventually(function() return sending.done end)
        assert.equal("sent", sending.verdict)
    end)

    it("names key, fields and length as it is told to", function()
        local sent = exchange("$3\r\n1-1\r\n", "x\n", { key = "k", field = "f", max_length = 5 })
        assert.same({ "xadd k MAXLEN ~ 5 * f x" }, sent.commands)
    end)

    it("sends again what says nothing of the entry, and that alone", function()
        for err, cause in pairs({
            ["LOADING Redis is loading"] = "busy", ["OOM command not allowed"] = "busy", ["READONLY You can't write"] = "busy",
            ["MISCONF Redis is configured"] = "busy", ["NOREPLICAS Not enough"] = "busy", ["BUSY Redis is busy"] = "busy",
            ["CLUSTERDOWN The cluster is down"] = "busy", ["NOAUTH Authentication required."] = "credentials",
            ["NOPERM this user has no permissions"] = "credentials", ["WRONGPASS invalid username"] = "credentials",
            ["WRONGTYPE Operation against a key"] = "misdirected", ["ERR unknown command 'xadd'"] = "misdirected",
            ["MOVED 1 127.0.0.1:1"] = "misdirected", ["ASK 1 127.0.0.1:1"] = "misdirected", ["MOVED 1 nobody"] = "misdirected",
            ["EXECABORT"] = "misdirected",
        }) do
            local sent = exchange("$3\r\n1-1\r\n-" .. err .. "\r\n$3\r\n1-2\r\n", "a\nb\nc\n")
            assert.same(
                { "retry", err, { text = "b\n", entries = 1 }, cause },
                { sent.verdict, sent.err, sent.part, sent.cause }
            )
        end
    end)

    it("refuses an entry that is too long, and that alone, and after all that may still arrive", function()
        local err = "ERR Elements are too large to be stored"
        local sent = exchange("$3\r\n1-1\r\n-" .. err .. "\r\n", "a\nb\n")
        assert.same({ "poison", err, { text = "b\n", entries = 1 } }, { sent.verdict, sent.err, sent.part })
        sent = exchange("-" .. err .. "\r\n-LOADING x\r\n", "a\nb\n")
        assert.same({ "retry", "LOADING x", { text = "a\nb\n", entries = 2 } }, { sent.verdict, sent.err, sent.part })
    end)

    it("signs in anew after an error, as a connection that is kept may be what is refused", function()
        local sent = exchange("-NOAUTH Authentication required.\r\n", "a\n")
        eventually(function() return sent.peer:receive() == "" end)
        local again = aside(sent.log.send, sent.log, "a\n", 1, math.huge)
        local peer = accept(sent.server)
        read_to(peer, "a\r\n")
        peer:send("$3\r\n1-1\r\n")
        eventually(function() return again.done end)
        assert.equal("sent", again.verdict)
    end)

    describe("in a cluster", function()
        local first, second, log

        before_each(function()
            first, second = listener.tcp(), listener.tcp()
            log = sink({ hosts = { "127.0.0.1:" .. first.port, "127.0.0.1:" .. second.port } })
        end)

        --- Waits for a batch at a host, and answers it: what came.
        local function answer(server, ending, text)
            local peer = accept(server)
            local came = commands(read_to(peer, ending .. "\r\n"))
            peer:send(text)
            return came
        end

        it("follows MOVED to a host that is given, and asks that one first from then on", function()
            local sending = aside(log.send, log, "a\nb\n", 2, math.huge)
            local moved = "-MOVED 1 127.0.0.1:" .. second.port .. "\r\n"
            assert.equal(2, #answer(first, "b", moved .. moved))
            local came = answer(second, "b", "$3\r\n1-1\r\n$3\r\n1-2\r\n")
            assert.same({ "xadd log MAXLEN ~ 1000000 * line a", "xadd log MAXLEN ~ 1000000 * line b" }, came)
            eventually(function() return sending.done end)
            assert.same({ "sent" }, { sending.verdict, sending.err })
            assert.equal(1, log.redis.current)
        end)

        it("follows ASK for what is asked alone, and says so", function()
            local sending = aside(log.send, log, "a\nb\n", 2, math.huge)
            answer(first, "b", "$3\r\n1-1\r\n-ASK 1 127.0.0.1:" .. second.port .. "\r\n")
            assert.same({ "asking", "xadd log MAXLEN ~ 1000000 * line b" }, answer(second, "b", "+OK\r\n$3\r\n1-2\r\n"))
            eventually(function() return sending.done end)
            assert.same({ "sent" }, { sending.verdict, sending.err })
            assert.equal(0, log.redis.current)
        end)

        it("takes a redirection without a host for the host that sends it", function()
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            answer(first, "a", "-MOVED 1 :" .. second.port .. "\r\n")
            answer(second, "a", "$3\r\n1-1\r\n")
            eventually(function() return sending.done end)
            assert.equal("sent", sending.verdict)
        end)

        it("goes to no host that is not given, whatever it is told, and holds what it has", function()
            local other = listener.tcp()
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            local err = "MOVED 1 127.0.0.1:" .. other.port
            answer(first, "a", "-" .. err .. "\r\n")
            eventually(function() return sending.done end)
            assert.same({ "retry", err, "misdirected" }, { sending.verdict, sending.err, sending.cause })
            assert.is_nil(other:accept())
        end)

        it("is not sent round in circles", function()
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            for number = 1, 4 do
                local here, there = first, second
                if number % 2 == 0 then here, there = second, first end
                answer(here, "a", "-MOVED 1 127.0.0.1:" .. there.port .. "\r\n")
            end
            eventually(function() return sending.done end)
            assert.same({ "retry", "misdirected" }, { sending.verdict, sending.cause })
        end)

        it("goes on to the next host when one is gone or takes no writes", function()
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            answer(first, "a", "-READONLY You can't write against a read only replica.\r\n")
            eventually(function() return sending.done end)
            assert.equal("retry", sending.verdict)
            second:close()
            sending = aside(log.send, log, "a\n", 1, math.huge)
            eventually(function() return sending.done end)
            assert.same({ "retry", "cannot connect: connection refused" }, { sending.verdict, sending.err })
            sending = aside(log.send, log, "a\n", 1, math.huge)
            answer(first, "a", "$3\r\n1-1\r\n")
            eventually(function() return sending.done end)
            assert.equal("sent", sending.verdict)
        end)
    end)

    it("sends all again when the connection ends amid the replies", function()
        local server = listener.tcp()
        local log = sink({ port = server.port })
        local sending = aside(log.send, log, "a\nb\n", 2, math.huge)
        local peer = accept(server)
        read_to(peer, "b\r\n")
        peer:send("$3\r\n1-1\r\n")
        peer:close()
        eventually(function() return sending.done end)
        assert.same({ "retry", "no reply: closed" }, { sending.verdict, sending.err })
        assert.is_nil(sending.part)
    end)

    it("makes nothing of garbage", function()
        for _, garbage in ipairs({ "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n\r\n", "$-x\r\n\r\n", "*zz\r\n" }) do
            local server = listener.tcp()
            local log = sink({ port = server.port, timeout_seconds = 30 })
            local sending = aside(function() return select(2, pcall(log.send, log, "a\n", 1, math.huge)) end)
            local peer = accept(server)
            read_to(peer, "a\r\n")
            peer:send(garbage)
            eventually(function() return sending.done end)
            assert.equal("retry", sending.verdict)
            assert.not_equal("not done in time", sending.err)
        end
    end)

    it("does not wait for a server that answers byte by byte, past its time", function()
        local server = listener.tcp()
        local log = sink({ port = server.port, timeout_seconds = 0.3 })
        ngx.update_time()
        local began = ngx.now()
        local sending = aside(log.send, log, "a\n", 1, math.huge)
        local peer = accept(server)
        eventually(function()
            peer:send("$")
            ngx.sleep(0.05)
            return sending.done
        end)
        ngx.update_time()
        assert.is_true(ngx.now() - began < 30)
        assert.same({ "retry", "not done in time" }, { sending.verdict, sending.err })
        -- The connection went with it.
        local next_try = aside(log.send, log, "b\n", 1, math.huge)
        local other = accept(server)
        read_to(other, "b\r\n")
        other:send("$3\r\n1-1\r\n")
        eventually(function() return next_try.done end)
        assert.equal("sent", next_try.verdict)
    end)

    it("signs in once for each connection, and says nothing of the password", function()
        local server = listener.tcp()
        local log = sink({ port = server.port, username = "gate", password = "secret one", database = 3 })
        local sending = aside(log.send, log, "a\n", 1, math.huge)
        local peer = accept(server)
        assert.same({ "auth gate secret one" }, commands(read_to(peer, "secret one\r\n")))
        peer:send("-WRONGPASS invalid username-password pair\r\n")
        eventually(function() return sending.done end)
        assert.same({ "retry", "cannot sign in: WRONGPASS invalid username-password pair" }, { sending.verdict, sending.err })
        sending = aside(log.send, log, "a\n", 1, math.huge)
        peer = accept(server)
        read_to(peer, "secret one\r\n")
        peer:send("+OK\r\n")
        assert.same({ "select 3" }, commands(read_to(peer, "3\r\n")))
        peer:send("+OK\r\n")
        read_to(peer, "a\r\n")
        peer:send("$3\r\n1-1\r\n")
        eventually(function() return sending.done end)
        assert.equal("sent", sending.verdict)
        sending = aside(log.send, log, "b\n", 1, math.huge)
        assert.equal(1, #commands(read_to(peer, "b\r\n")))
        peer:send("$3\r\n1-2\r\n")
        eventually(function() return sending.done end)
    end)

    it("does not share connections between those who sign in differently", function()
        local sent = exchange("$3\r\n1-1\r\n", "a\n")
        local other = sink({ port = sent.server.port, password = "p" })
        local sending = aside(other.send, other, "b\n", 1, math.huge)
        local peer = accept(sent.server)
        assert.same({ "auth p" }, commands(read_to(peer, "p\r\n")))
        peer:close()
        eventually(function() return sending.done end)
    end)

    it("reads the password from a file, anew after a second", function()
        local now, ahead = clock.now, 0
        finally(function() clock.now = now end)
        clock.now = function() return now() + ahead end
        local function write(text)
            local file = assert(io.open(PASSWORD_FILE, "w"))
            file:write(text)
            file:close()
        end
        write("first\n")
        disk.shell("chmod 600 %s", PASSWORD_FILE)
        local server = listener.tcp()
        local log = sink({ port = server.port, password_file = PASSWORD_FILE })
        for _, password in ipairs({ "first", "second" }) do
            write(password .. "\n")
            ahead = ahead + 1.05
            local sending = aside(log.send, log, "a\n", 1, math.huge)
            local peer = accept(server)
            assert.same({ "auth " .. password }, commands(read_to(peer, password .. "\r\n")))
            peer:send("+OK\r\n")
            read_to(peer, "a\r\n")
            peer:send("$3\r\n1-1\r\n")
            eventually(function() return sending.done end)
        end
        os.remove(PASSWORD_FILE)
        ahead = ahead + 1.05
        local verdict, err = log:send("a\n", 1, math.huge)
        assert.equal("retry", verdict)
        assert.matches("^cannot read the password file: ", err)
    end)

    it("takes no password from a file that all users may read, nor from an empty one", function()
        disk.shell("echo secret >%s && chmod 644 %s", PASSWORD_FILE, PASSWORD_FILE)
        local ok, err = pcall(sink, { password_file = PASSWORD_FILE })
        assert.is_false(ok)
        assert.equal('spec.password_file: ' .. PASSWORD_FILE .. " may be read by all users; chmod it to 600", err)
        disk.shell(": >%s && chmod 600 %s", PASSWORD_FILE, PASSWORD_FILE)
        ok, err = pcall(sink, { password_file = PASSWORD_FILE })
        assert.is_false(ok)
        assert.equal('spec.password_file: ' .. PASSWORD_FILE .. " is empty", err)
        os.remove(PASSWORD_FILE)
    end)

    describe("options", function()
        local function refused(sentence, options)
            local ok, err = pcall(sink, options)
            assert.is_false(ok)
            assert.matches(sentence, err, 1, true)
        end

        it("are refused one by one, without showing secrets", function()
            refused('spec.key must be a non-empty string, got ""', { key = "" })
            refused('spec.max_length must be a whole number from 1 up, got 0', { max_length = 0 })
            refused("spec.password must be a non-empty string", { password = 5 })
            refused('spec: "password" and "password_file" cannot both be given', { password = "x", password_file = "/x" })
            refused('spec.password_file: cannot read /nowhere', { password_file = "/nowhere" })
            refused('spec.password_file must be an absolute path, beginning with "/"', { password_file = "secret" })
            refused('spec: "username" needs "password" or "password_file"', { username = "x" })
            refused('spec: "path" is a unix socket, which has no "host"', { path = "/x", host = "y" })
            refused('spec: "hosts" names all of them', { hosts = { "a:1" }, host = "b" })
            for _, entry in ipairs({ "a", "a:0", "a:65536", ":1", "a b:1", "unix:/x:1", "redis://a:1", 1 }) do
                refused('spec.hosts[1] must be a host with its port, like "10.0.0.1:6379"', { hosts = { entry } })
            end
            refused("spec.hosts[1] must be a host with its port, like \"10.0.0.1:6379\", got a string", { hosts = { "redis://:secret@a:1" } })
            refused('spec.ssl_server_name must be the name in the certificate', { ssl = true })
            refused('spec: unknown option "passwort"; did you mean "password"?', { passwort = "secret" })
        end)

        it("need the library", function()
            local paths, preload = package.path, {}
            package.path = ""
            for _, name in ipairs({ "resty.redis", "nginx.redis" }) do
                preload[name], package.loaded[name] = package.loaded[name], nil
            end
            local ok, err = pcall(sink)
            package.path = paths
            for name, module in pairs(preload) do
                package.loaded[name] = module
            end
            assert.is_false(ok)
            assert.equal("spec: redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis", err)
        end)
    end)
end)
