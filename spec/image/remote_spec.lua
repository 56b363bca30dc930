local ffi = require("ffi")
local clock = require("resty.openclaw.core.time.clock")
local dns = require("spec.support.dns_server")
local http_client = require("resty.openclaw.http_client")
local public_address = require("resty.openclaw.core.http.public_address")
local raw_server = require("spec.support.raw_server")
local remotes = require("resty.openclaw.image.remote")
local schema = require("resty.openclaw.config.schema")
local turns = require("resty.openclaw.image.remote.turns")

local DNS_PORT = 18355
local ECHO = "http://127.0.0.1:18080/http_client/echo"
local RAW = "http://127.0.0.1:18080/http_client/raw"
local REFUSED = "This service does not fetch images from that address."
local UNAVAILABLE = "The server with the image does not respond as it should; try again later."

local server
local real_is_public = public_address.is_public

local function read(options)
    options.dns_servers = options.dns_servers or { "127.0.0.1:" .. DNS_PORT }
    return schema.read_or_raise(remotes.SCHEMA, options, "spec.remote")
end

local function remote(options)
    options = options or {}
    options.hosts = options.hosts or { "http://127.0.0.1:18080" }
    return remotes.new(read(options), "spec.remote")
end

--- What was fetched, as a string.
local function bytes_of(picture)
    return ffi.string(picture.region.memory, picture.bytes)
end

local function fetched(its_remote, url)
    local picture, problem = remotes.fetch(its_remote, url)
    assert.is_nil(problem and (problem.code .. ": " .. tostring(problem.detail)))
    return bytes_of(picture)
end

local function fails(code, message, its_remote, url)
    local picture, problem = remotes.fetch(its_remote, url)
    assert.is_nil(picture)
    assert.same({ code, message }, { problem.code, problem.message }, problem.detail)
    return problem.detail
end

--- The picture in this response of the raw server, or what is wrong with it.
local function answered(options, ...)
    raw_server.plan({ ... })
    return remotes.fetch(remote(options), RAW)
end

--- Has names resolve to these addresses; `aaaa`: to that IPv6 address in fd00:: as well.
local function resolve_to(addresses, aaaa)
    function server.answer(question)
        local records = {}
        for place, address in ipairs(question.type == dns.A and addresses or {}) do
            records[place] = dns.a(question.name, address)
        end
        if question.type == dns.AAAA and aaaa then records[1] = dns.aaaa(question.name, aaaa) end
        return dns.packet(question, records)
    end
end

--- Has the specs' own server count as one on the internet.
local function publish(...)
    local known = {}
    for _, address in ipairs({ ... }) do known[address] = true end
    public_address.is_public = function(address) return known[address] or real_is_public(address) end
end

