local cjson = require("cjson")
local http = require("spec.support.http")

local PORT = 18140

local function get(path, port)
    return http.raw("GET " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", port or PORT)
end

--- The answer must be one JSON error with this status and code.
local function assert_error(answer, status, code)
    assert.equal(status, answer.status)
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal(tostring(#answer.body), answer.header("Content-Length"))
    local err = cjson.decode(answer.body).error
    assert.same({ code = code, status = status, message = err.message }, err)
    assert.truthy(#err.message > 5)
end

describe("json_error", function()
    it("answers with a status, a code and a message", function()
        local answer = get("/respond?status=422")
        assert.equal(422, answer.status)
        assert.same({ error = { code = "some_code", message = 'says "no"\n', status = 422 } }, cjson.decode(answer.body))
        assert.is_nil(answer.header("Retry-After"))
        assert.equal("no-store", answer.header("Cache-Control"))
    end)

    it("sends Retry-After when asked to", function()
        assert.equal("7", get("/respond?status=429&retry=7").header("Retry-After"))
    end)

    it("makes the message valid UTF-8", function()
        assert.equal("Byte ?", cjson.decode(get("/bytes").body).error.message)
    end)

    it("is as easy to read as it was written", function()
        assert.equal('{"error":{"code":"x","message":"Send application/json.","status":415}}\n', get("/slash").body)
    end)

    it("cuts an answer off that has begun already", function()
        local answer = get("/respond-late")
        assert.equal(200, answer.status)
        assert.equal("begun\n", answer.body)
        assert.is_true(answer.broken)
    end)

    it("never takes the rest of a refused body for the next request", function()
        local smuggled = "GET /hello HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
        local sock = ngx.socket.tcp()
        assert(sock:connect("127.0.0.1", PORT))
        sock:send("POST /respond?status=401 HTTP/1.1\r\nHost: gateway\r\nContent-Length: " .. #smuggled .. "\r\n\r\n")
        assert.equal("HTTP/1.1 401 Unauthorized", (sock:receive("*l")))
        sock:send(smuggled .. "GET /bytes HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
        local rest = sock:receive("*a")
        assert.is_nil(rest:find("hello", 1, true))
        assert.truthy(rest:find("HTTP/1.1 400", 1, true))
    end)

    describe("page", function()
        it("keeps the status of nginx's own errors", function()
            assert_error(get("/missing"), 404, "not_found")
            assert_error(get("/denied"), 403, "forbidden")
            assert_error(get("/hello?deny=1"), 403, "forbidden")
            assert_error(get("/nobody"), 502, "bad_gateway")
        end)

        it("says 503 and when to come again where a balancer has no node left, whatever nginx makes of that", function()
            local answer = get("/none-left")
            assert_error(answer, 503, "no_node_available")
            assert.is_true(tonumber(answer.header("Retry-After")) >= 1)
        end)

        it("keeps the status of nginx's other errors", function()
            assert_error(get("/raise"), 500, "internal_error")
        end)

        it("has a code for every status in nginx/errors.conf", function()
            local codes = {
                [400] = "bad_request", [401] = "unauthorized", [403] = "forbidden", [404] = "not_found",
                [405] = "method_not_allowed", [411] = "length_required", [413] = "body_too_large",
                [414] = "uri_too_long", [415] = "unsupported_media_type", [416] = "range_not_satisfiable",
                [421] = "misdirected_request", [429] = "too_many_requests", [500] = "internal_error",
                [501] = "not_implemented", [502] = "bad_gateway", [503] = "no_node_available",
                [504] = "gateway_timeout", [505] = "http_version_not_supported",
            }
            for status, code in pairs(codes) do
                assert_error(get("/exit?status=" .. status), status, code)
            end
        end)

        it("tells when to try again", function()
            assert.equal("1", get("/exit?status=503").header("Retry-After"))
            assert.equal("1", get("/exit?status=429").header("Retry-After"))
            assert.is_nil(get("/exit?status=502").header("Retry-After"))
        end)

        it("answers for what is no request at all", function()
            assert_error(http.raw("GET  HTTP/1.1\r\n\r\n", PORT), 400, "bad_request")
            assert_error(http.raw("GET /% HTTP/1.1\r\nHost: gateway\r\n\r\n", PORT), 400, "bad_request")
            assert_error(http.raw("GET /hello HTTP/1.1\r\n\r\n", PORT), 400, "bad_request")
            assert_error(http.raw("GET /hello HTTP/7.1\r\n\r\n", PORT), 505, "http_version_not_supported")
            assert_error(get("/" .. ("a"):rep(3000)), 414, "uri_too_long")
            assert_error(http.get_from(PORT, "/hello", { ["X-Long"] = ("a"):rep(3000) }), 431, "header_too_large")
        end)

        it("answers for bodies that nginx refuses", function()
            assert_error(http.post_to(PORT, "/read", ("a"):rep(65537)), 413, "body_too_large")
            local chunked = "POST /read HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert_error(http.raw(chunked .. "zz\r\nab\r\n0\r\n\r\n", PORT), 400, "bad_request")
            assert_error(http.raw(chunked .. "10001\r\n" .. ("a"):rep(65537) .. "\r\n0\r\n\r\n", PORT), 413, "body_too_large")
        end)

        it("answers where the whole server denies access", function()
            assert_error(get("/", 18142), 403, "forbidden")
            assert_error(get("/", 18144), 401, "unauthorized")
            assert_error(http.raw("GET  HTTP/1.1\r\n\r\n", 18142), 400, "bad_request")
        end)

        it("keeps the headers that belong to the error", function()
            assert.equal('Basic realm="gateway"', get("/basic").header("WWW-Authenticate"))
        end)

        it("is no address of its own", function()
            assert_error(get("/.openclaw/error"), 404, "not_found")
        end)
    end)
end)
