local request_body = require("resty.openclaw.core.request.request_body")
local request_tokens = require("resty.openclaw.limit.request_tokens")

describe("limit.request_tokens", function()
    local read, each = request_body.read, request_body.each
    local reported

    local faults = { report = function(_, kind) reported = kind end }

    --- What a body asks for, which comes in pieces of so many bytes.
    local function asked(text, piece_bytes)
        request_body.read = function() return { bytes = #text } end
        request_body.each = function(_, visit, state, most)
            assert.is_true(most <= 16384)
            for at = 1, #text, piece_bytes or most do
                local piece = text:sub(at, at + (piece_bytes or most) - 1)
                visit(state, require("ffi").cast("const uint8_t *", piece), #piece)
            end
            return #text
        end
        return request_tokens.read(faults)
    end

    before_each(function() reported = nil end)
    after_each(function() request_body.read, request_body.each = read, each end)

    local function most(text) return asked(text).most end

    it("finds the maximum of the answer under all its names", function()
        for _, text in ipairs({
            '{"max_tokens":7}',
            '{"max_completion_tokens": 7 }',
            '{"max_output_tokens":7}',
            '{"options":{"num_predict":7}}',
            '{"inputs":"max_tokens","parameters":{"max_new_tokens":7}}',
            '{"generationConfig":{"maxOutputTokens":7}}',
            '{"max_tokens":"7"}',
            '{"max_tokens":7,"max_completion_tokens":3,"max_tokens":5}',
        }) do
            assert.equal(7, most(text), text)
            assert.equal(7, asked(text, 1).most, text)
        end
    end)

    it("ignores what is no such number, or stands elsewhere", function()
        for _, text in ipairs({
            '{"max_tokens":-1}', '{"max_tokens":7.5}', '{"max_tokens":null}', '{"max_tokens":nan}', '{"max_tokens":true}', '{"max_tokens":[7]}',
            '{"options":{"num_predict":-2}}', '{"messages":[{"max_tokens":7}]}', '{"options":{"max_tokens":7}}', '"max_tokens"', "[7]", "", "\255\216\255",
        }) do
            assert.is_nil(most(text), text)
        end
        assert.equal(1e9, most('{"max_tokens":1e300}'))
    end)

    it("multiplies the answer by the number of choices", function()
        assert.equal(2 + 21, request_tokens.cost_of(asked('{"n":3,"max_tokens":7}'), 1000, 11))
        assert.equal(3 + 3000, request_tokens.cost_of(asked('{"n":3}   '), 1000, 4))
        assert.equal(1, asked('{"n":0}').choices)
        assert.equal(1e15, request_tokens.cost_of(asked('{"n":1000000000,"max_tokens":1000000000}'), 1, 1))
    end)

    it("counts any body by its size, and none as nothing", function()
        assert.equal(250 + 7, request_tokens.cost_of(asked(("x"):rep(1000)), 7, 4))
        assert.equal(7, request_tokens.cost_of(asked(""), 7, 4))
    end)

    it("guesses where the body cannot be read, and reports it", function()
        request_body.read = function() return nil, "no" end
        assert.equal(7, request_tokens.cost_of(request_tokens.read(faults), 7, 4))
        assert.equal("unreadable_body", reported)
        reported = nil
        request_body.read = function() return { bytes = 40 } end
        request_body.each = function() return nil, "no" end
        assert.equal(17, request_tokens.cost_of(request_tokens.read(faults), 7, 4))
        assert.equal("unreadable_body", reported)
    end)
end)
