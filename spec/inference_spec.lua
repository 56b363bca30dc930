local answers = require("spec.support.answers")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local inference = require("resty.openclaw.inference")
local inferences = require("spec.support.inferences")
local raw_server = require("spec.support.raw_server")
local reader = require("spec.support.exposition")
local request_states = require("spec.support.request_states")

local PORT = 18191
local STREAM = "text/event-stream; charset=utf-8"
local JSON = "application/json"
local DOCUMENT = answers.document("text")
local USAGE = { prompt_tokens = 9, completion_tokens = 5, total_tokens = 14 }
local EXPECTED = { model = "pond-7b", prompt_tokens = "12", completion_tokens = "34", finish_reason = "length" }
local NOTHING = { model = "", prompt_tokens = "", completion_tokens = "", finish_reason = "" }

local function figures()
    return (reader.parse(http.get_from(18150, "/metrics").body))
end

--- How much each figure of inference has grown since `before`.
local function growth(before)
    local grown = {}
    for series, value in pairs(figures()) do
        local change = tonumber(value) - tonumber(before[series] or 0)
        if change ~= 0 and (series:find("inference", 1, true)) then grown[series] = change end
    end
    return grown
end

local function plan(kind, pieces, more)
    inferences.plan = { type = kind, pieces = type(pieces) == "table" and pieces or { pieces } }
    for name, value in pairs(more or {}) do inferences.plan[name] = value end
end

--- What the log phase has shown of one request.
local function seen()
    return eventually(function() return inferences.seen[1] end, "the log phase")
end

--- The same without the rate, which nobody knows beforehand.
local function seen_of(path, headers)
    inferences.reset()
    local answer = http.post_to(PORT, path, "{}", headers)
    local shown = seen()
    -- Times that nobody knows beforehand, and what has tests of its own.
    for _, name in ipairs({ "tokens_per_second", "first_token_seconds", "cached_tokens", "reasoning_tokens", "tokens_source" }) do
        shown[name] = nil
    end
    return shown, answer
end

--- Growth of the answers of the route of these specs that were not read.
local function unread(reason)
    return { [('openclaw_inference_unread_answers_total{route="spec",reason="%s"}'):format(reason)] = 1 }
end

local function series(name, more)
    return ('openclaw_inference_%s{route="spec",variant="",model="pond-7b"%s}'):format(name, more or "")
end

local function bytes_of(piece_bytes, text)
    local pieces = {}
    for at = 1, #text, piece_bytes do pieces[#pieces + 1] = text:sub(at, at + piece_bytes - 1) end
    return pieces
end

