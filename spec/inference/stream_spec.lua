local answers = require("spec.support.answers")
local cjson = require("cjson")
local streams = require("resty.openclaw.inference.stream")

local USAGE = { prompt_tokens = 9, completion_tokens = 5, total_tokens = 14 }

local function read(pieces)
    local reader = streams.new(false)
    return answers.read(reader, pieces), reader
end

local function content(text)
    return answers.event(answers.delta({ content = text }))
end

local function repeated(count, text)
    local parts = {}
    for index = 1, count do parts[index] = content(text or "word") end
    return table.concat(parts)
end

local FINISH = answers.event(answers.delta(cjson.decode("{}"), "stop"))

describe("a stream", function()
    for name, options in pairs({
        ["with LF"] = {},
        ["with CRLF"] = { line_end = "\r\n" },
        ["with usage"] = { usage = USAGE },
        ["with CR"] = { line_end = "\r" },
        ["with usage and CRLF"] = { usage = USAGE, line_end = "\r\n" },
        ["that breaks off"] = { without_end = true },
    }) do
        it(name .. " gives the same figures wherever it is cut", function()
            local text = answers.stream(options)
            local expected = {
                model = "pond-7b",
                completion_tokens = 5,
                prompt_tokens = options.usage and 9,
                finish_reason = options.without_end and "aborted" or "stop",
                source = options.usage and "usage" or "estimate",
            }
            assert.same(expected, (read(text)))
            for at = 1, #text - 1 do
                local fields, reader = read({ text:sub(1, at), text:sub(at + 1) })
                assert.same(expected, fields, at)
                assert.is_nil(reader.problem)
                assert.is_number(reader.first_token_seconds)
            end
            assert.same(expected, (read(answers.bytes(text))))
        end)

        it(name .. " gives the same figures wherever it is cut, when it is long", function()
            local text = content("first") .. repeated(200) .. answers.stream(options)
            -- Cuts at each place of one event, and where the reader begins to look and to let go.
            for _, middle in ipairs({ 300, 4096, 16384, 16384 + 4096, #text - 300 }) do
                for at = middle - 110, middle + 110 do
                    local fields = read({ text:sub(1, at), text:sub(at + 1) })
                    assert.equal(options.usage and 5 or 206, fields.completion_tokens, at)
                end
            end
        end)
    end

    it("may begin with a byte order mark", function()
        for _, pieces in ipairs({ { "\239\187\191" .. content("a") .. FINISH }, answers.bytes("\239\187\191" .. content("a") .. FINISH) }) do
            assert.equal(1, read(pieces).completion_tokens)
        end
    end)

    it("counts events of which one part comes at a time", function()
        local text = repeated(500) .. FINISH .. answers.event("[DONE]")
        for _, size in ipairs({ 1, 7, 100, 4095, 4096, 4097, 16383, 16384 }) do
            local pieces = {}
            for at = 1, #text, size do pieces[#pieces + 1] = text:sub(at, at + size - 1) end
            local fields = read(pieces)
            assert.equal(500, fields.completion_tokens, size)
            assert.equal("stop", fields.finish_reason, size)
        end
    end)

    it("is known by the first event with content", function()
        local reader = streams.new(false)
        local ffi = require("ffi")
        local function feed(text) reader:feed(ffi.cast("const uint8_t *", text), #text) end
        feed(answers.event(answers.delta({ role = "assistant", content = "" })))
        feed(": waiting\n\n")
        assert.is_nil(reader.first_token_seconds)
        feed("data: " .. cjson.encode(answers.delta({ content = "x" })))
        assert.is_nil(reader.first_token_seconds)
        feed("\n\n")
        assert.is_number(reader.first_token_seconds)
        assert.equal("pond-7b", reader.reading.model)
    end)

    it("may bring content of several kinds", function()
        local kinds = {
            answers.delta({ reasoning_content = "hm" }),
            answers.delta({ tool_calls = { { index = 0, ["function"] = { arguments = "{" } } } }),
            answers.delta({ refusal = "no" }),
            { choices = { { text = "x" } } },
            { type = "response.output_text.delta", delta = "x" },
        }
        for _, kind in ipairs(kinds) do
            local fields, reader = read(answers.event(kind) .. answers.event(kind))
            assert.is_number(reader.first_token_seconds)
            assert.equal(2, fields.completion_tokens)
        end
    end)

    it("takes the usage of the end, not one of the beginning", function()
        local function counted(tokens)
            local chunk = answers.delta({ content = "x" })
            chunk.usage = { prompt_tokens = 9, completion_tokens = tokens }
            return answers.event(chunk)
        end
        local fields = read(counted(1) .. counted(2) .. counted(3) .. FINISH)
        assert.equal(3, fields.completion_tokens)
    end)

    it("takes the reason of the first choice", function()
        local function finish(index, reason)
            return answers.event({ choices = { { index = index, delta = {}, finish_reason = reason } } })
        end
        assert.equal("length", read(content("x") .. finish(0, "length") .. finish(1, "stop")).finish_reason)
        assert.equal("stop", read(content("x") .. finish(1, "stop") .. answers.event("[DONE]")).finish_reason)
    end)

    it("of the Responses API", function()
        local function event(kind, value)
            value.type = kind
            return "event: " .. kind .. "\ndata: " .. cjson.encode(value) .. "\n\n"
        end
        local function response(status, more)
            local value = { object = "response", status = status, model = "pond-8b", usage = cjson.null }
            for name, field in pairs(more or {}) do value[name] = field end
            return { response = value }
        end
        local begin = event("response.created", response("in_progress"))
        local deltas = event("response.output_text.delta", { delta = "a" }):rep(3)
        local usage = { input_tokens = 20, output_tokens = 3 }
        local expected = { model = "pond-8b", prompt_tokens = 20, completion_tokens = 3, finish_reason = "stop", source = "usage" }
        assert.same(expected, (read(begin .. deltas .. event("response.completed", response("completed", { usage = usage })))))
        assert.equal("length", read(begin .. deltas .. event("response.incomplete", response("incomplete", {
            incomplete_details = { reason = "max_output_tokens" },
        }))).finish_reason)
        assert.equal("aborted", read(begin .. deltas).finish_reason)
        assert.equal(3, read(begin .. deltas).completion_tokens)
        -- The last event brings the whole text, and may be larger than what is kept.
        local last = '{"type":"response.completed","response":{"object":"response","status":"completed","output":"' .. ("x"):rep(40000)
            .. '","usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":1},"output_tokens":3},"user":null}}'
        local fields = read(begin .. deltas .. "event: response.completed\ndata: " .. last .. "\n\n")
        assert.equal(3, fields.completion_tokens)
        assert.equal(20, fields.prompt_tokens)
        assert.equal("stop", fields.finish_reason)
    end)

    it("of the Responses API, whose every event repeats instructions and tools", function()
        local tools = '[{"type":"image_generation","model":"gpt-image"},{"type":"function","usage":{"input_tokens":7}}]'
        local function event(kind, status, usage)
            return "event: " .. kind .. '\ndata: {"type":"' .. kind .. '","response":{"object":"response","status":"' .. status
                .. '","error":null,"incomplete_details":null,"instructions":"' .. ("x"):rep(33000) .. '","tools":' .. tools
                .. ',"model":"pond-8b","usage":' .. usage .. ',"metadata":{"model":"lie"}}}\n\n'
        end
        local text = event("response.created", "in_progress", "null") .. event("response.in_progress", "in_progress", "null")
            .. 'data: {"type":"response.output_text.delta","sequence_number":3,"delta":"a","obfuscation":"x"}\n\n'
            .. event("response.completed", "completed", '{"input_tokens":20,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}')
        for _, pieces in ipairs({ { text }, answers.bytes(text) }) do
            local fields, reader = read(pieces)
            assert.same({ model = "pond-8b", prompt_tokens = 20, completion_tokens = 3, reasoning_tokens = 2, finish_reason = "stop", source = "usage" }, fields)
            assert.is_number(reader.first_token_seconds)
        end
    end)

    it("has its reason however far before its end", function()
        local call = answers.delta({ tool_calls = { { index = 0, ["function"] = { arguments = ("x"):rep(20000) } } } }, "tool_calls")
        local usage = { model = answers.MODEL, choices = {}, usage = USAGE, padding = ("x"):rep(20000) }
        local fields = read(answers.event(call) .. answers.event(usage) .. answers.event("[DONE]"))
        assert.same({ model = "pond-7b", prompt_tokens = 9, completion_tokens = 5, finish_reason = "tool_calls", source = "usage" }, fields)
    end)

    it("may be silent for long before it has content", function()
        local early = answers.delta({ content = "" })
        early.prompt_token_ids = {}
        for index = 1, 10000 do early.prompt_token_ids[index] = index end
        local text = (": ping\n\n"):rep(5000) .. answers.event(early) .. repeated(5) .. FINISH
        local fields, reader = read(text)
        assert.equal(5, fields.completion_tokens)
        assert.is_number(reader.first_token_seconds)
    end)

    it("that breaks off has as many tokens as came, whatever an early event says", function()
        local text = 'data: {"type":"message_start","message":{"model":"c","usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
            .. ('data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}\n\n'):rep(7)
        assert.same({ model = "c", prompt_tokens = 3, completion_tokens = 7, finish_reason = "aborted", source = "estimate" }, (read(text)))
    end)

    it("is read alike when its events are alike and when they are not", function()
        local parts, count = {}, 0
        for index = 1, 400 do
            local text = ({ "a", "", '"', "\\", 'x\\"', "\n", "é", "{", "data: " })[index % 9 + 1]
            if text ~= "" then count = count + 1 end
            parts[index] = answers.event(answers.delta({ content = text }))
            if index % 50 == 0 then parts[index] = parts[index] .. answers.event('{"id":' .. index .. ',"choices":[{"delta":{"content":"y"}}]}') end
        end
        local text = table.concat(parts) .. FINISH
        for _, size in ipairs({ 1, 13, 4095, 4096, 16384, #text }) do
            local pieces = {}
            for at = 1, #text, size do pieces[#pieces + 1] = text:sub(at, at + size - 1) end
            local fields, reader = read(pieces)
            assert.equal(count + 8, fields.completion_tokens, size)
            assert.is_nil(reader.problem)
        end
    end)

    it("may say less than it should", function()
        assert.is_nil((read("")))
        assert.is_nil((read("\n\n\n")))
        assert.is_nil((read(": comment\n\nevent: ping\n\nid: 7\nretry: 1\n\n")))
        assert.same({ finish_reason = "none" }, (read("data: [DONE]")))
        assert.same({ finish_reason = "none" }, (read("data:[DONE]\r\n\r\n")))
        assert.is_nil((read("data")))
        assert.is_nil((read("data:")))
    end)

    it("takes an event without a blank line after it, and comments between", function()
        local text = content("a") .. ": ping\n\n" .. content("b") .. ":\n" .. content("c")
        assert.equal(3, read(text).completion_tokens)
        assert.equal(3, read(text:sub(1, -2)).completion_tokens)
        assert.equal(3, read(text:sub(1, -3)).completion_tokens)
        assert.equal(2, read(text:sub(1, -4)).completion_tokens)
    end)

    it("takes the lines of one event together", function()
        local text = 'data: {"model":"pond-9b","choices":\ndata: [{"delta":\ndata: {"content":"x"}}]}\n\n'
        local fields, reader = read(text:rep(3))
        assert.is_nil(reader.problem)
        assert.equal("pond-9b", fields.model)
        assert.equal(3, fields.completion_tokens)
    end)

    it("passes over what is not JSON, and says so", function()
        for _, bad in ipairs({ "{", "nonsense", ("["):rep(100), "\255\254", '{"a":"\255', '{"choices":[{"delta":{"content":"x' }) do
            local fields, reader = read(content("a") .. answers.event(bad) .. content("b") .. FINISH)
            assert.is_string(reader.problem, bad)
            assert.equal("stop", fields.finish_reason)
        end
        -- What the end has cut off is another matter.
        local _, reader = read(content("a") .. 'data: {"choices":[{"del')
        assert.is_nil(reader.problem)
    end)

    it("passes over fields of other types", function()
        local odd = {
            "1", '"text"', "null", "[]", "[1]", "true", "{}", '{"choices":1}', '{"choices":[1]}', '{"choices":[{"delta":7}]}',
            '{"choices":[{"delta":{"content":{}}}]}', '{"choices":{"1":{}}}', '{"model":{}}', '{"model":""}', '{"usage":[]}',
            '{"usage":{"completion_tokens":"5"}}', '{"usage":{"completion_tokens":-5}}', '{"usage":{"completion_tokens":1e308}}',
            '{"usage":{"completion_tokens":1e999}}', '{"usage":{"completion_tokens":1.5}}', '{"usage":{"completion_tokens":null}}',
            '{"response":7}', '{"response":{"object":"response","status":7}}', '{"choices":[{"finish_reason":{}}]}', '{"delta":""}',
            '{"response":{"object":"response","status":"failed","incomplete_details":[]}, "x":1}',
        }
        for _, text in ipairs(odd) do
            local fields = read(answers.event(text)) or {}
            assert.is_nil(fields.completion_tokens, text)
            assert.is_nil(fields.prompt_tokens, text)
            assert.is_nil(fields.model, text)
        end
    end)

    it("may end with a large event", function()
        local last = answers.delta({ content = "." }, "length")
        last.usage = USAGE
        last.padding = ("x"):rep(6000)
        for _, text in ipairs({ content("a") .. answers.event(last), repeated(200) .. answers.event(last) }) do
            local fields = read(text)
            assert.equal("length", fields.finish_reason)
            assert.equal(5, fields.completion_tokens)
        end
    end)

    it("cuts a model's name, and makes it text", function()
        local fields = read(answers.event('{"model":"' .. ("é"):rep(100) .. '"}'))
        assert.equal(("é"):rep(64), fields.model)
        assert.equal("a?b", read(answers.event('{"model":"a\255b"}')).model)
    end)

    it("never raises, whatever comes", function()
        local seed = 42
        local function random(most)
            seed = (seed * 1103515245 + 12345) % 2147483648
            return math.floor(seed / 65536) % most + 1
        end
        local words = { "data:", "data: ", "\n", "\r\n", "\n\n", '{"usage":', '{"completion_tokens":5}', "}", '"', "\\", "[DONE]",
            "\0", "\255", "null", '"choices":[{', "finish_reason", "[[[[", (" "):rep(5000), "event: x" }
        for _ = 1, 300 do
            local pieces = {}
            for index = 1, random(60) do pieces[index] = words[random(#words)] end
            local split = read(pieces)
            assert.same((read(table.concat(pieces))), split)
        end
    end)
end)
