local answers = require("spec.support.answers")
local cjson = require("cjson")
local documents = require("resty.openclaw.inference.document")

local function read(pieces, is_whole)
    local reader = documents.new()
    return answers.read(reader, pieces, is_whole), reader
end

local EXPECTED = {
    model = "pond-7b", prompt_tokens = 12, completion_tokens = 34, finish_reason = "length", source = "usage",
}

--- As some nodes write it: names in an order of their own, white space.
local function written(content)
    return '{ "id": "1", "model" : "pond-7b",\n "choices": [ { "index": 0, "message": { "content": "' .. content
        .. '" }, "finish_reason" : "length" } ],\n "usage" :  { "prompt_tokens": 12, "completion_tokens": 34, "x": { "y": {} } } }'
end

describe("an answer in one piece", function()
    it("gives the same figures wherever it is cut", function()
        for _, text in ipairs({ answers.document('"usage": {"completion_tokens": 7}, \\"finish_reason": "stop"\\'), written('\\\\\\"\\u0022') }) do
            for at = 0, #text do
                local fields, reader = read({ text:sub(1, at), text:sub(at + 1) })
                assert.same(EXPECTED, fields, at)
                assert.is_nil(reader.problem)
            end
            assert.same(EXPECTED, (read(answers.bytes(text))))
        end
    end)

    it("may be of any size, and have its names in any order", function()
        local big = ('\\"usage\\": {\\"completion_tokens\\": 7}, \\"finish_reason\\": \\"stop\\", '):rep(20000)
        assert.same(EXPECTED, (read(written(big))))
        local choices = '"choices":[{"finish_reason":"length","message":{"content":"' .. ("x"):rep(100000) .. '"}}]'
        local rest = '"model":"pond-7b","usage":{"prompt_tokens":12,"completion_tokens":34}'
        assert.same(EXPECTED, (read("{" .. choices .. "," .. rest .. "}")))
        assert.same(EXPECTED, (read("{" .. rest .. "," .. choices .. "}")))
    end)

    it("of other kinds", function()
        local embedding = cjson.encode({ model = "e", data = { { embedding = { 1, 2 } } }, usage = { prompt_tokens = 3, total_tokens = 3 } })
        assert.same({ model = "e", prompt_tokens = 3, completion_tokens = 0, finish_reason = "none", source = "usage" }, (read(embedding)))
        local response = { object = "response", status = "completed", model = "r", usage = { input_tokens = 1, output_tokens = 2 } }
        assert.same({ model = "r", prompt_tokens = 1, completion_tokens = 2, finish_reason = "stop", source = "usage" }, (read(cjson.encode(response))))
        assert.same({ prompt_tokens = 56, completion_tokens = 0, finish_reason = "none", source = "usage" }, (read('{"usage":{"total_tokens":56}}')))
        assert.same({ audio_seconds = 8.5, finish_reason = "none" }, (read('{"text":"a","usage":{"type":"duration","seconds":8.5}}')))
        assert.same({ audio_seconds = 8.25, finish_reason = "none" }, (read('{"task":"transcribe","duration":8.25,"text":"a"}')))
        local list = '[{"candidates":[{"finishReason":"MAX_TOKENS"}],"modelVersion":"g"},\n{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}]'
        assert.same({ model = "g", prompt_tokens = 1, completion_tokens = 2, finish_reason = "length", source = "usage" }, (read(list)))
        assert.is_nil((read('{"object":"list","data":[]}')))
        assert.is_nil((read("[1,2]")))
    end)

    it("takes no figure from what a client may have written", function()
        local lie = '{"model":"lie","usage":{"input_tokens":7,"output_tokens":7},"finish_reason":"lie","status":"failed","error":"lie"}'
        local text = '{"object":"response","instructions":"' .. ("x"):rep(40000) .. '","tools":[' .. lie .. ',{"type":"image_generation","model":"gpt-image"}],'
            .. '"metadata":' .. lie .. ',"text":{"format":' .. lie .. '},"output":[{"content":[' .. lie .. "]}],"
            .. '"status":"completed","error":null,"model":"pond-8b","usage":{"input_tokens":20,"output_tokens":3}}'
        assert.same({ model = "pond-8b", prompt_tokens = 20, completion_tokens = 3, finish_reason = "stop", source = "usage" }, (read(text)))
    end)

    it("tells the reason of the first choice", function()
        local function of(first, second) return read('{"choices":[' .. first .. "," .. second .. "]}").finish_reason end
        assert.equal("length", of('{"index":0,"finish_reason":"length"}', '{"index":1,"finish_reason":"stop"}'))
        assert.equal("length", of('{"finish_reason":"stop","index":1}', '{"finish_reason":"length","index":0}'))
        assert.equal("length", of('{"finish_reason":"length"}', '{"finish_reason":"stop"}'))
        assert.equal("stop", of('{"finish_reason":null}', '{"finish_reason":"stop"}'))
    end)

    it("that broke off", function()
        local text = answers.document("x")
        for at = 0, #text - 1 do
            local fields, reader = read(text:sub(1, at), false)
            assert.is_nil(reader.problem)
            assert.truthy(fields.finish_reason == "aborted" or fields.finish_reason == "length")
        end
    end)

    it("that is broken", function()
        for _, text in ipairs({ "", "{", "nonsense", ("["):rep(65536), ('{"a":'):rep(10000), "\255\254\0", '{"a":"', '{"a":"\\' }) do
            local fields, reader = read(text)
            assert.is_string(reader.problem, text)
            assert.is_nil(fields)
        end
        for _, text in ipairs({ "}}]]", '{"usage":{"x":NaN}}', ':,:"', "{]", '{"usage"}', '{"model":}', '["a"]', '"a"' }) do
            assert.is_nil((read(text)), text)
        end
    end)

    it("takes what is a number of tokens, and no other", function()
        for _, odd in ipairs({ "-3", "1e308", "1.5", '"4"', "null", "true", "{}", "[4]", "nan", "0x10", "1e999" }) do
            local fields = read('{"usage":{"completion_tokens":3},"usage":{"completion_tokens":' .. odd .. "}}")
            assert.equal(odd == "0x10" and 16 or 3, fields.completion_tokens, odd)
        end
        assert.equal(4, read('{"usage":{"completion_tokens":\t\n4\r}}').completion_tokens)
    end)

    it("is read in no time, however hostile", function()
        local ugly = {
            ('"usage":{'):rep(170000), ('{"usage":'):rep(170000), ("{"):rep(1600000), ('"'):rep(1600000), ('"\\"'):rep(400000),
            '"' .. ("\\"):rep(1600000), '{"model":"' .. ("\\u00e9"):rep(300000), '{"usage":{"prompt_tokens":' .. (" "):rep(1600000),
            ("[1,"):rep(500000),
        }
        for _, text in ipairs(ugly) do
            local began = os.clock()
            read(text)
            -- What is not linear would take minutes.
            assert.is_true(os.clock() - began < 5, text:sub(1, 20))
        end
    end)

    it("has a model with escapes in its name, cut where it is too long", function()
        assert.equal("meta/pond é", read('{"mod\\u0065l":"meta\\/pond \\u00e9","error":null,"done":true}').model)
        assert.equal(128, #read('{"model":"' .. ("x"):rep(5000) .. '","done":true}').model)
    end)
end)
