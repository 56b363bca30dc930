local answers = require("spec.support.answers")
local cjson = require("cjson")
local documents = require("resty.openclaw.inference.document")

local function read(pieces, most_bytes, is_whole)
    local reader = documents.new(most_bytes or 65536)
    return answers.read(reader, pieces, is_whole), reader
end

local EXPECTED = { model = "pond-7b", prompt_tokens = 12, completion_tokens = 34, finish_reason = "length" }

--- As some nodes write it: names in an order of their own, white space.
local function written(content)
    return '{ "id": "1", "model" : "pond-7b",\n "choices": [ { "index": 0, "message": { "content": "' .. content
        .. '" }, "finish_reason" : "length" } ],\n "usage" :  { "prompt_tokens": 12, "completion_tokens": 34, "x": { "y": {} } } }'
end

describe("an answer in one piece", function()
    it("gives the same figures wherever it is cut", function()
        local text = answers.document('"usage": {"completion_tokens": 7}, "finish_reason": "stop"')
        for at = 0, #text do
            local fields, reader = read({ text:sub(1, at), text:sub(at + 1) })
            assert.same(EXPECTED, fields, at)
            assert.is_nil(reader.problem)
        end
        assert.same(EXPECTED, (read(answers.bytes(text))))
    end)

    it("gives the same figures wherever it is cut, when it is too large to be kept", function()
        local text = written(('\\"usage\\": {\\"completion_tokens\\": 7}, \\"finish_reason\\": \\"stop\\", '):rep(2000))
        assert.is_true(#text > 130000)
        for _, middle in ipairs({ 200, 4096, 65536, #text - 16384, #text - 200 }) do
            for at = middle - 130, middle + 130 do
                local fields, reader = read({ text:sub(1, at), text:sub(at + 1) })
                assert.same(EXPECTED, fields, at)
                assert.is_nil(reader.problem)
            end
        end
        assert.same(EXPECTED, (read(answers.bytes(text), 4096)))
    end)

    it("is kept whole up to the limit, and read alike above", function()
        local text = written(("x"):rep(10000))
        assert.same(EXPECTED, (read(text, #text)))
        local fields, reader = read(text, #text - 1)
        assert.same(EXPECTED, fields)
        assert.equal(4096, #reader.head)
    end)

    it("is read alike when it is too large and its names come in another order", function()
        local choices = '"choices":[{"finish_reason":"length","message":{"content":"' .. ("x"):rep(100000) .. '"}}]'
        local rest = '"model":"pond-7b","usage":{"prompt_tokens":12,"completion_tokens":34}'
        assert.same(EXPECTED, (read("{" .. choices .. "," .. rest .. "}")))
        assert.same(EXPECTED, (read("{" .. rest .. "," .. choices .. "}")))
    end)

    it("of 5 MB takes little memory", function()
        local reader = documents.new(65536)
        local ffi = require("ffi")
        local piece = ("x"):rep(16384)
        for _ = 1, 320 do
            reader:feed(ffi.cast("const uint8_t *", piece), #piece)
            assert.is_true(reader.kept_bytes <= 65536 + 16384)
        end
        reader:finish(true)
        assert.same({ finish_reason = "none" }, reader.fields)
    end)

    it("of other kinds", function()
        local embedding = cjson.encode({ model = "e", data = { { embedding = { 1, 2 } } }, usage = { prompt_tokens = 3, total_tokens = 3 } })
        assert.same({ model = "e", prompt_tokens = 3, finish_reason = "none" }, (read(embedding)))
        local response = { object = "response", status = "completed", model = "r", usage = { input_tokens = 1, output_tokens = 2 } }
        assert.same({ model = "r", prompt_tokens = 1, completion_tokens = 2, finish_reason = "stop" }, (read(cjson.encode(response))))
        assert.same({ finish_reason = "none" }, (read('{"object":"list","data":[]}')))
        assert.same({ finish_reason = "none" }, (read("[1,2]")))
    end)

    it("that broke off", function()
        local text = answers.document("x")
        for at = 0, #text - 1 do
            local fields, reader = read(text:sub(1, at), nil, false)
            assert.is_nil(reader.problem)
            assert.truthy(fields.finish_reason == "aborted" or fields.finish_reason == "length")
        end
        assert.equal("aborted", read("", nil, false).finish_reason)
    end)

    it("that is broken", function()
        for _, text in ipairs({ "", "{", "nonsense", ("["):rep(65536), ('{"a":'):rep(10000), "\255\254\0", '{"usage":{"x":NaN}}', "{}{}" }) do
            local fields, reader = read(text)
            assert.is_string(reader.problem, text)
            assert.same({ finish_reason = "none" }, fields)
        end
    end)

    it("takes the last usage that has numbers", function()
        local function tail(text) return read('{"x":"' .. ("x"):rep(5000) .. '",' .. text, 4096) end
        assert.equal(4, tail('"usage":{"completion_tokens":3},"usage":{"completion_tokens":4}}').completion_tokens)
        assert.equal(3, tail('"usage":{"completion_tokens":3},"usage":{"completion_tokens":"4"}}').completion_tokens)
        assert.equal(3, tail('"usage":{"completion_tokens":3},"usage":null}').completion_tokens)
        assert.equal(3, tail('"usage":{"completion_tokens":3},"usage":{"completion_tokens":4').completion_tokens)
        assert.equal(3, tail('"usage":{"completion_tokens":3},"usage":{"completion_tokens":1e308}}').completion_tokens)
        assert.is_nil(tail('"usage":{"completion_tokens":-3}}').completion_tokens)
        assert.is_nil(tail(('"usage":{'):rep(1500)).completion_tokens)
    end)

    it("may have its usage before its text", function()
        local text = '{"model":"pond-7b","usage":{"prompt_tokens":12,"completion_tokens":34},"x":"' .. ("x"):rep(70000)
            .. '","choices":[{"finish_reason":"length"}]}'
        assert.same(EXPECTED, (read(text)))
    end)

    it("is read in no time, however hostile", function()
        local ugly = {
            ('"usage":{'):rep(1700), ('"usage"' .. (" "):rep(100)):rep(140), '"usage"' .. (" "):rep(16000), ("{"):rep(16000),
            ('"finish_reason":"'):rep(900), ('"usage":{' .. ("["):rep(60)):rep(200), ('"'):rep(16000),
        }
        for _, text in ipairs(ugly) do
            ngx.update_time()
            local began = ngx.now()
            for _ = 1, 10 do read(("x"):rep(5000) .. text, 4096) end
            ngx.update_time()
            -- Of ten; what is not linear would take seconds.
            assert.is_true(ngx.now() - began < 1, text:sub(1, 20))
        end
    end)

    it("has a model with escapes in its name", function()
        local text = '{"model":"meta\\/pond \\u00e9","x":"' .. ("x"):rep(70000) .. '"}'
        assert.equal("meta/pond é", read(text).model)
    end)
end)