describe("inference", function()
    before_each(inferences.reset)

    describe("passes through what it reads", function()
        local stream = answers.stream({ usage = USAGE, line_end = "\r\n" })
        local from_stream = { model = "pond-7b", prompt_tokens = "9", completion_tokens = "5", finish_reason = "stop" }

        for _, path in ipairs({ "/read", "/proxied", "/buffered" }) do
            it("in chunks of any size: " .. path, function()
                for _, size in ipairs({ 1, 2, 3, 50, 100000 }) do
                    plan(STREAM, bytes_of(size, stream))
                    local shown, answer = seen_of(path)
                    assert.equal(stream, answer.body)
                    assert.is_false(answer.broken)
                    assert.same(from_stream, shown, size)
                    plan(JSON, bytes_of(size, DOCUMENT))
                    shown, answer = seen_of(path)
                    assert.equal(DOCUMENT, answer.body)
                    assert.same(EXPECTED, shown, size)
                end
            end)
        end

        it("wherever it is cut", function()
            for at = 1, #stream - 1, 7 do
                plan(STREAM, { stream:sub(1, at), stream:sub(at + 1) })
                assert.same(from_stream, (seen_of("/read")), at)
            end
        end)

        it("at once", function()
            plan(STREAM, { stream:sub(1, 200), stream:sub(201) })
            local socket = ngx.socket.tcp()
            socket:settimeout(5000)
            assert(socket:connect("127.0.0.1", PORT))
            assert(socket:send("POST /gated HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
            local got = ""
            while not got:find(stream:sub(1, 200), 1, true) do got = got .. assert(socket:receiveany(4096)) end
            inferences.may_go_on = true
            got = got .. assert(socket:receive("*a"))
            assert.truthy(got:find(stream:sub(201), 1, true))
            socket:close()
            local shown = seen()
            assert.equal("5", shown.completion_tokens)
        end)

        it("of 5 MB, and keeps little of it", function()
            local text = answers.document(("x"):rep(5000000))
            collectgarbage()
            plan(JSON, bytes_of(1000000, text))
            local shown, answer = seen_of("/buffered")
            assert.equal(#text, #answer.body)
            assert.equal(ngx.md5(text), ngx.md5(answer.body))
            assert.same(EXPECTED, shown)
            plan(JSON, text)
            assert.same(EXPECTED, (seen_of("/read")))
        end)
    end)

    it("counts a stream", function()
        local before = figures()
        local first = answers.event(answers.delta({ content = "a" }))
        plan(STREAM, { first, 0.05, first:rep(3), answers.event(answers.delta({ content = "." }, "stop")) })
        http.post_to(PORT, "/proxied", "{}")
        local shown = seen()
        assert.equal("5", shown.completion_tokens)
        assert.equal("", shown.prompt_tokens)
        -- Four tokens in 50 ms or more.
        local rate = tonumber(shown.tokens_per_second)
        assert.is_true(rate > 0 and rate <= 100, shown.tokens_per_second)
        assert.truthy(shown.tokens_per_second:find("^%d+%.%d$"))
        local grown = growth(before)
        assert.equal(1, grown[series("answers_total", ',finish_reason="stop"')])
        assert.equal(5, grown[series("completion_tokens_total", ',source="estimate"')])
        assert.is_nil(grown[series("prompt_tokens_total", ',source="usage"')])
        assert.equal(1, grown[series("first_token_seconds_count")])
        assert.equal(1, grown[series("tokens_per_second_count")])
    end)

    it("counts an answer in one piece", function()
        local before = figures()
        plan("Application/JSON ; charset=utf-8", { 0.02, DOCUMENT })
        http.post_to(PORT, "/proxied", "{}")
        local rate = tonumber(seen().tokens_per_second)
        assert.is_true(rate > 0 and rate <= 34 / 0.015, rate)
        local grown = growth(before)
        assert.equal(1, grown[series("answers_total", ',finish_reason="length"')])
        assert.equal(34, grown[series("completion_tokens_total", ',source="usage"')])
        assert.equal(12, grown[series("prompt_tokens_total", ',source="usage"')])
        assert.equal(1, grown[series("tokens_per_second_count")])
        assert.is_nil(grown[series("first_token_seconds_count")])
    end)

    it("knows the variant", function()
        local before = figures()
        plan(JSON, DOCUMENT)
        seen_of("/blue")
        assert.equal(34, growth(before)['openclaw_inference_completion_tokens_total{route="spec",variant="blue",model="pond-7b",source="usage"}'])
    end)

    it("puts nothing harmful into labels", function()
        local before = figures()
        plan(JSON, '{"model":"a\\n\\"}\\\\\\u0000' .. ("x"):rep(1000) .. '","usage":{"completion_tokens":7}}')
        local shown = seen_of("/read")
        assert.equal(128, #shown.model)
        local found
        for name, change in pairs(growth(before)) do found = found or (change == 7 and name) end
        assert.truthy(found:find('model="a\\n\\"}\\\\?xxx', 1, true), found)
    end)

    describe("leaves alone", function()
        local function assert_unread(path, headers, reason)
            local before = figures()
            local shown, answer = seen_of(path, headers)
            assert.same(NOTHING, shown)
            assert.same(reason and unread(reason) or {}, growth(before))
            return answer
        end

        it("other kinds of answers, and counts them", function()
            for _, kind in ipairs({ "text/plain", "application/json-seq", "text/event-streams", "; application/json", "" }) do
                plan(kind, DOCUMENT)
                assert.equal(DOCUMENT, assert_unread("/proxied", nil, "type").body)
            end
        end)

        it("reads: those made tokens before", function()
            plan(JSON, DOCUMENT)
            local before = figures()
            inferences.reset()
            assert.equal(DOCUMENT, http.get_from(PORT, "/proxied").body)
            assert.equal("", seen().finish_reason)
            assert.same({}, growth(before))
        end)

        it("answers that tell of no tokens, and counts them", function()
            plan(JSON, '{"object":"list","data":[{"id":"pond-7b","model":"x","usage":{"completion_tokens":5}}]}')
            assert_unread("/proxied", nil, "no_figures")
            plan(STREAM, ": nothing\n\n")
            assert_unread("/proxied", nil, "no_figures")
        end)

        it("errors", function()
            plan(JSON, DOCUMENT, { status = 500 })
            assert.equal(500, assert_unread("/proxied").status)
            plan(JSON, DOCUMENT, { status = 201 })
            assert_unread("/proxied")
        end)

        it("what is compressed in ways that it does not know, and counts it", function()
            plan(JSON, "nonsense", { headers = { ["Content-Encoding"] = "br" } })
            assert.equal("nonsense", assert_unread("/proxied", nil, "encoding").body)
        end)

        it("answers to HEAD", function()
            plan(JSON, DOCUMENT)
            inferences.reset()
            http.raw("HEAD /proxied HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", PORT)
            assert.equal("", seen().model)
        end)

        it("subrequests", function()
            plan(JSON, DOCUMENT)
            -- What is around it is an answer of another kind.
            assert.equal(DOCUMENT, assert_unread("/around", nil, "type").body)
        end)

        it("answers from the cache", function()
            local path = "/cached?" .. ngx.now()
            plan(JSON, DOCUMENT)
            assert.same(EXPECTED, (seen_of(path)))
            assert.equal(DOCUMENT, assert_unread(path).body)
        end)
    end)

    it("reads what nginx compresses for the client", function()
        plan(JSON, answers.document(("x"):rep(1000)))
        local shown, answer = seen_of("/compressed", { ["Accept-Encoding"] = "gzip" })
        assert.equal("gzip", answer.header("Content-Encoding"))
        assert.same(EXPECTED, shown)
    end)

    it("reads what nodes compress", function()
        local gzip = assert(require("resty.openclaw.core.bytes.gzip").new())
        local bytes = assert(gzip:compress(DOCUMENT))
        for _, size in ipairs({ 1, 100000 }) do
            plan(JSON, bytes_of(size, bytes), { headers = { ["Content-Encoding"] = "gzip" } })
            local shown, answer = seen_of("/proxied")
            assert.equal(bytes, answer.body)
            assert.same(EXPECTED, shown)
        end
    end)

    it("says that an answer is not compressed as it says, or makes too much of little", function()
        local gzip = assert(require("resty.openclaw.core.bytes.gzip").new())
        for _, body in ipairs({ "\31\139nonsense", (assert(gzip:compress((" "):rep(5000000)))) }) do
            local report = stub(inferences.main.faults, "report")
            plan(JSON, body, { headers = { ["Content-Encoding"] = "gzip" } })
            local shown, answer = seen_of("/proxied")
            report:revert()
            assert.equal(body, answer.body)
            assert.same(NOTHING, shown)
            assert.equal("broken_answer", report.calls[1].vals[2])
        end
    end)

    it("shows all that it knows", function()
        plan(STREAM, answers.stream({ usage = {
            prompt_tokens = 9, completion_tokens = 5, prompt_tokens_details = { cached_tokens = 8 },
            completion_tokens_details = { reasoning_tokens = 2 },
        } }))
        local before = figures()
        http.post_to(PORT, "/proxied", "{}")
        local shown = seen()
        assert.equal("8", shown.cached_tokens)
        assert.equal("2", shown.reasoning_tokens)
        assert.equal("usage", shown.tokens_source)
        assert.truthy(shown.first_token_seconds:find("^%d+%.%d%d%d$"))
        local grown = growth(before)
        assert.equal(8, grown[series("cached_tokens_total")])
        assert.equal(2, grown[series("reasoning_tokens_total")])
    end)

    it("has nodes answer uncompressed, by nginx/proxy.conf", function()
        assert.equal("none", http.get_from(PORT, "/echo", { ["Accept-Encoding"] = "gzip, br" }).body)
    end)

    it("reads the answer after an internal redirect", function()
        plan(JSON, DOCUMENT)
        assert.same(EXPECTED, (seen_of("/redirected")))
    end)

    it("keeps plugins apart", function()
        local before = figures()
        plan(JSON, answers.document(("x"):rep(5000)))
        assert.same(EXPECTED, (seen_of("/small")))
        assert.equal(34, growth(before)['openclaw_inference_completion_tokens_total{route="small",variant="",model="pond-7b",source="usage"}'])
        assert.equal(0, request_states.count("inference_answer"))
    end)

    it("tells a node that breaks off", function()
        local event = answers.event(answers.delta({ content = "a" }))
        local head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw_server.plan(head .. ("%x\r\n%s\r\n"):format(#event, event))
        local shown, answer = seen_of("/raw")
        assert.is_true(answer.broken)
        assert.equal(event, answer.body)
        assert.same({ model = "pond-7b", prompt_tokens = "", completion_tokens = "1", finish_reason = "aborted" }, shown)
        raw_server.plan("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" .. '{"id":"1","model":"pond-7b","choices":[{"message":{"content":"a')
        shown = seen_of("/raw")
        assert.equal("aborted", shown.finish_reason)
    end)

    it("tells a client that leaves", function()
        local event = answers.event(answers.delta({ content = "a" }))
        local pieces = { event:rep(3) }
        for _ = 1, 400 do
            pieces[#pieces + 1] = 0.01
            pieces[#pieces + 1] = event
        end
        plan(STREAM, pieces)
        local socket = ngx.socket.tcp()
        assert(socket:connect("127.0.0.1", PORT))
        assert(socket:send("POST /proxied HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n"))
        assert(socket:receiveany(4096))
        socket:close()
        local shown = seen()
        assert.equal("aborted", shown.finish_reason)
        assert.is_true(tonumber(shown.completion_tokens) >= 3 and tonumber(shown.completion_tokens) < 400)
        assert.equal(0, request_states.count("inference_answer"))
    end)

    it("says that an answer is broken, and lets it pass", function()
        local report = stub(inferences.main.faults, "report")
        plan(JSON, "{]")
        local shown, answer = seen_of("/proxied")
        plan(STREAM, "data: {]\n\n")
        seen_of("/proxied")
        report:revert()
        assert.equal("{]", answer.body)
        assert.equal("", shown.finish_reason)
        assert.stub(report).was.called(2)
        assert.equal("broken_answer", report.calls[1].vals[2])
    end)

    it("says that the hook is missing", function()
        local report = stub(inferences.main.faults, "report")
        plan(JSON, DOCUMENT)
        local counted, misplaced = (seen_of("/unread")), (seen_of("/misplaced"))
        report:revert()
        assert.same({ NOTHING, NOTHING }, { counted, misplaced })
        assert.stub(report).was.called(2)
        for _, call in ipairs(report.calls) do assert.equal("no_body_filter", call.vals[2]) end
        assert.truthy(report.calls[1].vals[3]:find("nginx/inference.conf", 1, true))
    end)

    it("lets an answer pass that it cannot read, for whatever reason", function()
        local report = stub(inferences.main.faults, "report")
        local chunk = require("resty.openclaw.core.request.response_chunk")
        local look = stub(chunk, "look").invokes(function() error("broken") end)
        plan(JSON, DOCUMENT)
        local shown, answer = seen_of("/proxied")
        look:revert()
        report:revert()
        assert.equal(DOCUMENT, answer.body)
        assert.same(NOTHING, shown)
        assert.equal("unread_answer", report.calls[1].vals[2])
    end)

    it("settles a request whatever goes wrong", function()
        local report = stub(inferences.main.faults, "report")
        local count = stub(require("resty.openclaw.inference.figures"), "count").invokes(function() error("broken") end)
        plan(JSON, DOCUMENT)
        local shown = seen_of("/read")
        count:revert()
        report:revert()
        assert.same(NOTHING, shown)
        assert.equal("uncounted_answer", report.calls[1].vals[2])
        assert.equal(0, request_states.count("inference_answer"))
    end)

    it("takes nothing for its own that a request without log hook has left", function()
        plan(JSON, DOCUMENT)
        http.post_to(PORT, "/unlogged", "{}")
        local left
        for _, state in pairs(request_states.all()) do left = left or state.inference_answer end
        assert.truthy(left)
        -- The next request has the same place in memory.
        inferences.left = left
        plan("text/plain", "text")
        assert.same(NOTHING, (seen_of("/after_another")))
    end)

    describe("in the gateway", function()
        local function chat(path)
            inferences.reset()
            local answer = http.post_to(18193, path, "{}")
            seen()
            return answer
        end

        it("is an option of a route", function()
            local before = figures()
            plan(JSON, DOCUMENT)
            assert.equal(DOCUMENT, chat("/chat").body)
            assert.equal(34, growth(before)['openclaw_inference_completion_tokens_total{route="chat",variant="",model="pond-7b",source="usage"}'])
        end)

        it("reports that the include is missing", function()
            local name = 'openclaw_faults_total{plugin="inference",kind="no_body_filter"}'
            local before = tonumber(figures()[name] or 0)
            local log = stub(ngx, "log")
            plan(JSON, DOCUMENT)
            chat("/chat/unread")
            log:revert()
            assert.equal(before + 1, tonumber(figures()[name]))
        end)
    end)

    it("refuses options that it does not understand", function()
        local function refusal(options) return select(2, pcall(inference.new, options)) end
        assert.equal('inference: unknown option "dicts"; did you mean "dict"?', refusal({ dicts = "x" }))
    end)
end)
