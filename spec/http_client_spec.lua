local http_client = require("resty.openclaw.http_client")
local raw_server = require("spec.support.raw_server")
local time_slice = require("resty.openclaw.core.time.time_slice")

local BASE = "http://127.0.0.1:18080/http_client"

--- Sends a request to the raw server; options may be added.
local function raw(options)
    local request = { url = BASE .. "/raw", read_seconds = 10, total_seconds = 30 }
    for name, value in pairs(options or {}) do
        request[name] = value
    end
    return http_client.request(request)
end

--- What becomes of this answer.
local function answered(...)
    raw_server.plan({ ... })
    return raw()
end

local function refused(reason, ...)
    local answer, err = answered(...)
    assert.is_nil(answer)
    assert.equal("cannot read the response: " .. reason, err)
end

describe("http_client", function()
    describe("requests", function()
        it("sends method, headers and body, and reads the answer", function()
            local body = ("0123456789"):rep(30000)
            local answer = assert(http_client.request({
                url = BASE .. "/echo?a=b%20c",
                method = "POST",
                headers = { ["X-Token"] = "secret" },
                body = body,
            }))
            assert.equal(200, answer.status)
            assert.equal("/http_client/echo?a=b%20c\n", answer.body)
            assert.equal("POST", answer.headers.x_method or answer.headers["x-method"])
            assert.equal("127.0.0.1:18080", answer.headers["x-host"])
            assert.equal("secret", answer.headers["x-token"])
            assert.equal(tostring(#body), answer.headers["x-length"])
            assert.equal(ngx.md5(body), answer.headers["x-digest"])
        end)

        it("sends a body piece by piece, and never asks for all of it", function()
            local body, longest, asked = ("0123456789"):rep(300000), 0, 0
            local source = {
                bytes = #body,
                piece = function(_, from, most)
                    longest, asked = math.max(longest, most), asked + 1
                    -- Fewer bytes than may be are no end.
                    return body:sub(from + 1, from + math.min(most, 50000))
                end,
            }
            local request = { url = BASE .. "/echo", method = "POST", body = source }
            local answer = assert(http_client.request(request))
            assert.same({ tostring(#body), ngx.md5(body) }, { answer.headers["x-length"], answer.headers["x-digest"] })
            assert.same({ 65536, 60 }, { longest, asked })
            source.bytes = 0
            assert.equal("0", assert(http_client.request(request)).headers["x-length"])
            assert.equal(60, asked)
        end)

        it("lets others have their turn between the pieces", function()
            local turns, going = 0, true
            local watcher = ngx.thread.spawn(function()
                while going do
                    turns = turns + 1
                    time_slice.yield_now()
                end
            end)
            local seen = {}
            local source = {
                bytes = 64 * 65536,
                piece = function(_, from, most)
                    seen[from / 65536 + 1] = turns
                    return ("x"):rep(most)
                end,
            }
            http_client.request({ url = BASE .. "/echo", method = "POST", body = source })
            going = false
            ngx.thread.wait(watcher)
            for at = 1, 48, 8 do assert.is_true(seen[at + 8] > seen[at]) end
        end)

        it("says when a body cannot be read", function()
            for problem, piece in pairs({
                ["cannot read: Input/output error"] = function() return nil, "cannot read: Input/output error" end,
                ["the body is shorter than it was said to be"] = function() return "" end,
            }) do
                local source = { bytes = 10, piece = piece }
                local answer, err = http_client.request({ url = BASE .. "/echo", method = "POST", body = source })
                assert.is_nil(answer)
                assert.equal("cannot send: " .. problem, err)
            end
        end)

        it("takes the parts of a URL as well", function()
            local answer = assert(http_client.request({
                host = "127.0.0.1",
                port = 18080,
                path = "/http_client/echo",
                method = "PUT",
                headers = { host = "another.test" },
            }))
            assert.equal("another.test", answer.headers["x-host"])
            assert.equal("0", answer.headers["x-length"])
        end)

        it("reaches IPv6 addresses", function()
            local answer = assert(http_client.request({ url = "http://[::ffff:127.0.0.1]:18086/" }))
            assert.equal("host [::ffff:127.0.0.1]:18086", answer.body)
        end)

        it("reaches unix sockets, whatever the port", function()
            local socket = "unix:" .. ngx.config.prefix() .. "http_client.sock"
            assert.equal("host localhost", assert(http_client.request({ host = socket })).body)
            assert.equal("host localhost", assert(http_client.request({ host = socket, port = 0, path = "/x" })).body)
            local named = { host = socket, headers = { Host = "a.test" }, keepalive_seconds = 10 }
            for _ = 1, 2 do assert.equal("host a.test", assert(http_client.request(named)).body) end
            local answer, err = http_client.request({ host = "unix:/no/such.sock" })
            assert.is_nil(answer)
            assert.equal("cannot connect: no such file or directory", err)
            answer, err = http_client.request({ host = socket, scheme = "https" })
            assert.is_nil(answer)
            assert.equal("cannot connect: an address needs ssl_server_name", err)
        end)

        it("refuses whatever would break out of its line", function()
            local cases = {
                { headers = { ["X-Token"] = "a\r\nX-Other: b" } },
                { headers = { ["X-Token"] = "a\nb" } },
                { headers = { ["X-Token"] = "a\0b" } },
                { headers = { ["X-Token"] = {} } },
                { headers = { ["X Token"] = "a" } },
                { headers = { ["X-Token: a\r\nX"] = "a" } },
                { headers = { "a" } },
                { headers = { ["Content-Length"] = "3" } },
                { headers = { ["transfer-encoding"] = "chunked" } },
                { headers = { Connection = "keep-alive" } },
                { method = "GET / HTTP/1.1\r\nX:" },
                { method = "CONNECT" },
                { method = "" },
            }
            for _, case in ipairs(cases) do
                case.host, case.port, case.path = "127.0.0.1", 18080, "/http_client/echo"
                local answer, err = http_client.request(case)
                assert.is_nil(answer)
                assert.is_nil(err:find("X-Other", 1, true))
            end
            for _, path in ipairs({ "", "x", "/a b", "/a\r\nb", "/a#b", "/\0" }) do
                assert.is_nil((http_client.request({ host = "127.0.0.1", port = 18080, path = path })))
            end
            for _, host in ipairs({ "", "a b", "a/b", "a:1", "::1", "[::1", "a\r\nb", "unix:", "unix:/", "unix:x", "unix:/a\0b" }) do
                local answer, err = http_client.request({ host = host, port = 18080 })
                assert.is_nil(answer)
                assert.equal("no legal host", err)
            end
            for _, port in ipairs({ 0, 65536, 1.5, -1, 0 / 0 }) do
                assert.is_nil((http_client.request({ host = "127.0.0.1", port = port })))
            end
        end)

        it("says what could not be reached", function()
            local answer, err = http_client.request({ url = "http://127.0.0.1:1/" })
            assert.is_nil(answer)
            assert.equal("cannot connect: connection refused", err)
        end)

        it("has its time, whoever sets the clock meanwhile", function()
            local real = ngx.now
            for _, seconds in ipairs({ 1e8, -1e8 }) do
                local source = { bytes = 2 }
                function source.piece()
                    ngx.now = function() return real() + seconds end -- luacheck: ignore
                    return "x"
                end
                local answer, err = http_client.request({ url = BASE .. "/echo", method = "POST", body = source })
                ngx.now = real -- luacheck: ignore
                assert.is_nil(err)
                assert.equal(200, answer.status)
            end
        end)

        it("gives up on a peer that takes nothing", function()
            local began = ngx.now()
            local answer, err = http_client.request({
                url = BASE .. "/deaf",
                method = "POST",
                body = ("x"):rep(64 * 1024 * 1024),
                send_seconds = 0.1,
                total_seconds = 1,
            })
            assert.is_nil(answer)
            assert.equal("cannot send: timeout", err)
            ngx.update_time()
            assert.is_true(ngx.now() - began < 30)
        end)
    end)

    describe("URLs", function()
        it("are taken apart", function()
            local function parsed(url)
                return assert(http_client.parse_url(url))
            end
            assert.same({ scheme = "http", host = "a.test", port = 80, path = "/" }, parsed("http://a.test"))
            assert.same({ scheme = "https", host = "a.test", port = 443, path = "/x?y=z" }, parsed("https://a.test/x?y=z"))
            assert.same({ scheme = "http", host = "10.0.0.1", port = 9000, path = "/?q" }, parsed("http://10.0.0.1:9000?q"))
            assert.same({ scheme = "http", host = "[::1]", port = 80, path = "/" }, parsed("http://[::1]"))
            assert.same({ scheme = "http", host = "[fe80::1]", port = 8080, path = "/a" }, parsed("http://[fe80::1]:8080/a"))
        end)

        it("are refused when they are none", function()
            for _, url in ipairs({
                "", "a.test", "ftp://a.test", "http://", "http:///x", "http://a.test:0/", "http://a.test:65536/",
                "http://a.test:x/", "http://user:password@a.test/", "http://a b/", "http://a.test/a b", "http://a.test/#x",
                "http://[::1", "http://::1/", "http://[x]/", "http://a.test:/", "http://a.test/\r\nX: y",
            }) do
                local target, err = http_client.parse_url(url)
                assert.is_nil(target, url)
                assert.is_nil(err:find("password@", 1, true))
            end
        end)
    end)

    describe("answers", function()
        local chunked_ok = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

        it("end where Content-Length says", function()
            local answer = assert(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more"))
            assert.equal("hello", answer.body)
            assert.equal("5", answer.headers["content-length"])
            assert.equal("", assert(answered("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n")).body)
            assert.equal("a", assert(answered("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na")).body)
        end)

        it("may be given away piece by piece", function()
            local pieces, seen = {}, nil
            local receiver = {
                head = function(status, headers) seen = { status, headers.a } end,
                piece = function(piece) pieces[#pieces + 1] = piece end,
            }
            local cases = {
                "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "\r\nhello",
            }
            for _, rest in ipairs(cases) do
                pieces = {}
                raw_server.plan({ "HTTP/1.1 200 OK\r\nA: b\r\n" .. rest })
                local answer = assert(raw({ receiver = receiver }))
                assert.same({ "hello", "", { 200, "b" } }, { table.concat(pieces), answer.body, seen })
            end
        end)

        it("may be unwanted, by the header or by a piece", function()
            local asked = 0
            local function piece()
                asked = asked + 1
                return "enough"
            end
            raw_server.plan({ "HTTP/1.1 404 X\r\nContent-Length: 5\r\n\r\nhello" })
            local head = function(status) return status == 404 and "not there" or nil end
            local answer, err = raw({ receiver = { head = head, piece = piece } })
            assert.same({ nil, "cannot read the response: not there" }, { answer, err })
            assert.equal(0, asked)
            for _, rest in ipairs({
                "Content-Length: 5\r\n\r\nhello", "Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", "\r\nhello", "\r\n",
            }) do
                asked = 0
                raw_server.plan({ "HTTP/1.1 200 OK\r\n" .. rest, 0.05, "more\r\n", 0.05, "more" })
                answer, err = raw({ receiver = { head = head, piece = piece } })
                assert.same({ nil, "cannot read the response: enough" }, { answer, err })
                assert.equal(1, asked)
            end
        end)

        it("may come byte by byte", function()
            local pieces = {}
            for char in ("HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"):gmatch(".") do
                pieces[#pieces + 1] = char
                pieces[#pieces + 1] = 0.001
            end
            assert.equal("abc", assert(answered(unpack(pieces))).body)
        end)

        it("may be chunked, with extensions and trailers", function()
            local answer = assert(answered(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n",
                "5;name=value\r\nhello\r\n",
                "0006 ; x=\"y\"\r\n world\r\n",
                "000\r\nTrailer-One: x\r\nTrailer-Two: y\r\n\r\n"
            ))
            assert.equal("hello world", answer.body)
            assert.is_nil(answer.headers["trailer-one"])
        end)

        it("may end with the connection", function()
            assert.equal("to the end", assert(answered("HTTP/1.1 200 OK\r\n\r\nto ", 0.01, "the end")).body)
            assert.equal("", assert(answered("HTTP/1.0 200 OK\r\n\r\n")).body)
        end)

        it("have no body where there is none to have", function()
            assert.equal("", assert(answered("HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n", 0.1)).body)
            assert.equal("", assert(answered("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 0.1)).body)
            raw_server.plan("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            assert.equal("10", assert(raw({ method = "HEAD" })).headers["content-length"])
        end)

        it("may follow interim ones, but no upgrade and no flood of them", function()
            local continue = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            local answer = assert(answered(continue .. "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
            assert.equal("ok", answer.body)
            assert.is_nil(answer.headers.link)
            refused("an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n")
            refused("too many interim responses", ("HTTP/1.1 100 Continue\r\n\r\n"):rep(100))
        end)

        it("join headers of one name and may end their lines in LF alone", function()
            local answer = assert(answered("HTTP/1.1 200 OK\nA: 1\nB:\t2 \na:3\nContent-Length: 0\n\n"))
            assert.equal("1, 3", answer.headers.a)
            assert.equal("2", answer.headers.b)
        end)

        it("are refused when they are malformed", function()
            for _, line in ipairs({
                "HTTP/2 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 200OK", "HTTP/1.1 099 No",
                "HTTP/1.2 200 OK", "http/1.1 200 OK", "ICY 200 OK", "", " HTTP/1.1 200 OK", "HTTP/1.1  200 OK",
            }) do
                refused("a malformed status line", line .. "\r\n\r\n")
            end
            for _, line in ipairs({ "no colon", "Na me: x", "Name : x", ": x", "A: b\r\n folded", "\r: x", "A\0: b" }) do
                refused("a malformed header line", "HTTP/1.1 200 OK\r\n" .. line .. "\r\n\r\n")
            end
            refused("a control character in a header", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n")
            refused("a control character in a header", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n")
        end)

        it("are refused when nobody can tell where they end", function()
            for _, length in ipairs({ "x", "-1", "1.5", "0x10", "", "1, 2", "1 1", "9999999999999999", "+1", "1,", ",1" }) do
                refused("a malformed Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: " .. length .. "\r\n\r\na")
            end
            local both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            refused("a transfer coding where none may be", both)
            refused("a transfer coding where none may be", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            refused("an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
            refused("an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nx")
            for _, chunk in ipairs({ "x\r\n", "-1\r\n", "3 x\r\nabc\r\n", "3\r\nabcd\r\n", "\r\n", "0x3\r\nabc\r\n", "1000000000000000\r\n" }) do
                refused("a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. chunk .. "0\r\n\r\n")
            end
        end)

        it("are refused when they break off", function()
            local whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            for length = 0, #whole - 1 do
                refused("closed", whole:sub(1, length))
            end
            refused("closed", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")
        end)

        it("are refused when they are too large", function()
            local function too_large(...)
                raw_server.plan({ ... })
                local answer, err = raw({ max_bytes = 10 })
                assert.is_nil(answer)
                assert.equal("cannot read the response: the response is too large", err)
            end
            too_large("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
            too_large("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n")
            too_large("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")
            too_large("HTTP/1.1 200 OK\r\n\r\n01234567890")
            raw_server.plan("HTTP/1.1 200 OK\r\n\r\n0123456789")
            assert.equal("0123456789", assert(raw({ max_bytes = 10 })).body)
        end)

        it("are cut when they are too large, where told so", function()
            local function cut(...)
                raw_server.plan({ ... })
                local answer = raw({ max_bytes = 10, truncate = true, keepalive_seconds = 10 })
                local before = raw_server.connections
                assert(raw({ max_bytes = 10, truncate = true, keepalive_seconds = 10 }))
                return answer and answer.body, raw_server.connections - before
            end
            -- A connection whose answer was not read to its end carries no other request.
            assert.same({ "0123456789", 1 }, { cut("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a") })
            assert.same({ "0123456789", 1 }, { cut("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n0123456789", 0.05) })
            local chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n"
            assert.same({ "0123456789", 1 }, { cut(chunks .. "5\r\n6789a\r\n0\r\n\r\n") })
            assert.same({ "0123456789", 1 }, { cut(chunks .. "4\r\n6789\r\n1\r\na\r\n0\r\n\r\n") })
            assert.same({ "0123456789", 1 }, { cut("HTTP/1.1 200 OK\r\n\r\n0123456789a") })
            assert.same({ "0123456789", 1 }, { cut("HTTP/1.1 200 OK\r\n\r\n01234", 0.02, "567890123456") })
        end)

        it("that are no longer than they may be are not touched, where told to cut", function()
            raw_server.plan({ chunked_ok, "await", chunked_ok })
            for _ = 1, 2 do
                local answer = assert(raw({ max_bytes = 5, truncate = true, keepalive_seconds = 16 }))
                assert.equal("hello", answer.body)
            end
            assert.equal(1, raw_server.connections)
            raw_server.plan("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")
            local answer, err = raw({ max_bytes = 5, truncate = true })
            assert.is_nil(answer)
            assert.equal("cannot read the response: closed", err)
        end)

        it("are refused when their headers are", function()
            refused("a line is too long", "HTTP/1.1 200 " .. ("x"):rep(40000) .. "\r\n\r\n")
            refused("a line is too long", "HTTP/1.1 200 OK\r\n" .. ("A: " .. ("x"):rep(8000) .. "\r\n"):rep(5) .. "\r\n")
            refused("too many header lines", "HTTP/1.1 200 OK\r\n" .. ("A: b\r\n"):rep(101) .. "\r\n")
            assert(answered("HTTP/1.1 200 OK\r\n" .. ("A: b\r\n"):rep(99) .. "Content-Length: 0\r\n\r\n"))
            local chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            refused("a line is too long", chunked .. "1;" .. ("x"):rep(2000) .. "\r\na\r\n0\r\n\r\n")
            refused("too many header lines", chunked .. "0\r\n" .. ("A: b\r\n"):rep(101) .. "\r\n")
        end)

        it("take no longer than they may", function()
            local function late(...)
                raw_server.plan({ ... })
                local answer, err = raw({ read_seconds = 0.3, total_seconds = 1 })
                assert.is_nil(answer)
                assert.equal("cannot read the response: timeout", err)
            end
            late("HTTP/1.1 200 OK\r\n", 3, "\r\n")
            late("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 3, "o")
            -- Each byte comes within read_seconds, but the last one would come after total_seconds.
            local drip = { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" }
            for _ = 1, 100 do
                drip[#drip + 1] = "x"
                drip[#drip + 1] = 0.05
            end
            late(unpack(drip))
        end)

        it("of many small chunks leave other requests their turn", function()
            local ticks, stop = 0, false
            ngx.thread.spawn(function()
                while not stop do
                    ticks = ticks + 1
                    time_slice.yield_now()
                end
            end)
            raw_server.plan("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. ("1\r\nx\r\n"):rep(20000) .. "0\r\n\r\n")
            local answer = assert(raw())
            stop = true
            assert.equal(20000, #answer.body)
            assert.is_true(ticks > 20)
        end)
    end)

    describe("kept connections", function()
        local function echo(options)
            local request = { url = BASE .. "/echo", keepalive_seconds = 10 }
            for name, value in pairs(options or {}) do
                request[name] = value
            end
            return assert(http_client.request(request)).headers["x-connection"]
        end

        it("carry the next request", function()
            local first = echo()
            assert.equal(first, echo())
            assert.equal(first, echo({ method = "POST", body = "x" }))
        end)

        it("are not kept unless asked for", function()
            local first = echo({ keepalive_seconds = 0 })
            assert.not_equal(first, echo({ keepalive_seconds = 0 }))
        end)

        it("are kept after an answer without a body", function()
            local first = echo()
            assert(http_client.request({ url = BASE .. "/no_content", keepalive_seconds = 10 }))
            assert(http_client.request({ url = BASE .. "/echo", method = "HEAD", keepalive_seconds = 10 }))
            assert.equal(first, echo())
        end)

        it("are not kept when the answer was not read whole or says so", function()
            for _, text in ipairs({
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok more",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, Close\r\n\r\nok",
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 204 No Content\r\n\r\nbody all the same",
            }) do
                raw_server.plan({ text, "await", "HTTP/1.1 500 Taken For The Next\r\nContent-Length: 0\r\n\r\n" })
                assert(raw({ keepalive_seconds = 10 }))
                assert.equal(1, raw_server.connections)
                assert.is_true(assert(raw({ keepalive_seconds = 10 })).status < 300)
                assert.equal(2, raw_server.connections)
            end
        end)

        local GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

        it("that turn out stale are replaced once, for requests that may be repeated", function()
            raw_server.plan({ GOOD, "await" }, GOOD)
            assert(raw({ keepalive_seconds = 11 }))
            assert.equal("ok", assert(raw({ keepalive_seconds = 11 })).body)
            assert.equal(2, raw_server.connections)
        end)

        it("that turn out stale fail a POST, unless the caller says it may be repeated", function()
            raw_server.plan({ GOOD, "await" }, GOOD)
            assert(raw({ keepalive_seconds = 12 }))
            local answer, err = raw({ keepalive_seconds = 12, method = "POST", body = "x" })
            assert.is_nil(answer)
            assert.matches("^cannot read the response: ", err)
            assert.equal(1, raw_server.connections)

            raw_server.plan({ GOOD, "await" }, GOOD)
            assert(raw({ keepalive_seconds = 13 }))
            assert(raw({ keepalive_seconds = 13, method = "POST", body = "x", repeatable = true }))
            assert.equal(2, raw_server.connections)
        end)

        it("that break off inside an answer are not replaced", function()
            raw_server.plan({ GOOD, "await", "HTTP/1.1 200 OK\r\n" }, GOOD)
            assert(raw({ keepalive_seconds = 14 }))
            local answer, err = raw({ keepalive_seconds = 14 })
            assert.is_nil(answer)
            assert.equal("cannot read the response: closed", err)
            assert.equal(1, raw_server.connections)
        end)

        it("are not replaced when they were new", function()
            raw_server.plan("")
            local answer, err = raw({ keepalive_seconds = 15 })
            assert.is_nil(answer)
            assert.equal("cannot read the response: closed", err)
            assert.equal(1, raw_server.connections)
        end)
    end)

    describe("TLS", function()
        local function name(options)
            local request = { host = "127.0.0.1", port = 18443, path = "/name", scheme = "https", keepalive_seconds = 10 }
            for key, value in pairs(options) do
                request[key] = value
            end
            return http_client.request(request)
        end

        it("verifies the certificate by the name it also sends", function()
            assert.matches("^sink.test ", assert(name({ ssl_server_name = "sink.test" })).body)
        end)

        it("refuses a certificate for another name", function()
            local answer, err = name({ ssl_server_name = "other.test" })
            assert.is_nil(answer)
            assert.matches("^cannot connect: no TLS: ", err)
        end)

        it("refuses to go on when there is no name to verify", function()
            local answer, err = name({})
            assert.is_nil(answer)
            assert.equal("cannot connect: an address needs ssl_server_name", err)
        end)

        it("verifies nothing where told so, and never lends that connection to those who verify", function()
            local loose = assert(name({ ssl_verify = false, ssl_server_name = "other.test" })).body
            assert.equal(loose, assert(name({ ssl_verify = false, ssl_server_name = "other.test" })).body)
            assert.is_nil((name({ ssl_server_name = "other.test" })))
            assert.matches("^none ", assert(name({ ssl_verify = false })).body)
        end)
    end)
end)
