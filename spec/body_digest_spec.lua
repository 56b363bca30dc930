local body_digest = require("resty.openclaw.body_digest")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local PORT = 18143
local MIB = 1024 * 1024

--- Bytes of which no two stretches are alike, and which differ for each seed.
local function body_of(bytes, seed)
    local parts = {}
    for index = 1, math.ceil(bytes / 12) do
        parts[index] = string.format("%08x%04x", index, seed or 0)
    end
    return table.concat(parts):sub(1, bytes)
end

--- What the location's show() says.
local function parse(answer)
    assert.equal(200, answer.status, answer.body)
    local md5, sha256, skip, where = answer.body:match("^([^|]*)|([^|]*)|([^|]*)|(%a+)$")
    return { md5 = md5, sha256 = sha256, skip = skip, where = where }
end

local function post(path, body, headers)
    return parse(http.post_to(PORT, path, body, headers))
end

local function head_of(path, headers)
    return "POST " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n" .. headers .. "\r\n\r\n"
end

--- The body in chunks of these sizes, over and over.
local function chunked(body, sizes)
    local parts, at, turn = {}, 1, 0
    while at <= #body do
        local chunk = body:sub(at, at + sizes[turn % #sizes + 1] - 1)
        parts[#parts + 1] = string.format("%x;name=value\r\n%s\r\n", #chunk, chunk)
        at, turn = at + #chunk, turn + 1
    end
    parts[#parts + 1] = "0\r\nTrailer: x\r\n\r\n"
    return table.concat(parts)
end

local function total(name)
    local region = metric_registry.open("openclaw").region
    local slot = region.names:get("slot:counter " .. name)
    return slot and shared_memory.total(region, slot) or 0
end

local function sha256_of(text)
    local path = ngx.config.prefix() .. "/body_digest_spec.bin"
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    local pipe = assert(io.popen("openssl dgst -r -sha256 " .. path))
    local hex = pipe:read("*a"):match("^%x+")
    pipe:close()
    os.remove(path)
    return hex
end

--- How many files of request bodies the worker has open.
local function open_bodies()
    local pipe = assert(io.popen("ls -l /proc/" .. ngx.worker.pid() .. "/fd | grep -c '/tmp/[0-9]*$'"))
    local count = tonumber(pipe:read("*a"))
    pipe:close()
    return count
end

local function eventually(condition)
    for _ = 1, 500 do
        if condition() then return true end
        ngx.sleep(0.01)
    end
    return false
end

describe("body_digest", function()
    describe("digests a body", function()
        it("of no bytes, or that is not there at all", function()
            local empty = { md5 = ngx.md5(""), sha256 = "", skip = "", where = "nowhere" }
            assert.same(empty, post("/md5", ""))
            assert.same(empty, parse(http.get_from(PORT, "/md5")))
            assert.same(empty, parse(http.raw(head_of("/md5", "Transfer-Encoding: chunked") .. "0\r\n\r\n", PORT)))
            assert.equal(ngx.md5(""), post("/file", "").md5)
        end)

        it("in memory", function()
            assert.same({ md5 = ngx.md5("image"), sha256 = "", skip = "", where = "memory" }, post("/md5", "image"))
            local body = body_of(3 * MIB)
            assert.same({ md5 = ngx.md5(body), sha256 = "", skip = "", where = "memory" }, post("/memory", body))
        end)

        it("in a temporary file", function()
            assert.same({ md5 = ngx.md5("image"), sha256 = "", skip = "", where = "file" }, post("/file", "image"))
            local body = body_of(3 * MIB)
            assert.same({ md5 = ngx.md5(body), sha256 = "", skip = "", where = "file" }, post("/md5", body))
        end)

        it("by SHA-256", function()
            for _, body in ipairs({ "", "image", body_of(300000) }) do
                assert.same(sha256_of(body), post("/sha256", body).sha256)
                assert.equal("", post("/sha256", body).md5)
            end
        end)

        it("of zero bytes and line ends", function()
            local body = ("\0\r\n\255"):rep(1000)
            assert.equal(ngx.md5(body), post("/md5", body).md5)
            assert.equal(ngx.md5(body), post("/file", body).md5)
        end)

        it("about as long as nginx's buffers", function()
            for _, path in ipairs({ "/md5", "/small" }) do
                for _, border in ipairs({ 1024, 1280, 16384, 20480, 65536, 262144 }) do
                    for bytes = border - 1, border + 1 do
                        local body = body_of(bytes)
                        assert.equal(ngx.md5(body), post(path, body).md5, path .. " " .. bytes)
                    end
                end
            end
        end)

        it("that comes partly with the header", function()
            for _, path in ipairs({ "/md5", "/small", "/memory", "/file" }) do
                for _, bytes in ipairs({ 2, 1000, 5000, 30000 }) do
                    local body = body_of(bytes)
                    local head = head_of(path, "Content-Length: " .. bytes)
                    for _, cut in ipairs({ 1, math.floor(bytes / 2), bytes - 1 }) do
                        local answer = parse(http.raw({ head .. body:sub(1, cut), body:sub(cut + 1) }, PORT))
                        assert.equal(ngx.md5(body), answer.md5, path .. " " .. bytes .. " " .. cut)
                    end
                end
            end
        end)

        it("in chunks", function()
            local sizes_of = { { 1 }, { 7, 1, 1000 }, { 16384 }, { 65537, 3 } }
            for _, path in ipairs({ "/md5", "/small", "/memory", "/file" }) do
                for _, sizes in ipairs(sizes_of) do
                    local body = body_of(sizes[1] == 1 and 3000 or 150001)
                    local text = head_of(path, "Transfer-Encoding: chunked") .. chunked(body, sizes)
                    assert.equal(ngx.md5(body), parse(http.raw(text, PORT)).md5, path)
                    local middle = math.floor(#text / 2)
                    assert.equal(ngx.md5(body), parse(http.raw({ text:sub(1, middle), text:sub(middle + 1) }, PORT)).md5)
                end
            end
        end)

        it("that waits for 100 Continue", function()
            local body = body_of(50000)
            local sock = ngx.socket.tcp()
            assert(sock:connect("127.0.0.1", PORT))
            assert(sock:send(head_of("/md5", "Expect: 100-continue\r\nContent-Length: " .. #body)))
            assert.equal("HTTP/1.1 100 Continue", (sock:receive("*l")))
            assert(sock:send(body))
            assert.truthy(sock:receive("*a"):find(ngx.md5(body), 1, true))
        end)

        it("that another handler has read", function()
            assert.equal(ngx.md5("image"), post("/read_before", "image").md5)
            local body = body_of(100000)
            assert.equal(ngx.md5(body), post("/read_before", body).md5)
        end)

        it("that it has read itself before a redirect", function()
            local image = "\137PNG\r\n\26\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1" .. body_of(100000)
            assert.equal(ngx.md5(image), post("/read_and_redirected", image).md5)
        end)

        it("that another handler has replaced", function()
            assert.equal(ngx.md5("right"), post("/replaced?by=right", "wrong").md5)
            assert.equal(ngx.md5("longer than before"), post("/replaced?by=longer%20than%20before", "wrong").md5)
            assert.equal(ngx.md5("right"), post("/replaced?by=right", body_of(100000)).md5)
        end)

        it("and leaves it whole for the upstream", function()
            for _, bytes in ipairs({ 0, 5, 16384, 100000, 3 * MIB }) do
                local body = body_of(bytes)
                assert.equal(ngx.md5(body), post("/forwarded", body).md5)
            end
        end)
    end)

    it("never mixes the digests of bodies that come at the same time", function()
        local paths = { "/md5", "/memory", "/small", "/file" }
        local threads = {}
        for seed = 1, 24 do
            local body = body_of(600000 + seed, seed)
            threads[seed] = ngx.thread.spawn(function()
                local path = paths[seed % #paths + 1]
                if seed % 3 == 0 then
                    local text = head_of(path, "Transfer-Encoding: chunked") .. chunked(body, { 10007 })
                    return parse(http.raw(text, PORT)).md5 == ngx.md5(body)
                end
                return post(path, body).md5 == ngx.md5(body)
            end)
        end
        for seed, thread in ipairs(threads) do
            local finished, right = ngx.thread.wait(thread)
            assert.is_true(finished and right, "request " .. seed)
        end
    end)

    it("lets others have their turn after every 512 KiB", function()
        for _, path in ipairs({ "/turns", "/turns_file" }) do
            local turns = tonumber(http.post_to(PORT, path, body_of(5 * MIB)).body)
            assert.is_true(turns >= 5, path .. " " .. tostring(turns))
        end
    end)

    describe("where it cannot digest", function()
        local function assert_skipped(answer)
            assert.truthy(answer.md5:find("^skip%-%x+$") and #answer.md5 == 37, answer.md5)
            assert.equal("1", answer.skip)
        end

        it("gives a value that no other request has", function()
            local first, second = post("/limited", ("x"):rep(1001)), post("/limited", ("x"):rep(1001))
            assert_skipped(first)
            assert_skipped(second)
            assert.not_equal(first.md5, second.md5)
        end)

        it("counts why, and what it digested", function()
            local too_large = total('openclaw_body_digest_skipped_total{reason="too_large"}')
            local bodies, bytes = total("openclaw_body_digest_bodies_total"), total("openclaw_body_digest_bytes_total")
            assert.equal(ngx.md5(("x"):rep(1000)), post("/limited", ("x"):rep(1000)).md5)
            post("/limited", ("x"):rep(1001))
            assert.equal(1, total('openclaw_body_digest_skipped_total{reason="too_large"}') - too_large)
            assert.equal(1, total("openclaw_body_digest_bodies_total") - bodies)
            assert.equal(1000, total("openclaw_body_digest_bytes_total") - bytes)
        end)

        it("skips a body whose file cannot be read whole", function()
            local name = 'openclaw_body_digest_skipped_total{reason="unreadable"}'
            local before = total(name)
            assert_skipped(post("/vanished", "image"))
            assert_skipped(post("/cut_short", "image"))
            assert.equal(2, total(name) - before)
        end)

        it("skips a body that nginx has read before, into a file whose name is gone, or another's by now", function()
            local body = body_of(100000)
            assert_skipped(post("/redirected", body))
            spec_digests.other_body = body_of(100000, 1)
            assert_skipped(post("/redirected", body))
            assert(os.remove(spec_digests.occupied))
            -- In memory there is no doubt.
            assert.equal(ngx.md5("image"), post("/redirected", "image").md5)
        end)

        it("skips a body that nginx has not read whole", function()
            assert_skipped(post("/unbuffered", body_of(300000)))
        end)

        it("skips a body that was thrown away, so that it is not taken for an empty one", function()
            assert_skipped(post("/discarded", body_of(50000)))
        end)

        it("skips a body that ngx_lua refuses to read", function()
            assert_skipped(post("/read_raises", "image"))
        end)

        it("serves the request where nginx.conf does not declare the variable, and counts the fault", function()
            local name = 'openclaw_faults_total{plugin="body_digest",kind="undeclared_variable"}'
            local before = total(name)
            assert.equal("", post("/undeclared", "image").md5)
            assert.equal(1, total(name) - before)
        end)
    end)

    describe("leaves the answer to nginx", function()
        it("when the chunks are broken", function()
            local head = head_of("/md5", "Transfer-Encoding: chunked")
            for _, broken in ipairs({ "xyz\r\n", "5\r\nimageX\r\n0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n" }) do
                local answer = http.raw(head .. broken, PORT)
                assert.equal(400, answer.status)
                assert.truthy(answer.body:find('"code":"bad_request"', 1, true))
            end
        end)

        it("when the body is over client_max_body_size", function()
            local sock = ngx.socket.tcp()
            assert(sock:connect("127.0.0.1", PORT))
            assert(sock:send(head_of("/md5", "Content-Length: " .. 40 * MIB + 1)))
            assert.equal("HTTP/1.1 413 Request Entity Too Large", (sock:receive("*l")))
            assert.truthy(sock:receiveuntil("}}")():find('"code":"body_too_large"', 1, true))
            sock:close()
        end)
    end)

    describe("when the client goes away", function()
        local function leave(head, part)
            local sock = ngx.socket.tcp()
            assert(sock:connect("127.0.0.1", PORT))
            assert(sock:send(head .. part))
            sock:close()
        end

        it("counts nothing and keeps nothing open", function()
            local bodies = total("openclaw_body_digest_bodies_total")
            for _, path in ipairs({ "/md5", "/memory", "/file" }) do
                leave(head_of(path, "Content-Length: 1000000"), body_of(500000))
                leave(head_of(path, "Transfer-Encoding: chunked"), "7a120\r\n" .. body_of(400000))
            end
            assert.is_true(eventually(function() return open_bodies() == 0 end))
            assert.equal(bodies, total("openclaw_body_digest_bodies_total"))
        end)

        it("keeps nothing open when it is killed in the middle", function()
            local bodies = total("openclaw_body_digest_bodies_total")
            local body = body_of(2 * MIB)
            for _, path in ipairs({ "/killed", "/killed_file" }) do
                assert.equal("killed", http.post_to(PORT, path, body).body)
                assert.is_true(eventually(function() return open_bodies() == 0 end))
            end
            assert.equal(bodies, total("openclaw_body_digest_bodies_total"))
            assert.equal(ngx.md5("image"), post("/md5", "image").md5)
        end)
    end)

    describe("in the server_rewrite phase", function()
        local EARLY_PORT = 18145

        local function key_of(path, body, headers)
            local answer = http.post_to(EARLY_PORT, path, body, headers)
            assert.equal(200, answer.status, answer.body)
            return answer.body
        end

        it("digests a body in time for set", function()
            for _, bytes in ipairs({ 0, 1, 16384, 16385, 3 * MIB, 4 * MIB }) do
                local body = body_of(bytes)
                assert.equal("/pond.jpg" .. ngx.md5(body) .. "|", key_of("/pond.jpg", body), bytes)
            end
            local body = body_of(100000)
            local text = head_of("/a", "Transfer-Encoding: chunked") .. chunked(body, { 10007 })
            assert.equal("/a" .. ngx.md5(body) .. "|", http.raw(text, EARLY_PORT).body)
        end)

        it("skips a body over max_bytes", function()
            local name = 'openclaw_body_digest_skipped_total{reason="too_large"}'
            local before = total(name)
            local body = body_of(4 * MIB + 1)
            local first, second = key_of("/a", body), key_of("/a", body)
            assert.truthy(first:find("^/askip%-%x+|1$"), first)
            assert.not_equal(first, second)
            local text = head_of("/a", "Transfer-Encoding: chunked") .. chunked(body, { 1000003 })
            assert.truthy(http.raw(text, EARLY_PORT).body:find("^/askip%-%x+|1$"))
            assert.equal(3, total(name) - before)
        end)

        it("does not wait for a body that is announced over client_max_body_size", function()
            local answer = http.raw(head_of("/a", "Content-Length: " .. 40 * MIB + 1), EARLY_PORT)
            assert.equal(413, answer.status)
            assert.truthy(answer.body:find('"code":"body_too_large"', 1, true))
        end)

        it("leaves broken requests to nginx", function()
            local head = head_of("/a", "Transfer-Encoding: chunked")
            for _, broken in ipairs({ head .. "xyz\r\n", head_of("/a", "Host: twice"), "POST / HTTP/9\r\n\r\n" }) do
                local answer = http.raw(broken, EARLY_PORT)
                assert.truthy(answer.status == 400 or answer.status == 505, answer.status)
                assert.truthy(answer.body:find('"code":"', 1, true), answer.body)
            end
        end)
    end)

    it("refuses options that it does not understand", function()
        local function refusal(options)
            return select(2, pcall(body_digest.new, options))
        end
        assert.equal('body_digest.algorithm must be one of md5, sha256, got "md4"; did you mean "md5"?', refusal({ algorithm = "md4" }))
        assert.equal('body_digest.max_bytes must be a whole number from 1 up, got 0', refusal({ max_bytes = 0 }))
        assert.equal('body_digest.dict must be a non-empty string, got 1', refusal({ dict = 1 }))
        assert.equal('body_digest: unknown option "max_byte"; did you mean "max_bytes"?', refusal({ max_byte = 1 }))
    end)

    it("works without a lua_shared_dict", function()
        local digest = body_digest.new({ dict = "no_such_dict" })
        digest.bodies:inc()
        assert.equal(1, shared_memory.total(metric_registry.open("no_such_dict").region, digest.bodies.slot))
    end)
end)
