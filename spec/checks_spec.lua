local checks = require("resty.openclaw.checks")
local cjson = require("cjson")
local http = require("spec.support.http")
local images = require("spec.support.images")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local PORT = 18146
local REST = ("\0\1\2\3"):rep(10000)
local JPEG, PNG = images.read("baseline.jpg"), images.read("rgb.png")

local function post(path, body, headers) return http.post_to(PORT, path, body, headers) end

local function request(method, path, headers, body)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Host: gateway", "Connection: close" }
    for _, header in ipairs(headers or {}) do lines[#lines + 1] = header end
    return http.raw(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""), PORT)
end

--- Sends a body in chunks of one byte and more.
local function post_chunked(path, body)
    local chunks, at = {}, 1
    while at <= #body do
        local part = body:sub(at, at + math.min(7 * #chunks, 16000))
        chunks[#chunks + 1] = string.format("%x\r\n%s\r\n", #part, part)
        at = at + #part
    end
    return request("POST", path, { "Transfer-Encoding: chunked" }, table.concat(chunks) .. "0\r\n\r\n")
end

local function assert_refused(answer, status, code)
    assert.equal(status, answer.status, answer.body)
    assert.equal(code, cjson.decode(answer.body).error.code)
    return cjson.decode(answer.body).error.message
end

local function assert_passed(answer)
    assert.equal(200, answer.status, answer.body)
    assert.truthy(answer.body:find("passed", 1, true))
end

local function refused(reason)
    local region = metric_registry.open("openclaw").region
    local slot = region.names:get('slot:counter openclaw_checks_refused_total{route="",reason="' .. reason .. '"}')
    return slot and shared_memory.total(region, slot)
end

describe("checks of the method", function()
    it("let those pass that are listed, and HEAD beside GET", function()
        assert_passed(http.get_from(PORT, "/methods"))
        assert_passed(post("/methods", "x"))
        assert.equal(200, request("HEAD", "/methods").status)
    end)

    it("refuse all others, and say which there are", function()
        for _, method in ipairs({ "PUT", "DELETE", "OPTIONS", "PATCH", "FOO", "PROPFIND" }) do
            local answer = request(method, "/methods", { "Content-Length: 0" })
            assert.equal("The method must be one of these: GET, HEAD, POST.", assert_refused(answer, 405, "method_not_allowed"))
            assert.equal("GET, HEAD, POST", answer.header("Allow"))
        end
        local head = request("HEAD", "/post")
        assert.same({ 405, "POST", "" }, { head.status, head.header("Allow"), head.body })
    end)

    it("do not wait for the body", function()
        assert_refused(request("PUT", "/methods", { "Content-Length: 1000" }), 405, "method_not_allowed")
        assert_refused(request("PUT", "/methods", { "Transfer-Encoding: chunked" }), 405, "method_not_allowed")
    end)
end)

describe("checks of the length", function()
    it("let pass what is not too long", function()
        assert_passed(http.get_from(PORT, "/length"))
        assert_passed(post("/length", ""))
        assert_passed(post("/length", ("x"):rep(1000)))
        assert_passed(post_chunked("/length", ("x"):rep(1000)))
        assert_passed(post_chunked("/length", ""))
    end)

    it("refuse by what is announced, before the body is read", function()
        local answer = request("POST", "/length", { "Content-Length: 1001" })
        assert.equal("The request body may have at most 1000 bytes.", assert_refused(answer, 413, "body_too_large"))
        assert_refused(request("GET", "/length", { "Content-Length: 40000000" }), 413, "body_too_large")
        assert_refused(request("POST", "/json", { "Content-Length: 200001" }), 413, "json_too_large")
    end)

    it("refuse what was not announced, once it is there", function()
        for _, place in ipairs({ "", "/memory", "/file" }) do
            assert_refused(post_chunked(place .. "/length", ("x"):rep(1001)), 413, "body_too_large")
            assert_refused(post_chunked(place .. "/length", ("x"):rep(100001)), 413, "body_too_large")
        end
    end)

    it("are nginx's as well", function()
        assert_refused(post("/small/wide", ("1"):rep(3000)), 413, "body_too_large")
        assert_refused(post_chunked("/small/wide", ("1"):rep(3000)), 413, "body_too_large")
        assert_passed(post_chunked("/small/wide", ("1"):rep(2000)))
    end)
end)

describe("checks of the type", function()
    for _, place in ipairs({ "", "/memory", "/file" }) do
        it("know images by their bytes, with any header: " .. place, function()
            for _, bytes in ipairs({ JPEG, PNG, JPEG .. REST, PNG .. REST }) do
                assert_passed(post(place .. "/photo", bytes))
                assert_passed(post(place .. "/photo", bytes, { ["Content-Type"] = "application/json" }))
                assert_passed(post_chunked(place .. "/photo", bytes))
            end
        end)

        it("refuse what is of no listed type, with any header: " .. place, function()
            for _, name in ipairs({ "still.gif", "lossy.webp", "info.bmp", "little.tif" }) do
                assert_refused(post(place .. "/photo", images.read(name) .. REST), 415, "unsupported_media_type")
            end
            local answer = post(place .. "/photo", '{"image":"\255\216\255"}', { ["Content-Type"] = "image/jpeg" })
            assert.equal("The body is none of these types: image/jpeg, image/png.", assert_refused(answer, 415, "unsupported_media_type"))
            assert_refused(post(place .. "/everything", "text"), 400, "invalid_json")
            assert_refused(post(place .. "/everything", "plain text"), 415, "unsupported_media_type")
        end)

        it("refuse an empty body: " .. place, function()
            assert.equal("The request has no body.", assert_refused(post(place .. "/photo", ""), 400, "empty_body"))
            assert_refused(post_chunked(place .. "/photo", ""), 400, "empty_body")
            assert_refused(request("PUT", place .. "/photo"), 400, "empty_body")
        end)
    end

    it("let methods without a body pass without one, but not with another", function()
        for _, method in ipairs({ "GET", "HEAD", "DELETE", "OPTIONS" }) do
            assert.equal(200, request(method, "/photo").status, method)
            assert.equal(200, request(method, "/photo", { "Content-Length: 0" }).status, method)
            assert.equal(200, request(method, "/photo", { "Transfer-Encoding: chunked" }, "0\r\n\r\n").status, method)
            assert.equal(415, request(method, "/photo", { "Content-Length: 4" }, "text").status, method)
            assert.equal(415, request(method, "/photo", { "Transfer-Encoding: chunked" }, "4\r\ntext\r\n0\r\n\r\n").status, method)
        end
        assert_passed(request("DELETE", "/photo", { "Content-Length: " .. #PNG }, PNG))
    end)

    it("know all six formats of images", function()
        for _, name in ipairs(images.NAMES) do
            assert_passed(post("/any_image", images.read(name)))
            assert_passed(post("/everything", images.read(name)))
        end
    end)

    it("are not taken in by a beginning of a signature", function()
        local png = images.png(640, 480)
        for _, body in ipairs({
            "\255", "\255\216", "\255\216\255", "\255\216\255\1", "\255\217\255\224", "\216\255\255\224",
            png:sub(1, 8), png:sub(1, 23), "\137PNG\n\26\n" .. png:sub(9), png:sub(1, 12) .. "IDAT" .. png:sub(17),
            images.png(0, 1), images.png(1, 0x80000000), "GIF88a", "GIF89", "RIFF\0\1\0\0WAVEfmt ", "RIFFWEBPVP8 ", "RIFF\0\0\0\0WEBPVP8",
            "RIFF\0\0\0\0WEBPVP8x", "BM", "BMW is a maker of cars, not a bitmap", "II", "II*", "MM*\0", "II+\0", "MM\0+\0\7\0\0", "<svg>", "%PDF-1.7", " ",
            " \255\216\255\224",
        }) do
            assert_refused(post("/any_image", body), 415, "unsupported_media_type")
        end
    end)
end)

describe("checks of images", function()
    it("compare the size in the header", function()
        for _, place in ipairs({ "", "/memory", "/file" }) do
            for _, name in ipairs(images.NAMES) do assert_passed(post(place .. "/sized", images.read(name) .. REST)) end
            for _, bytes in ipairs({ images.png(101, 1), images.png(1, 101), images.png(50, 41), images.jpeg(101, 1), images.jpeg(65535, 65535) }) do
                assert_refused(post(place .. "/sized", bytes .. REST), 422, "image_too_large")
            end
            assert_passed(post(place .. "/sized", images.png(50, 40) .. REST))
            assert_passed(post(place .. "/sized", images.png(100, 1)))
        end
        assert.equal("The image has 2147483647 x 3 pixels; it may have at most 100 a side, and 2000 in all.",
            assert_refused(post("/sized", images.png(2 ^ 31 - 1, 3)), 422, "image_too_large"))
    end)

    it("refuse one without a size", function()
        for _, place in ipairs({ "", "/memory", "/file" }) do
            assert_refused(post(place .. "/sized", JPEG:sub(1, 40)), 422, "broken_image")
            assert_refused(post(place .. "/sized", "II*\0\8\0\0\0"), 422, "broken_image")
            assert_refused(post(place .. "/sized", images.png(2, 3, images.header(50000, 50000)) .. REST), 422, "broken_image")
            assert_refused(post(place .. "/sized", images.jpeg(2, 3, nil, images.frame(60000, 60000)) .. REST), 422, "broken_image")
        end
    end)

    it("are the only bodies then", function()
        assert_refused(post("/sized", "{}"), 415, "unsupported_media_type")
        assert_refused(post("/json_or_image", images.png(16385, 1)), 422, "image_too_large")
        assert_refused(post("/json_or_image", images.png(16384, 2442)), 422, "image_too_large")
        assert_passed(post("/json_or_image", images.png(16384, 2441)))
    end)
end)

describe("checks of JSON", function()
    for _, place in ipairs({ "", "/memory", "/file" }) do
        it("let valid JSON pass, whatever the header says: " .. place, function()
            for _, text in ipairs({ "{}", "[1]", "5", '"text"', ' {"a":[{"b":"c"}]}\n', '"' .. ("ä"):rep(99000) .. '"' }) do
                assert_passed(post(place .. "/json", text))
                assert_passed(post(place .. "/json", text, { ["Content-Type"] = "text/plain" }))
                assert_passed(post_chunked(place .. "/json", text))
            end
        end)

        it("refuse what is none, or over a limit: " .. place, function()
            assert.equal("The body is not valid JSON, at byte 6.", assert_refused(post(place .. "/json", '{"a":}'), 400, "invalid_json"))
            assert_refused(post(place .. "/json", "hello"), 400, "invalid_json")
            assert_refused(post(place .. "/json", '"' .. ("a"):rep(100000) .. "\n\""), 400, "invalid_json")
            assert_refused(post(place .. "/json", "\239\187\191{}"), 400, "invalid_json")
            assert_refused(post(place .. "/json", JPEG, { ["Content-Type"] = "application/json" }), 400, "invalid_json")
            assert.equal("The JSON is nested more than 4 deep.", assert_refused(post(place .. "/json", "[[[[[]]]]]"), 422, "json_too_deep"))
            assert.equal("The JSON has more than 5 members.", assert_refused(
                post(place .. "/json", '[{"a":1,"b":1},{"a":1,"b":1},{"a":1,"b":1}]'), 422, "json_too_many_members"))
            assert.equal("An object has the same name twice, at byte 15.", assert_refused(
                post(place .. "/json", '{"a":1,"\\u0061":2}'), 422, "json_duplicate_name"))
            assert.equal("A JSON body may have at most 200000 bytes.", assert_refused(
                post_chunked(place .. "/json", ("1"):rep(200001)), 413, "json_too_large"))
        end)
    end

    it("apply beside other types to what is JSON by its bytes", function()
        assert_passed(post("/json_or_image", '\n {"a":1}'))
        assert_refused(post("/json_or_image", '{"a":1', { ["Content-Type"] = "image/png" }), 400, "invalid_json")
        assert_refused(post("/json_or_image", "[" .. ("1,"):rep(100) .. "1]"), 413, "json_too_large")
        assert_refused(post("/json_or_image", (" "):rep(64) .. "x"), 400, "invalid_json")
        assert_refused(post("/json_or_image", "hello"), 415, "unsupported_media_type")
        assert_passed(post("/json_or_image", PNG .. REST))
    end)

    it("refuse all JSON where it is not listed, as in the issue's example", function()
        assert_refused(post("/example", "{}", { ["Content-Type"] = "application/json" }), 415, "unsupported_media_type")
        assert_passed(post("/example", PNG))
        assert_refused(request("GET", "/example"), 405, "method_not_allowed")
        assert_refused(request("PUT", "/example", { "Content-Length: 10485761" }), 413, "body_too_large")
    end)

    for _, place in ipairs({ "/slices_memory", "/slices" }) do
        it("hold the worker for two milliseconds at most: " .. place, function()
            local body = "[" .. ('{"a":["ä",-1.5e3,true]},'):rep(40000) .. "0]"
            post(place, body) -- compiles it
            local best
            for _ = 1, 5 do -- others need the machine at times
                local turns, longest = post(place, body).body:match("(%d+) ([%d.]+) fine")
                assert.is_true(tonumber(turns) >= 3, turns)
                best = math.min(best or 1e9, tonumber(longest))
            end
            assert.is_true(best < 2, best .. " ms")
        end)
    end
end)

describe("checks", function()
    --- Sends an image in small pieces, up to `bytes` of it, and returns the answer.
    local function send_slowly(path, bytes)
        local sock = ngx.socket.tcp()
        sock:settimeouts(5000, 5000, 5000)
        assert(sock:connect("127.0.0.1", PORT))
        assert(sock:send("POST " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: " .. #PNG .. "\r\n\r\n"))
        for at = 1, bytes, 40 do
            assert(sock:send(PNG:sub(at, math.min(at + 39, bytes))))
            ngx.sleep(0.01)
        end
        local answer = assert(sock:receive("*a"))
        sock:close()
        return answer
    end

    it("wait for slow clients", function()
        assert.truthy(send_slowly("/sized", #PNG):find("^HTTP/1.1 200 "))
        assert.truthy(send_slowly("/file/sized", #PNG):find("^HTTP/1.1 200 "))
    end)

    it("leave it to nginx to give up on clients that send only a part", function()
        local before = refused("unreadable")
        assert.is_nil(send_slowly("/sized", #PNG - 1):find("HTTP/1.1 [25]"))
        assert.equal(before, refused("unreadable"))
    end)

    it("answer 500 where the body cannot be read", function()
        local before = refused("unreadable")
        local message = assert_refused(post("/vanished/photo", PNG), 500, "internal_error")
        assert.equal("The gateway could not read the request body.", message)
        assert_refused(post("/cut_short/photo", PNG), 500, "internal_error")
        assert_refused(post("/cut_short/json", "{}"), 500, "internal_error")
        assert.equal(3, refused("unreadable") - before)
    end)

    it("look at no file that may be another's", function()
        local text = ("text"):rep(25000)
        spec_digests.other_body = PNG .. text:sub(#PNG + 1)
        assert_refused(http.post_to(18143, "/redirected_image", text), 500, "internal_error")
        assert(os.remove(spec_digests.occupied))
    end)

    it("go together with body_digest", function()
        assert.equal(ngx.md5(PNG .. REST), http.post_to(18143, "/image_and_digest", PNG .. REST).body:match("^%x+"))
    end)

    it("count what they refuse, with all reasons from the start", function()
        checks.new({ methods = { "GET" } })
        for _, reason in ipairs({
            "method_not_allowed", "body_too_large", "empty_body", "unsupported_media_type", "invalid_json", "json_too_large", "json_too_deep",
            "json_too_many_members", "json_duplicate_name", "image_too_large", "broken_image", "unreadable",
        }) do
            assert.is_number(refused(reason), reason)
        end
        local empty, other = refused("empty_body"), refused("unsupported_media_type")
        post("/photo", "")
        post("/photo", "text")
        post("/photo", PNG)
        assert.same({ 1, 1 }, { refused("empty_body") - empty, refused("unsupported_media_type") - other })
    end)

    it("refuse options that they do not understand", function()
        local function refusal(options) return select(2, pcall(checks.new, options)) end
        local NEEDED = 'checks: at least one of "methods", "max_body_bytes", "content_types", "json" and "image" is needed'
        assert.equal(NEEDED, refusal({}))
        assert.equal(NEEDED, refusal())
        assert.truthy(refusal({ content_types = { "image/png", "image/svg+xml" } }):find(
            '^checks%.content_types%[2%] must be one of image/jpeg, image/png, .*, got "image/svg%+xml"'))
        assert.equal("checks.content_types must be a list with at least one entry, got an empty table", refusal({ content_types = {} }))
        assert.equal('checks.methods[1] must be the name of a method, such as "POST", got "post"', refusal({ methods = { "post" } }))
        assert.equal("checks.max_body_bytes must be a whole number from 1 up, got 0", refusal({ max_body_bytes = 0 }))
        assert.equal("checks.json.max_depth must be a whole number from 1 to 1000, got 1001", refusal({ json = { max_depth = 1001 } }))
        assert.equal("checks.image.max_side must be a whole number from 1 up, got 1.5", refusal({ image = { max_side = 1.5 } }))
        assert.equal('checks.json: unknown option "max_deep"; did you mean "max_depth"?', refusal({ json = { max_deep = 1 } }))
    end)
end)

describe("image_check", function()
    it("says how to say it now", function()
        local image_check = require("resty.openclaw.image_check")
        local function refusal(options) return select(2, pcall(image_check.new, options)) end
        local BEGINNING = 'image_check is now a part of checks: write require("resty.openclaw.checks").new('
        assert.equal(BEGINNING .. '{ content_types = { "image/jpeg", "image/png" } })', refusal())
        assert.equal(BEGINNING .. '{ content_types = { "image/webp" } })', refusal({ formats = { "webp" } }))
        assert.equal(BEGINNING .. '{ content_types = { "image/jpeg", "image/png" } })', refusal(5))
    end)
end)
