local answers = require("spec.support.answers")
local cjson = require("cjson")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local inference = require("resty.openclaw.inference")
local inferences = require("spec.support.inferences")
local on_disk = require("spec.support.disk")
local raw_server = require("spec.support.raw_server")
local reader = require("spec.support.exposition")
local request_states = require("spec.support.request_states")
local setup = require("resty.openclaw.gateway.builder")
local usage_request = require("resty.openclaw.inference.usage_request")

local PORT = 18194
local PATH = "/v1/chat/completions"
local STREAM = "text/event-stream; charset=utf-8"
local JSON = { ["Content-Type"] = "application/json; charset=utf-8" }
local EVENT = 'data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}'
local BODY = [[ { "model": "m",  "messages": [{"role": "user", "content": "\"stream\": {\\"}], "stream": true}]]
local ASKS = [[ {"stream_options":{"include_usage":true}, "model": "m",  "messages": [{"role": "user", "content": "\"stream\": {\\"}], "stream": true}]]

local function figures()
    local found = {}
    for series, value in pairs((reader.parse(http.get_from(18150, "/metrics").body))) do
        local kind, result = series:match('^openclaw_inference_usage_(%l+)_total{result="([%l_]+)"}$')
        if kind then found[kind .. " " .. result] = tonumber(value) end
    end
    return found
end

local function growth(before)
    local grown = {}
    for name, value in pairs(figures()) do
        local change = value - (before[name] or 0)
        if change ~= 0 then grown[name] = change end
    end
    return grown
end

local function plan(pieces, more)
    inferences.plan = { type = STREAM, pieces = type(pieces) == "table" and pieces or { pieces } }
    for name, value in pairs(more or {}) do inferences.plan[name] = value end
end

--- The answer, and what the log phase has shown.
local function send(path, body, headers)
    inferences.reset()
    local answer = http.post_to(PORT, path or PATH, body or BODY, headers or JSON)
    return answer, eventually(function() return inferences.seen[1] end, "the log phase")
end

--- The same, and what was counted.
local function ask(path, body, headers)
    local before = figures()
    local answer, seen = send(path, body, headers)
    return answer, seen, growth(before)
end

local function cut(text, size)
    local pieces = {}
    for at = 1, #text, size do pieces[#pieces + 1] = text:sub(at, at + size - 1) end
    return pieces
end

local function stream_of(line_end, event)
    local whole = answers.stream({ line_end = line_end })
    local at = whole:find("data: [DONE]", 1, true)
    return whole:sub(1, at - 1) .. (event or EVENT .. line_end .. line_end) .. whole:sub(at), whole
end

