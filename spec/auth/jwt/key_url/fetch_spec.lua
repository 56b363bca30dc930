local fetch = require("resty.openclaw.auth.jwt.key_url.fetch")
local jwks = require("spec.support.jwks")
local raw_server = require("spec.support.raw_server")

local OPTION = "spec: routes.r.auth.jwt.jwks_url"
local PLAIN = "http://127.0.0.1:18080/http_client/raw"

local function place(url, server_name) return fetch.place_of(OPTION, url or PLAIN, server_name) end

local function refusal(url)
    local ok, err = pcall(place, url)
    assert.is_false(ok)
    return err
end

describe("key_url fetch", function()
    describe("place", function()
        it("takes https URLs, and http ones of this machine", function()
            for _, url in ipairs({
                "https://login.example/keys", "https://login.example:8443", "http://127.0.0.1:1/", "http://localhost/a", "http://[::1]/a",
                "http://127.1.2.3/",
            }) do
                assert.is_truthy(place(url).target)
            end
        end)

        it("refuses all others, and shows none of them", function()
            local no_https = OPTION .. " must be an https URL; http is for 127.0.0.1, localhost and [::1] only"
            for _, url in ipairs({ "http://login.example/keys", "http://10.0.0.1/", "http://localhost.example/", "http://127.0.0.1.example/" }) do
                assert.equal(no_https, refusal(url))
            end
            local no_name = OPTION .. " must have a host name, as certificates are verified by name, got an address"
            for _, url in ipairs({ "https://10.0.0.1/", "https://127.0.0.1/", "https://[::1]/" }) do
                assert.equal(no_name, refusal(url))
            end
            for _, url in ipairs({ "", "ftp://a/", "file:///etc/passwd", "https://", "https://user:secret@a/", "https://a/secret b", "/keys" }) do
                local err = refusal(url)
                assert.truthy(err:find(OPTION .. " must be an https URL: ", 1, true))
                assert.is_nil(err:find("secret", 1, true))
            end
        end)

        it("has a name without the query", function()
            assert.equal("https://login.example:443/keys", place("https://login.example/keys?secret=1").name)
        end)
    end)

    describe("Cache-Control", function()
        it("says how long keys may be used", function()
            for control, seconds in pairs({
                ["max-age=300"] = 300,
                ["public, Max-Age=300 , must-revalidate"] = 300,
                ['max-age="300"'] = 300,
                ["max-age=300, max-age=60"] = 60,
                ["max-age=0"] = 0,
                ["no-cache, max-age=300"] = 0,
                ["max-age=300,no-store"] = 0,
            }) do
                assert.equal(seconds, fetch.seconds_of({ ["cache-control"] = control }), control)
            end
        end)

        it("says nothing in other words", function()
            for _, control in ipairs({ "", "public", "max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=x", "s-maxage=5", "xmax-age=5" }) do
                assert.is_nil(fetch.seconds_of({ ["cache-control"] = control }), control)
            end
            assert.is_nil(fetch.seconds_of({}))
        end)

        it("counts from when the answer was made", function()
            assert.equal(200, fetch.seconds_of({ ["cache-control"] = "max-age=300", age = "100" }))
            assert.equal(0, fetch.seconds_of({ ["cache-control"] = "max-age=300", age = "301" }))
            assert.equal(300, fetch.seconds_of({ ["cache-control"] = "max-age=300", age = "-5" }))
        end)

        it("of any length is no more than a number", function()
            local digits = ("9"):rep(400)
            assert.equal(math.huge, fetch.seconds_of({ ["cache-control"] = "max-age=" .. digits }))
        end)
    end)

    it("returns the text, and how long it may be used", function()
        raw_server.plan(jwks.response("keys", "Cache-Control: max-age=77\r\n"))
        assert.same({ text = "keys", seconds = 77 }, fetch.fetch(place()))
        raw_server.plan(jwks.response("keys"))
        assert.same({ text = "keys" }, fetch.fetch(place()))
    end)

    for what, case in pairs({
        ["404"] = { "status 404 instead of 200", jwks.response("secret", "", "404 Not Found") },
        ["a redirect"] = { "status 302 instead of 200", jwks.response("", "Location: http://127.0.0.1:18080/\r\n", "302 Found") },
        ["204"] = { "status 204 instead of 200", "HTTP/1.1 204 No Content\r\n\r\n" },
        ["an error"] = { "status 500 instead of 200", jwks.response("secret", "", "500 Oops") },
        ["what is too big"] = { "cannot read the response: the response is too large", jwks.response(("x"):rep(262145)) },
        ["what is cut off"] = { "cannot read the response: closed", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsecret" },
        ["no HTTP"] = { "cannot read the response: ", "secret\r\n" },
        ["nothing"] = { "cannot read the response: closed", "" },
    }) do
        it("refuses " .. what, function()
            raw_server.plan(case[2])
            local answer, err = fetch.fetch(place())
            assert.is_nil(answer)
            assert.truthy(err:find(case[1], 1, true), err)
            assert.is_nil(err:find("secret", 1, true))
            assert.equal(1, raw_server.connections)
        end)
    end

    it("takes just as much as may be", function()
        raw_server.plan(jwks.response(("x"):rep(262144)))
        assert.equal(262144, #fetch.fetch(place()).text)
    end)

    it("gives up what is slow", function()
        raw_server.plan({ 3, jwks.response("keys") })
        ngx.update_time()
        local began = ngx.now()
        local answer, err = fetch.fetch(place())
        assert.is_nil(answer)
        assert.equal("cannot read the response: timeout", err)
        assert.is_true(ngx.now() - began < 2.5)
    end)

    it("gives up what trickles in", function()
        local steps = { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" }
        for _ = 1, 20 do
            steps[#steps + 1] = 0.5
            steps[#steps + 1] = "x"
        end
        raw_server.plan(steps)
        ngx.update_time()
        local began = ngx.now()
        assert.is_nil((fetch.fetch(place())))
        assert.is_true(ngx.now() - began < 5.5)
    end)

    it("says when nobody listens", function()
        local answer, err = fetch.fetch(place("http://127.0.0.1:9/"))
        assert.is_nil(answer)
        assert.equal("cannot connect: connection refused", err)
    end)

    describe("over TLS", function()
        local function over_tls(port, name)
            raw_server.plan(jwks.response("keys"))
            return fetch.fetch(place("https://127.0.0.1:" .. port .. "/", name))
        end

        it("takes what a certified server says", function()
            assert.equal("keys", over_tls(18444, "sink.test").text)
        end)

        it("takes nothing of a server with another name", function()
            local answer, err = over_tls(18444, "other.test")
            assert.is_nil(answer)
            assert.truthy(err:find("cannot connect: no TLS: ", 1, true), err)
            assert.equal(0, raw_server.connections)
        end)

        it("takes nothing of a server that nobody certifies", function()
            local answer, err = over_tls(18445, "sink.test")
            assert.is_nil(answer)
            assert.truthy(err:find("cannot connect: no TLS: ", 1, true), err)
            assert.equal(0, raw_server.connections)
        end)

        it("names the remedy where nothing is trusted", function()
            local http_client = require("resty.openclaw.http_client")
            local request = stub(http_client, "request").returns(nil, "cannot connect: no TLS: 20: unable to get local issuer certificate")
            local _, err = fetch.fetch(place())
            request:revert()
            assert.equal(
                "cannot connect: no TLS: 20: unable to get local issuer certificate; "
                    .. "lua_ssl_trusted_certificate must name the file with its authority",
                err
            )
        end)

        it("takes nothing of a server without TLS", function()
            local answer, err = over_tls(18080, "sink.test")
            assert.is_nil(answer)
            assert.truthy(err:find("cannot connect: no TLS: ", 1, true), err)
        end)
    end)
end)