describe("image.remote", function()
    before_each(function()
        server = dns.start(DNS_PORT)
        resolve_to({ "127.0.0.1" })
    end)

    after_each(function()
        dns.stop(server)
        public_address.is_public = real_is_public
    end)

    describe("options", function()
        it("say what is wrong with them", function()
            for problem, options in pairs({
                ["spec.remote.hosts must be a list with at least one entry, got an empty table"] = { hosts = {} },
                ["spec.remote.max_bytes must be a whole number from 1 to 1073741824, got 0"] = { hosts = { "a.test" }, max_bytes = 0 },
                ["spec.remote.timeout must be a number above 0, got 0"] = { hosts = { "a.test" }, timeout = 0 },
                ["spec.remote.dns_servers[1] must be an IP address, or one with a port, got \"x\""] = {
                    hosts = { "a.test" }, dns_servers = { "x" },
                },
            }) do
                local ok, err = pcall(read, options)
                assert.is_false(ok)
                assert.truthy(err:find(problem, 1, true), err)
            end
            assert.is_false((pcall(read, {})))
        end)

        it("need no DNS for addresses", function()
            assert.is_nil(remote().asking.library)
            assert.truthy(remote({ hosts = { "a.test" } }).asking.library)
        end)
    end)

    describe("fetch", function()
        it("gets the bytes of an image", function()
            local image = ("\255\0\216"):rep(100000)
            raw_server.plan({ "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", image })
            assert.equal(image, fetched(remote(), RAW))
            raw_server.plan({ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "2\r\nde\r\n0\r\n\r\n" })
            assert.equal("abcde", fetched(remote(), RAW))
            raw_server.plan({ "HTTP/1.1 200 OK\r\n\r\n", "to the ", 0.01, "end" })
            assert.equal("to the end", fetched(remote(), RAW))
            assert.equal("/http_client/echo?a=b%20c\n", fetched(remote(), ECHO .. "?a=b%20c"))
            assert.equal("/http_client/echo\n", fetched(remote({ hosts = { "http://127.0.0.1:18080", "other.test" } }), ECHO))
        end)

        it("refuses what is not in the list, without asking anybody", function()
            raw_server.plan("HTTP/1.1 200 OK\r\n\r\nx")
            for _, url in ipairs({
                "http://127.0.0.1/", "http://127.0.0.2:18080/http_client/raw", "http://localhost:18080/http_client/raw", "/http_client/raw", "",
                "http://user@127.0.0.1:18080/http_client/raw", RAW .. "#x", RAW .. "?" .. ("x"):rep(2048), "data:image/png;base64,AAAA",
                "https://127.0.0.1:18080/http_client/raw", "http://2130706433:18080/http_client/raw",
            }) do
                fails("remote_refused", REFUSED, remote(), url)
            end
            fails("remote_refused", REFUSED, remote({ hosts = { "*.test" } }), "http://a.test/")
            assert.equal(0, raw_server.connections)
            assert.equal(0, #server.asked)
        end)

        it("finds the server by its name, and names it in Host", function()
            publish("127.0.0.1")
            local names = remote({ hosts = { "http://*.pictures.test:18080" } })
            local request, seen = http_client.request, nil
            http_client.request = function(options)
                seen = options
                return request(options)
            end
            assert.equal("/http_client/echo\n", fetched(names, "http://A.pictures.test:18080/http_client/echo"))
            http_client.request = request
            assert.same({ "127.0.0.1", "A.pictures.test:18080", "a.pictures.test" },
                { seen.host, seen.headers.Host, server.asked[1].name })
        end)

        it("verifies the certificate for the name", function()
            publish("127.0.0.1")
            local its_remote = remote({ hosts = { "sink.test:18443", "other.test:18443" } })
            assert.truthy(fetched(its_remote, "https://sink.test:18443/name"):find("^sink.test "))
            assert.equal("host sink.test:18443.", fetched(its_remote, "https://sink.test:18443/host"))
            local detail = fails("remote_unavailable", UNAVAILABLE, its_remote, "https://other.test:18443/name")
            assert.truthy(detail:find("no TLS", 1, true), detail)
        end)

        it("connects to no address that is not public, even if another one is", function()
            raw_server.plan("HTTP/1.1 200 OK\r\n\r\nx")
            local its_remote = remote({ hosts = { "http://pictures.test:18080" } })
            local url = "http://pictures.test:18080/http_client/raw"
            for _, addresses in ipairs({ { "127.0.0.1" }, { "8.8.8.8", "127.0.0.1" }, { "10.0.0.1" }, { "169.254.169.254" }, { "0.0.0.0" } }) do
                resolve_to(addresses)
                fails("remote_refused", REFUSED, its_remote, url)
            end
            resolve_to({ "8.8.8.8" }, 1)
            assert.equal("pictures.test is [fd00::1], which is no public address", fails("remote_refused", REFUSED, its_remote, url))
            assert.equal(0, raw_server.connections)
        end)

        it("connects to the address that it has looked at, whatever the DNS says a moment later", function()
            local its_remote = remote({ hosts = { "http://pictures.test:18080" }, timeout = 1 })
            local request, hosts = http_client.request, {}
            http_client.request = function(options)
                hosts[#hosts + 1] = options.host
                return nil, "cannot read the response: closed"
            end
            local asked = 0
            function server.answer(question)
                asked = asked + (question.type == dns.A and 1 or 0)
                local address = asked == 1 and "8.8.8.8" or "127.0.0.1"
                return dns.packet(question, question.type == dns.A and { dns.a(question.name, address, 0) } or {})
            end
            fails("remote_unavailable", UNAVAILABLE, its_remote, "http://pictures.test:18080/")
            assert.same({ "8.8.8.8" }, hosts)
            fails("remote_refused", REFUSED, its_remote, "http://pictures.test:18080/")
            assert.same({ "8.8.8.8" }, hosts)
            http_client.request = request
        end)

        it("tries the next address if it cannot connect to one", function()
            publish("127.0.0.1", "127.0.0.9")
            resolve_to({ "127.0.0.9", "127.0.0.1" })
            local url = "http://pictures.test:18080/http_client/echo"
            assert.equal("/http_client/echo\n", fetched(remote({ hosts = { "http://pictures.test:18080" } }), url))
        end)

        it("says when a name has no address", function()
            resolve_to({})
            local its_remote = remote({ hosts = { "http://pictures.test:18080" }, timeout = 0.4 })
            local detail = fails("remote_unavailable", UNAVAILABLE, its_remote, "http://pictures.test:18080/")
            assert.truthy(detail:find("cannot look up pictures.test: ", 1, true))
            server.answer = function() end
            local began = clock.now()
            fails("remote_unavailable", UNAVAILABLE, its_remote, "http://pictures.test:18080/")
            assert.is_true(clock.now() - began < 2)
        end)

        it("follows no redirect", function()
            raw_server.plan("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:18080/http_client/echo\r\nContent-Length: 0\r\n\r\n")
            fails("remote_failed", "The server with the image responds with status 302.", remote(), RAW)
            assert.equal(1, raw_server.connections)
        end)

        it("takes 200 only", function()
            for status, code in pairs({ [204] = "remote_failed", [206] = "remote_failed", [404] = "remote_failed", [429] = "remote_unavailable", [503] = "remote_unavailable" }) do
                local _, problem = answered(nil, "HTTP/1.1 " .. status .. " X\r\nContent-Length: 1\r\n\r\nx")
                assert.equal(code, problem.code)
            end
            local _, empty = answered(nil, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert.equal("remote_failed", empty.code)
            local _, encoded = answered(nil, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
            assert.equal("remote_failed", encoded.code)
        end)

        it("reads no more than it may", function()
            local options = { max_bytes = 1000 }
            local sentence = "An image at another server may have at most 1000 bytes."
            for _, head in ipairs({ "Content-Length: 1001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", "\r\n" }) do
                local _, problem = answered(options, "HTTP/1.1 200 OK\r\n" .. head .. ("x"):rep(1001))
                assert.same({ "remote_too_large", sentence }, { problem.code, problem.message })
            end
            -- Without end.
            local piece, steps = ("x"):rep(10000), { "HTTP/1.1 200 OK\r\n\r\n" }
            for place = 2, 1000 do steps[place] = piece end
            local _, problem = answered(options, unpack(steps))
            assert.equal("remote_too_large", problem.code)
            local picture = assert(answered(options, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" .. ("x"):rep(1000)))
            assert.equal(("x"):rep(1000), bytes_of(picture))
        end)

        it("gives up on a server that takes its time, whatever it sends meanwhile", function()
            local slow = { "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" }
            local silent = { 2 }
            local header = { "HTTP/1.1 200 OK\r\n" }
            for _ = 1, 100 do
                for _, steps in ipairs({ slow, header }) do
                    steps[#steps + 1] = steps == slow and "x" or "A: b\r\n"
                    steps[#steps + 1] = 0.02
                end
            end
            for _, steps in ipairs({ slow, silent, header }) do
                local began = clock.now()
                local _, problem = answered({ timeout = 0.3 }, unpack(steps))
                assert.equal("remote_unavailable", problem.code)
                assert.is_true(clock.now() - began < 1)
            end
        end)

        it("takes no header without end, and nothing that is no HTTP", function()
            for _, response in ipairs({
                "HTTP/1.1 200 OK\r\nA: " .. ("x"):rep(40000), "HTTP/1.1 200 OK\r\n" .. ("A: b\r\n"):rep(200), "hello\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "",
            }) do
                local _, problem = answered(nil, response)
                assert.same({ "remote_unavailable", UNAVAILABLE }, { problem.code, problem.message })
            end
        end)

        it("frees a turn after each image, whatever became of it", function()
            for _ = 1, 10 do
                raw_server.plan("HTTP/1.1 404 X\r\n\r\n")
                remotes.fetch(remote(), RAW)
                raw_server.plan("HTTP/1.1 200 OK\r\n\r\nx")
                assert.equal("x", fetched(remote({ timeout = 1 }), RAW))
            end
        end)

        it("fetches four at a time", function()
            local open, most, request = 0, 0, http_client.request
            http_client.request = function()
                open = open + 1
                most = math.max(most, open)
                ngx.sleep(0.01)
                open = open - 1
                return nil, "closed"
            end
            local threads = {}
            for place = 1, 20 do threads[place] = ngx.thread.spawn(remotes.fetch, remote(), RAW) end
            for place = 1, 20 do ngx.thread.wait(threads[place]) end
            http_client.request = request
            assert.equal(4, most)
        end)

        it("says when there are too many", function()
            local ends = clock.now() + 0.2
            local held = {}
            for place = 1, 4 do held[place] = turns.begin(clock.now() + 60) end
            fails("remote_busy", "Too many images are being fetched; try again later.", remote({ timeout = 0.1 }), RAW)
            local threads = {}
            for place = 1, 64 do threads[place] = ngx.thread.spawn(turns.begin, ends) end
            assert.is_nil(turns.begin(ends))
            assert.is_true(clock.now() < ends)
            for place = 1, 64 do ngx.thread.wait(threads[place]) end
            for place = 1, 4 do turns.finish(held[place]) end
        end)

        it("does not wait for ever for a turn that nobody gives back", function()
            for _ = 1, 4 do turns.begin(clock.now() + 0.1) end
            local turn = turns.begin(clock.now() + 1)
            assert.truthy(turn)
            turns.finish(turn)
        end)
    end)
end)
