local answers = require("spec.support.answers")
local cjson = require("cjson")
local ffi = require("ffi")
local stream_ends = require("resty.openclaw.cache.stream_end")

local DONE = "data: [DONE]\n\n"
local PING = ": ping\n\n"

local function read(pieces)
    local stream = stream_ends.new()
    for _, piece in ipairs(pieces) do stream_ends.feed(stream, ffi.cast("const uint8_t *", piece), #piece) end
    return stream_ends.is_complete(stream), stream
end

--- Whether it is complete, wherever it is cut once.
local function verdict(text)
    local whole = read({ text })
    for at = 1, #text - 1 do assert.equal(whole, (read({ text:sub(1, at), text:sub(at + 1) })), at) end
    assert.equal(whole, (read(answers.bytes(text))), text)
    return whole
end

local function accepts(text) assert.is_true(verdict(text), text) end
local function refuses(text) assert.is_false(verdict(text), text) end

local function content(text)
    return answers.event(answers.delta({ content = text }))
end

local function typed(kind, value)
    value = value or {}
    value.type = kind
    return "event: " .. kind .. "\ndata: " .. cjson.encode(value) .. "\n\n"
end

--- Anthropic's stream, and that of OpenAI's Responses API.
local MESSAGE = typed("message_start", { message = { model = "m" } }) .. typed("ping")
    .. typed("content_block_delta", { delta = { type = "text_delta", text = '[DONE] {"error":1}' } })
    .. typed("message_delta", { delta = { stop_reason = "end_turn" } })
local STOP = typed("message_stop")
local RESPONSE = typed("response.created", { response = { error = cjson.null, status = "in_progress" } })
    .. typed("response.output_text.delta", { delta = "event: error" })
local COMPLETED = typed("response.completed", { response = { error = cjson.null, status = "completed", incomplete_details = cjson.null } })

describe("cache.stream_end", function()
    it("knows the last events", function()
        accepts(answers.stream())
        accepts(DONE)
        accepts("data:[DONE]\n\n")
        accepts(MESSAGE .. STOP)
        accepts(RESPONSE .. COMPLETED)
        accepts('data: {"type":"message_stop"}\n\n')
        accepts('data: {"a":[{"type":"x"}], "type" : "response.completed" }\n\n')
        accepts("event: message_stop\ndata: {}\n\n")
        accepts("id: 7\nretry: 1\nevent: response.completed\ndata: hello\n\n")
        accepts('data: {\ndata: "type":\ndata: "message_stop"}\n\n')
        accepts('data: {"\\u0074ype":"message\\u005fstop"}\n\n')
    end)

    it("takes nothing else for a last event", function()
        for _, data in ipairs({
            "", "[DONE", "[DONE] ", " [DONE]", "[done]", "[DONE][DONE]", "[DONE]x", "[DONE]\ndata:", "\ndata: [DONE]", "[DONE]\ndata: [DONE]", "[DO\ndata: NE]",
            '"[DONE]"', '{"choices":[{"delta":{"content":"[DONE]"}}]}', '{"x":{"type":"message_stop"}}', '{"type":{"type":"message_stop"}}',
            '[{"type":"message_stop"}]', '{"type":"message_stopped"}', '{"type":"message_\ndata: stop"}', '{"content":"\\"type\\":\\"message_stop\\""}',
            '{"type":"message_stop"', '{"type":"message_stop"}{"a":1}', "message_stop", '"message_stop"', '{"a":"data: [DONE]\\n\\n"}',
        }) do
            refuses("data: " .. data .. "\n\n")
        end
        refuses("")
        refuses("\n\n")
        refuses(PING)
        refuses(content("a"))
        refuses("event: message_stop\n\n")
        refuses("event: message_stop\nid: 1\n\n")
        refuses("event: message_stopped\ndata: {}\n\n")
        refuses("event: message_stop\n\ndata: {}\n\n")
        refuses("id: [DONE]\n\n")
        refuses(": data: [DONE]\n\n")
        refuses("Data: [DONE]\n\n")
        refuses(" data: [DONE]\n\n")
        refuses("data : [DONE]\n\n")
        refuses("[DONE]\n\n")
    end)

    it("wants a blank line after the last event", function()
        for _, text in ipairs({ answers.stream(), answers.stream({ line_end = "\r\n" }), answers.stream({ line_end = "\r" }), MESSAGE .. STOP, RESPONSE .. COMPLETED }) do
            assert.is_true((read({ text })))
            for at = 1, #text - 1 do assert.is_false((read({ text:sub(1, at) })), at) end
        end
    end)

    it("takes all line ends and a byte order mark", function()
        for _, line_end in ipairs({ "\n", "\r", "\r\n" }) do
            local text = "\239\187\191" .. MESSAGE .. STOP .. PING .. "\n"
            accepts((text:gsub("\n", line_end)))
        end
        accepts("\239\187\191data: [DONE]\r\n\n")
        refuses("\239\187data: [DONE]\n\n")
        refuses("data: [DONE]\r\n\r")
        accepts("data: [DONE]\r\r")
    end)

    it("lets blank lines and comments follow, and nothing else", function()
        accepts(DONE .. PING)
        accepts(DONE .. "\n\r\n:\n: data: x\n")
        accepts(STOP .. ":\n\n")
        for _, last in ipairs({ DONE, STOP, COMPLETED }) do
            for _, more in ipairs({ content("a"), "data:\n\n", "data: x\n\n", "id: 7\n\n", "id: 7\n", "event: x\n\n", "x\n\n", "x", "d", "data", ":", ": ping" }) do
                refuses(last .. more)
                refuses(last .. PING .. more)
            end
            for _, again in ipairs({ STOP, COMPLETED }) do refuses(last .. again) end
            refuses(last .. content("a") .. last)
        end
        refuses(DONE .. DONE)
    end)

    it("lets [DONE] follow an event that is the last by its type", function()
        accepts(MESSAGE .. STOP .. DONE)
        accepts(RESPONSE .. COMPLETED .. PING .. DONE .. PING)
        refuses(MESSAGE .. STOP .. DONE .. DONE)
        refuses(MESSAGE .. STOP .. "data: [DONE]x\n\n")
    end)

    it("is never complete after an error", function()
        for _, failure in ipairs({
            "event: error\ndata: {}\n\n", "event: error\n\n", "event:error\ndata: x\n\n", 'data: {"type":"error"}\n\n', typed("response.failed"), typed("response.incomplete"),
            typed("response.cancelled"), 'data: {"error":{"message":"x"}}\n\n', 'data: {"error":"x"}\n\n', 'data: {"error":{}}\n\n', 'data: {"error":[]}\n\n',
            'data: {"error":1}\n\n', 'data: {"error": true}\n\n', 'data: {"error":null,"error":"x"}\n\n', 'data: {"\\u0065rror":"x"}\n\n', 'data: [{"error":{"code":1}}]\n\n',
            'data: [{"type":"error"}]\n\n', 'data: {"object":"error","message":"x"}\n\n', 'data: {"a":"x","choices":[{"finish_reason":"error"}]}\n\n',
            'data: {"choices":[{"index":0},{"error":{"code":502}}]}\n\n', "data:\t{\"error\":1}\n\n", 'data:  {"error":1}\n\n', 'data:\ndata: {"error":1}\n\n',
            'data: {"error":\ndata: "x"}\n\n', 'data: x\nevent: error\nevent: y\n\n', '{"error":{"message":"x"}}\n\ndata: {"error":1}\n\n',
        }) do
            refuses(failure)
            refuses(failure .. DONE)
            refuses(content("a") .. failure .. content("b") .. STOP)
        end
        refuses(DONE .. "event: error\ndata: x\n\n")
    end)

    it("knows what is no error", function()
        for _, fine in ipairs({
            'data: {"error":null}\n\n', 'data: {"error":""}\n\n', 'data: {"error":false}\n\n', 'data: {"error" :  null }\n\n', 'data: {"x":{"error":{"a":1},"type":"error"}}\n\n',
            'data: {"choices":[{"delta":{"error":"x","content":"{\\"error\\":1}"},"finish_reason":null}]}\n\n', "event: errors\ndata: x\n\n", "data: error\n\n",
            "data: event: error\n\n", "id: error\ndata: {}\n\n", 'data: "error"\n\n', 'data: text "with { brackets\n\n', "data: {}\n\n", "data: []\n\n", "data: 1\n\n",
            "data:\n\n", "data\n\n", 'data: {"choices":[{"delta":{"content":[1]}}]}\n\n', 'data: {"choices":[{"delta":{"content":"a","text":"b"}}]}\n\n', 'data: {"a":\ndata: 1}\n\n', 'data: {"type":null,"object":null,"choices":null}\n\n', "id: 7\n\n", "retry: 100\n\n",
        }) do
            accepts(fine .. DONE)
        end
    end)

    it("does not store what begins as JSON and breaks off", function()
        for _, data in ipairs({ "{", "[", '{"a":1', '{"a":"b}', "[[]", "}{", "{}{}", "{}\ndata: {}", '{"a":}}' }) do
            local text = "data: " .. data .. "\n\n" .. DONE
            if data:sub(1, 1) == "}" then accepts(text) else refuses(text) end
        end
    end)

    it("takes no line for a part of the content of an event", function()
        local like = content("a") .. content("b")
        local head, tail = content("a"):match('^(.*"content":")a(".*)$')
        accepts(like .. head .. "x" .. tail .. DONE)
        for _, line_end in ipairs({ "\n", "\r" }) do
            refuses(like .. head .. "x" .. line_end .. "event: error" .. line_end .. "data: " .. tail .. DONE)
            refuses(like .. head .. "x" .. line_end .. line_end .. "event: error" .. line_end .. "data: " .. tail .. DONE)
        end
        -- Of two lines the second is no event.
        refuses(('data: {"delta":\ndata: {"text":"a"}}\n\n'):rep(2) .. 'data: {"text":"b"}}\n\n' .. DONE)
        accepts(like .. "data: x\n" .. content("c") .. DONE)
        accepts(like .. "event: message_stop\n" .. content("c"))
        refuses(like .. "event: message_stop\n" .. content("c") .. content("d"))
        accepts(like .. "event: ping\n" .. content("c") .. DONE)
        refuses(like .. "event: error\n" .. content("c") .. DONE)
        refuses(like .. "data: x\n" .. "event: message_stop\n" .. content("c") .. content("d") .. DONE)
    end)

    it("reads lines of any length in little memory", function()
        local long = ("x"):rep(4096)
        local function with(begin, last)
            local stream = stream_ends.new()
            local function feed(text) stream_ends.feed(stream, ffi.cast("const uint8_t *", text), #text) end
            feed(begin)
            collectgarbage()
            local before = collectgarbage("count")
            for _ = 1, 2000 do feed(long) end
            collectgarbage()
            assert.is_true(collectgarbage("count") - before < 64)
            feed(last)
            return stream_ends.is_complete(stream)
        end
        assert.is_true(with('data: {"a":"', '"}\n\n' .. DONE))
        assert.is_true(with('data: {"', '":1}\n\n' .. DONE))
        assert.is_true(with('data: {"type":"', '"}\n\n' .. DONE))
        assert.is_true(with("data: ", "\n\n" .. DONE))
        assert.is_true(with(": ", "\n\n" .. DONE))
        assert.is_true(with("event: ", "\n\n" .. DONE))
        assert.is_true(with('data: {"a":{"', '":[]},"type":"message_stop"}\n\n'))
        assert.is_false(with('data: {"a":"', '","error":1}\n\n' .. DONE))
        assert.is_false(with('data: {"a":"', '","b":1\n\n' .. DONE))
        assert.is_false(with('data: {"error":"', '"}\n\n' .. DONE))
        assert.is_false(with("data: [DONE]", "\n\n"))
    end)
end)

--- The same by the letter of the standard, with the whole text in memory.
local function by_the_letter(text)
    local last_return = text:sub(-1) == "\r" and text:find("\r\n", 1, true)
    text = text:gsub("^\239\187\191", ""):gsub("\r\n", "\n"):gsub("\r", "\n")
    if last_return or (text ~= "" and text:sub(-1) ~= "\n") then return false end
    local LAST = { message_stop = true, ["response.completed"] = true }
    local FAILED = { error = true, ["response.failed"] = true, ["response.incomplete"] = true }
    local ending, data, types, has_fields = nil, nil, {}, false
    for line in text:gmatch("([^\n]*)\n") do
        local name, value = line:match("^([^:]*):? ?(.*)$")
        if line == "" then
            if has_fields then
                local json = data and data:find("^%s*[{%[]") and data ~= "[DONE]"
                local decoded = json and require("cjson.safe").decode(data)
                -- Of what is no JSON, only that which breaks off counts.
                if json and decoded == nil and data:sub(1, 6) ~= "[DONE]" then return false end
                local kind
                if data == "[DONE]" then kind = "done" end
                local all = type(decoded) == "table" and { decoded, unpack(decoded) } or {}
                for place, one in ipairs(all) do
                    if type(one) == "table" then
                        if one.error ~= nil and one.error ~= cjson.null and one.error ~= "" or FAILED[one.type] then return false end
                        if place == 1 and LAST[one.type] then kind = kind or "typed" end
                    end
                end
                for _, one in ipairs(types) do
                    if FAILED[one] then return false end
                    if LAST[one] and data then kind = kind or "typed" end
                end
                if ending and not (ending == "typed" and kind == "done") then return false end
                ending = kind
            end
            data, types, has_fields = nil, {}, false
        elseif line:sub(1, 1) ~= ":" then
            has_fields = true
            if name == "data" then data = data and data .. "\n" .. value or value end
            if name == "event" then types[#types + 1] = value end
        end
    end
    return ending ~= nil and not has_fields
end

describe("cache.stream_end of 2,000 random streams", function()
    local seed = 20260
    local function random(most)
        seed = (seed * 1103515245 + 12345) % 2147483648
        return math.floor(seed / 65536) % most + 1
    end
    local function one_of(list) return list[random(#list)] end

    local DATA = {
        '{"choices":[{"delta":{"content":"word"}}]}', '{"choices":[{"delta":{"content":"[DONE]"}}]}', '{"a":"\\"error\\":1"}', '{"a":"x\\\\"}', "text", "[DONE]x", "", " ",
        '{"x":[[[{"type":"message_stop"}]]],"error":null}', '{"a":\ndata: {"b":"c"}}', '{"a":\ndata:\ndata: 1}', "[1,[2],{}]", '{"a":"' .. ("y"):rep(70) .. '"}', "x\ndata: y", "1",
        '{"long_name_of_' .. ("z"):rep(90) .. '":"v"}',
    }
    local LAST = { "data: [DONE]", "data:[DONE]", 'data: {"type":"message_stop"}', "event: message_stop\ndata: {}", 'event: x\ndata: {"b":[1],"type": "response.completed"}' }
    local ODD = { 'data: {"error":{"message":"x"}}', 'data: {"error":"y"}', "event: error\ndata: x", 'data: {"type":"response.failed"}', "data: {", "data: [DONE]\ndata: z", "event: message_stop" }
    local OTHER = { ": ping", ":", "id: 7", "retry: 10", "event: ping", "dat: x", "events: error", "event" }

    local function stream()
        local parts = {}
        for _ = 1, random(6) do
            for _ = 1, random(3) - 1 do parts[#parts + 1] = one_of(OTHER) .. "\n" end
            if random(12) == 1 then parts[#parts + 1] = one_of(ODD) .. "\n\n" end
            parts[#parts + 1] = one_of({ "data: ", "data:" }) .. one_of(DATA) .. "\n\n"
        end
        if random(8) > 1 then parts[#parts + 1] = one_of(LAST) .. "\n" .. one_of({ "", "\n", "\n", "\n", "\n" }) end
        if random(6) == 1 then parts[#parts + 1] = "data: [DONE]\n\n" end
        for _ = 1, random(3) - 1 do parts[#parts + 1] = one_of({ ": ping\n", "\n", ":\n\n" }) end
        if random(10) == 1 then parts[#parts + 1] = one_of(OTHER) .. one_of({ "", "\n", "\n\n" }) end
        local text = (random(4) == 1 and "\239\187\191" or "") .. table.concat(parts)
        local line_end = one_of({ "\n", "\n", "\r\n", "\r", "any" })
        text = text:gsub("\n", function() return line_end == "any" and one_of({ "\n", "\r", "\r\n" }) or line_end end)
        if random(10) == 1 then text = text:sub(1, random(#text)) end
        return text
    end

    local function in_pieces(text, most)
        local pieces, at = {}, 1
        while at <= #text do
            local bytes = random(most)
            pieces[#pieces + 1] = text:sub(at, at + bytes - 1)
            at = at + bytes
        end
        return pieces
    end

    it("is the same wherever they are cut, and that of the standard", function()
        local complete = 0
        for number = 1, 2000 do
            local text = stream()
            local expected = by_the_letter(text)
            local shown = ("%d: %q"):format(number, text)
            assert.equal(expected, (read({ text })), shown)
            if expected then complete = complete + 1 end
            for _, most in ipairs({ 2, 9, 60, 300 }) do assert.equal(expected, (read(in_pieces(text, most))), shown) end
            assert.equal(expected, (read(answers.bytes(text))), shown)
            local at = random(#text)
            assert.equal(expected, (read({ text:sub(1, at), text:sub(at + 1) })), shown)
            if number % 40 == 0 then
                for cut = 1, #text - 1 do assert.equal(expected, (read({ text:sub(1, cut), text:sub(cut + 1) })), shown) end
            end
        end
        assert.is_true(complete > 400 and complete < 1600, complete)
    end)

    it("never raises, whatever comes", function()
        local words = { "data:", "data: ", "\n", "\r\n", "\n\n", "\r", "event:", "error", "[DONE]", "{", "}", '"', "\\", "[", "]", ":", ",", "\0", "\239\187\191", '"type":', '"error":', "message_stop", "null" }
        for _ = 1, 2000 do
            local parts = {}
            for index = 1, random(30) do parts[index] = one_of(words) end
            local text = table.concat(parts)
            assert.equal((read({ text })), (read(answers.bytes(text))), text)
        end
    end)
end)