describe("include_usage", function()
    before_each(inferences.reset)

    describe("of a request", function()
        local function changes(from, to)
            local what, text = usage_request.change(from)
            assert.equal("set", what)
            assert.equal(to, text)
            assert.is_true(cjson.decode(text).stream_options.include_usage)
        end

        it("puts in what is lacking, and keeps every other byte", function()
            changes(BODY, ASKS)
            changes('{"prompt":[1,2],"stream":true}', '{"stream_options":{"include_usage":true},"prompt":[1,2],"stream":true}')
            changes('{"prompt":"a","stream":true,"stream_options":{}}', '{"prompt":"a","stream":true,"stream_options":{"include_usage":true}}')
            changes('{"stream_options": {\n "a": {"include_usage":true}},"prompt":"a","stream":true}', '{"stream_options": {"include_usage":true,\n "a": {"include_usage":true}},"prompt":"a","stream":true}')
            changes('{"stream_options" : null ,"prompt":"a","stream":true}', '{"stream_options" : {"include_usage":true} ,"prompt":"a","stream":true}')
            changes('{"stream_options":{"include_usage": false , "b":1},"prompt":"a","stream":true}', '{"stream_options":{"include_usage": true , "b":1},"prompt":"a","stream":true}')
            changes('{"stream_options":{"include_usage":null},"prompt":"a","stream":\n true }', '{"stream_options":{"include_usage":true},"prompt":"a","stream":\n true }')
        end)

        it("leaves what asks itself", function()
            assert.equal("asked", (usage_request.change('{"prompt":"a","stream":true,"stream_options":{"include_usage":true}}')))
            assert.equal("asked", (usage_request.change('{"prompt":"a","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}}')))
        end)

        it("leaves what makes no stream of a model", function()
            for _, text in ipairs({
                "", "[]", "{}", '"stream"', "true", '{"messages":[1]}', '{"messages":[1],"stream":false}',
                '{"messages":[1],"stream":1}', '{"stream":true}', '{"stream":true,"input":"a"}', '{"messages":[{"stream":true}]}',
                '[{"messages":[1],"stream":true}]',
            }) do
                local what, changed = usage_request.change(text)
                assert.equal("other", what, text)
                assert.is_nil(changed)
            end
        end)

        it("leaves what may be understood in two ways", function()
            for _, text in ipairs({
                '{"messages":[1],"stream":true,', '{"messages":[1],"stream":"true"}', '{"messages":[1],"stream":true,"stream":true}', '{"messages":[1],"stream":true,"stream":false}',
                '{"messages":[1],"stream":true}{}', '{"messages":[1],"stream":true]}', '{"messages":[1],"stream":true,"stream_options":[]}',
                '{"messages":[1],"stream":true,"stream_options":"a"}', '{"messages":[1],"stream":true,"stream_options":1}',
                '{"messages":[1],"stream":true,"stream_options":{},"stream_options":{}}',
                '{"messages":[1],"stream":true,"stream_options":null,"stream_options":{"include_usage":true}}',
                '{"messages":[1],"stream":true,"stream_options":{"include_usage":"true"}}',
                '{"messages":[1],"stream":true,"stream_options":{"include_usage":{}}}',
                '{"messages":[1],"stream":true,"stream_options":{"include_usage":false,"include_usage":true}}',
                '{"messages":[1],"stream":true,"stream_options":{"continuous_usage_stats":true}}',
                '{"messages":[1],"stream":true,"str\\u0065am_options":{},"stream_options":{}}',
            }) do
                assert.same({ "left" }, { usage_request.change(text) }, text)
            end
        end)
    end)

    it("gets figures for a client that did not ask, and takes the event out again", function()
        for _, line_end in ipairs({ "\n", "\r\n" }) do
            local whole, without = stream_of(line_end)
            plan(whole)
            local answer, seen, grown = ask()
            assert.same({ ASKS }, inferences.bodies)
            assert.equal(without, answer.body)
            assert.is_false(answer.broken)
            assert.equal("9", seen.prompt_tokens)
            assert.equal("usage", seen.tokens_source)
            assert.same({ ["requests set"] = 1, ["events taken"] = 1 }, grown)
        end
    end)

    it("does so wherever the stream is cut", function()
        local whole, without = stream_of("\n", (EVENT:gsub("%[%]", " []")) .. "\n\n")
        for _, path in ipairs({ PATH, "/read" .. PATH, "/buffered" .. PATH }) do
            for _, size in ipairs({ 1, 2, 3, 50 }) do
                plan(cut(whole, size))
                assert.equal(without, send(path).body)
            end
        end
        local crlf, crlf_without = stream_of("\r\n")
        local from = crlf:find(EVENT, 1, true)
        for at = from - 5, from + #EVENT + 6 do
            plan({ crlf:sub(1, at), crlf:sub(at + 1) })
            local answer, seen = send("/read" .. PATH)
            assert.equal(crlf_without, answer.body, at)
            assert.equal("9", seen.prompt_tokens)
        end
    end)

    it("leaves the answers of those who ask themselves", function()
        local one = 'data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}\n\n'
        local body = '{"prompt":"a","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}}'
        plan({ one, one, EVENT .. "\n\n", "data: [DONE]\n\n" })
        local answer, _, grown = ask(PATH, body)
        assert.same({ body }, inferences.bodies)
        assert.equal(one .. one .. EVENT .. "\n\ndata: [DONE]\n\n", answer.body)
        assert.same({ ["requests asked"] = 1 }, grown)
    end)

    it("leaves other requests", function()
        plan(EVENT .. "\n\n")
        local function left(path, body, headers, expected)
            local answer, _, grown = ask(path, body, headers)
            assert.same({ body }, inferences.bodies)
            assert.equal(EVENT .. "\n\n", answer.body)
            assert.same(expected or {}, grown)
        end
        left("/v1/responses", BODY, JSON)
        left(PATH, BODY, { ["Content-Type"] = "text/plain" })
        left(PATH, '{"messages":[1]}', JSON)
        local digest = { ["Content-Type"] = "application/json", ["Content-Digest"] = "sha-256=:a:" }
        left(PATH, BODY, digest, { ["requests left"] = 1 })
        left(PATH, BODY, { ["Content-Type"] = "application/json", ["Content-Encoding"] = "gzip" }, { ["requests left"] = 1 })
        left(PATH, '{"messages":[1],"stream":true,', JSON, { ["requests left"] = 1 })
    end)

    it("leaves large bodies, and takes those that nginx has in files", function()
        local function body(bytes) return '{"stream":true,"messages":[{"content":"' .. ("x"):rep(bytes) .. '"}]}' end
        local whole, without = stream_of("\n")
        plan(whole)
        local answer, _, grown = ask(PATH, body(200000))
        assert.equal('{"stream_options":{"include_usage":true},' .. body(200000):sub(2), inferences.bodies[1])
        assert.equal(without, answer.body)
        assert.same({ ["requests set"] = 1, ["events taken"] = 1 }, grown)
        answer, _, grown = ask(PATH, body(300000))
        assert.equal(body(300000), inferences.bodies[1])
        assert.equal(whole, answer.body)
        assert.same({ ["requests too_large"] = 1 }, grown)
    end)

    it("leaves bodies that it cannot read, and says so", function()
        local whole = stream_of("\n")
        plan(whole)
        local answer, _, grown = ask("/gone" .. PATH)
        assert.equal(whole, answer.body)
        assert.same({ BODY }, inferences.bodies)
        assert.same({ ["requests unreadable"] = 1 }, grown)
    end)

    it("leaves a body that works for whoever keeps it", function()
        assert.equal(ASKS, ask("/kept" .. PATH).body)
    end)

    it("asks once when nginx goes to another location", function()
        local whole, without = stream_of("\n")
        plan(whole)
        local answer, _, grown = ask("/redirected" .. PATH)
        assert.same({ ASKS }, inferences.bodies)
        assert.equal(without, answer.body)
        assert.same({ ["requests set"] = 1, ["events taken"] = 1 }, grown)
    end)

    it("takes the event out of answers from the cache", function()
        local whole, without = stream_of("\n")
        plan(whole)
        assert.equal(without, ask("/cached" .. PATH).body)
        plan("data: other\n\n")
        local answer, _, grown = ask("/cached" .. PATH)
        assert.equal("HIT", answer.header("x-cache"))
        assert.equal(without, answer.body)
        assert.same({ ["requests set"] = 1, ["events taken"] = 1 }, grown)
        assert.equal(whole, ask("/cached" .. PATH, '{"stream":true,"prompt":"a","stream_options":{"include_usage":true}}').body)
    end)

    it("takes back a length that was announced", function()
        local whole, without = stream_of("\n")
        plan(whole, { headers = { ["Content-Length"] = #whole } })
        local answer = ask()
        assert.equal(without, answer.body)
        assert.is_nil(answer.header("content-length"))
        assert.is_false(answer.broken)
    end)

    describe("passes at once", function()
        it("every event that is there", function()
            local first, second = answers.event(answers.delta({ content = "a" })), EVENT .. "\n\ndata: [DONE]\n\n"
            plan({ first .. second:sub(1, 30), second:sub(31) })
            local socket = ngx.socket.tcp()
            socket:settimeout(5000)
            assert(socket:connect("127.0.0.1", PORT))
            local head = "POST /gated%s HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            assert(socket:send(head:format(PATH, #BODY, BODY)))
            local got = ""
            while not got:find(first, 1, true) do got = got .. assert(socket:receiveany(4096)) end
            inferences.may_go_on = true
            got = got .. assert(socket:receive("*a"))
            socket:close()
            assert.is_nil(got:find("prompt_tokens", 1, true))
            assert.truthy(got:find("[DONE]", 1, true))
        end)

        it("comments", function()
            local comment = ": still here\n"
            plan({ comment, ": and " .. ("x"):rep(20) })
            local socket = ngx.socket.tcp()
            socket:settimeout(5000)
            assert(socket:connect("127.0.0.1", PORT))
            local head = "POST /gated%s HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            assert(socket:send(head:format(PATH, #BODY, BODY)))
            local got = ""
            while not got:find(comment, 1, true) do got = got .. assert(socket:receiveany(4096)) end
            inferences.may_go_on = true
            got = got .. assert(socket:receive("*a"))
            socket:close()
            assert.truthy(got:find(("x"):rep(20), 1, true))
        end)
    end)

    describe("leaves unchanged", function()
        local function unchanged(pieces, result, more)
            pieces = type(pieces) == "table" and pieces or { pieces }
            plan(pieces, more)
            local answer, _, grown = ask("/read" .. PATH)
            assert.equal(table.concat(pieces), answer.body)
            assert.same({ ["requests set"] = 1, ["events " .. result] = 1 }, grown)
        end

        it("streams without such an event", function()
            for _, text in ipairs({
                "data: [DONE]\n\n", "\n", "\n\n\n", "\r\n\r\n", "data", "data: ", "data: x", "data: x\n", ": x",
                'data: {"choices":[]}\n\n', 'data: {"choices":[],"usage":null}\n\n', 'data: {"choices":[],"usage":[]}\n\n',
                'data: {"choices":[{"a":1}],"usage":{}}\n\n', 'data: {"a":{"choices":[],"usage":{}}}\n\n',
                'data: {"choices":[],"usage":{}}{}\n\n', 'data: {"choices":[],"usage":{}\n\n', 'other: {"choices":[],"usage":{}}\n\n',
                'data: {"a":"\\"choices\\":[]","choices":[{"b":"x"}],"usage":{}}\n\n',
                'data: {"choices":[],"choices":[{"b":[]}],"usage":{}}\n\n',
            }) do
                for _, size in ipairs({ 1, 7, 1000 }) do
                    plan(cut(text, size))
                    assert.equal(text, send("/read" .. PATH).body)
                end
            end
            unchanged("data: [DONE]\n\n", "absent")
            unchanged('data: {"choices":[],"usage":null}\n\n', "absent")
        end)

        it("streams where other lines belong to the event", function()
            unchanged("id: 7\n" .. EVENT .. "\n\n", "left")
            unchanged(EVENT .. "\nid: 7\n\n", "left")
            unchanged(EVENT .. "\ndata: 1\n\n", "left")
            unchanged(EVENT .. "\n", "left")
        end)

        it("streams whose events do not end", function()
            unchanged({ "data: 1\ndata: 2\n", EVENT .. "\n\n" }, "left")
            unchanged({ "data: 1\r", "data: 2\r", EVENT .. "\n\n" }, "left")
            unchanged({ "data: " .. ("x"):rep(70000), "x\n\n" .. EVENT .. "\n\n" }, "left")
        end)

        it("compressed streams", function()
            unchanged("not really gzip", "left", { headers = { ["Content-Encoding"] = "gzip" } })
        end)

        it("answers that are no streams, and errors", function()
            for _, more in ipairs({ { type = "application/json" }, { status = 503 } }) do
                plan(EVENT .. "\n\n", more)
                local answer, _, grown = ask()
                assert.equal(EVENT .. "\n\n", answer.body)
                assert.same({ ["requests set"] = 1 }, grown)
            end
        end)
    end)

    it("sends on what a node has sent that broke off", function()
        raw_server.plan({ "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\ndata: 1\n\ndata: 2" })
        assert.truthy(ask("/raw" .. PATH).body:find("data: 1\n\n", 1, true))
    end)

    it("says nothing of requests that were at the same address before", function()
        local request_state = require("resty.openclaw.core.request.request_state")
        plan(EVENT .. "\n\n")
        local present = request_state.present
        -- As if another request had left it, which began at another time.
        request_state.present = function()
            local state = request_state.open()
            state.began, state.usage_asked = state.began - 1, { is_stream = true }
            request_state.present = present
            return present()
        end
        local answer, _, grown = ask("/v1/other")
        request_state.present = present
        assert.equal(EVENT .. "\n\n", answer.body)
        assert.same({}, grown)
    end)

    it("keeps the stream whole when something is wrong inside", function()
        local usage_filter = require("resty.openclaw.inference.usage_event")
        local take = usage_filter.take
        local calls = 0
        usage_filter.take = function(...)
            calls = calls + 1
            if calls == 2 then error("broken") end
            return take(...)
        end
        plan({ "data: 1\n\nda", "ta: 2\n\n", EVENT .. "\n\n" })
        local answer, _, grown = ask("/read" .. PATH)
        usage_filter.take = take
        assert.equal("data: 1\n\ndata: 2\n\n" .. EVENT .. "\n\n", answer.body)
        assert.same({ ["requests set"] = 1, ["events left"] = 1 }, grown)
    end)

    it("keeps nothing of requests that are over", function()
        plan(EVENT .. "\n\n")
        ask()
        assert.equal(0, request_states.count("usage_asked"))
    end)

    it("refuses options that are wrong", function()
        local function refuses(sentence, options)
            local ok, err = pcall(inference.new, options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        refuses('inference.include_usage must be true or false, got 1', { include_usage = 1 })
        refuses('inference.max_body_bytes must be left out unless include_usage = true, got 1', { max_body_bytes = 1 })
        refuses('inference.max_body_bytes must be a whole number from 1 to 67108864, got 0', { include_usage = true, max_body_bytes = 0 })
        assert.is_nil(inference.new().access)
    end)

    it("is refused where another gateway would hold the body against its signature", function()
        local key = os.tmpname()
        on_disk.shell("printf %%032d 0 > %s && chmod 600 %s", key, key)
        local function build(algorithm, asks)
            local route = {
                identity = { sign = { key_file = key, subject = "remote_user" } },
                body_digest = { algorithm = algorithm },
                inference = { include_usage = asks },
            }
            return pcall(setup.build, { routes = { r = route } })
        end
        local ok, err = build("sha256", true)
        assert.is_false(ok)
        assert.equal(
            'setup: routes.r.inference.include_usage cannot be used with identity.sign and body_digest.algorithm = "sha256": '
                .. "the next gateway would get another body than the one that is signed",
            err
        )
        assert.is_true(build("sha256", false))
        assert.is_true(build("md5", true))
        os.remove(key)
    end)
end)
