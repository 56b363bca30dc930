local cjson = require("cjson")
local receiver = require("spec.support.receiver")
local sinks = require("spec.support.sinks")

local URL = "http://127.0.0.1:18080/post_action/receiver"
local PATH = ngx.config.prefix() .. "/posted.gz"

local function sink(more)
    local options = { type = "http", url = URL }
    for name, value in pairs(more or {}) do
        options[name] = value
    end
    return sinks.open("spec", options)
end

local function unpacked(packed)
    local file = assert(io.open(PATH, "wb"))
    file:write(packed)
    file:close()
    local pipe = io.popen("gzip -dc " .. PATH .. " 2>&1")
    local text = pipe:read("*a")
    pipe:close()
    return text
end

describe("post_action http sink", function()
    before_each(receiver.reset)

    it("posts a JSON array where that is wished for", function()
        assert.equal("sent", (sink({ format = "json_array" }):send('{"a":1}\n{"b":2}\n', 2, math.huge)))
        assert.equal('[{"a":1},{"b":2}]', receiver.batches[1])
        assert.equal("application/json", receiver.headers["content-type"])
        assert.is_nil(receiver.headers["content-encoding"])
    end)

    describe("with a template", function()
        --- The options of the snippets in the docs, which a suite starts nginx with.
        local function documented(name)
            local file = assert(io.open(ngx.config.prefix() .. "/docs/post_action.md"))
            local text = file:read("*a")
            file:close()
            local table_of = text:match("\nlocal " .. name .. " = (%b{})")
            local options = assert(loadstring("return " .. assert(table_of, name)))()
            options.url = URL
            return sinks.open("spec", options)
        end
        local RECORD = '{"id":"a-1","time":1767225600.123,"uri":"/a\\"b"}'
        local OWN = '{"id":"b-1","x":"ä\\\\"}'

        it("posts what Loki takes, each entry at its own time", function()
            assert.equal("sent", (documented("loki"):send(RECORD .. "\n" .. OWN .. "\n", 2, math.huge)))
            assert.equal("application/json", receiver.headers["content-type"])
            local body = receiver.batches[1]
            local now = body:match('%],%["(%d+)",')
            assert.is_true(#now == 19 and math.abs(now / 1e9 - ngx.now()) < 60)
            assert.equal(
                '{"streams":[{"stream":{"job":"openclaw"},"values":[["1767225600123000000",' .. cjson.encode(RECORD):gsub("\\/", "/") ..
                '],["' .. now .. '",' .. cjson.encode(OWN) .. "]]}]}",
                body
            )
            assert.equal(OWN, cjson.decode(body).streams[1].values[2][2])
        end)

        it("posts what Elasticsearch's bulk interface takes, under the entry's id", function()
            assert.equal("sent", (documented("elasticsearch"):send(RECORD .. "\n" .. OWN .. "\n", 2, math.huge)))
            assert.equal("application/x-ndjson", receiver.headers["content-type"])
            assert.equal('{"index":{"_id":"a-1"}}\n' .. RECORD .. '\n{"index":{"_id":"b-1"}}\n' .. OWN .. "\n", receiver.batches[1])
        end)

        it("posts what Splunk's event collector takes", function()
            assert.equal("sent", (documented("splunk"):send(RECORD .. "\n" .. OWN .. "\n", 2, math.huge)))
            assert.equal("Splunk 0000", receiver.headers.authorization)
            assert.equal('{"sourcetype":"openclaw","event":' .. RECORD .. '}{"sourcetype":"openclaw","event":' .. OWN .. "}", receiver.batches[1])
        end)

        it("leaves all else of the texts as it is, and compresses", function()
            local template = { before = "<$line ", entry = "$$line$5%1", between = "|", after = "%d>" }
            assert.equal("sent", (sink({ template = template, gzip = true }):send("a%0\nb\n", 2, math.huge)))
            assert.equal("<$line $a%0$5%1|$b$5%1%d>", unpacked(receiver.batches[1]))
            assert.equal("sent", (sink({ template = { entry = "$id;" } }):send("no id\n", 1, math.huge)))
            assert.equal("null;", receiver.batches[2])
        end)

        it("is refused when it is wrong", function()
            for sentence, options in pairs({
                ['spec: "format" and "template" cannot both be given'] = { format = "ndjson", template = { entry = "$line" } },
                ['spec.template.entry must be a non-empty string with $line, $text, $id or $nanoseconds, got "$lines"'] = {
                    template = { entry = "$lines" },
                },
                ['spec.template.between must be a string, got 1'] = { template = { entry = "x", between = 1 } },
            }) do
                local ok, err = pcall(sink, options)
                assert.is_false(ok)
                assert.equal(sentence, err)
            end
            assert.is_false((pcall(sink, { template = {} })))
            assert.is_false((pcall(sink, { template = { entry = "x", enter = "y" } })))
        end)
    end)

    it("compresses where that is wished for", function()
        local text = ('{"a":1}\n'):rep(20000)
        assert.equal("sent", (sink({ gzip = true }):send(text, 20000, math.huge)))
        assert.equal("gzip", receiver.headers["content-encoding"])
        assert.is_true(#receiver.batches[1] < #text / 10)
        assert.is_true(text == unpacked(receiver.batches[1]))
        assert.equal("sent", (sink({ gzip = true, format = "json_array" }):send('{"a":1}\n{"b":2}\n', 2, math.huge)))
        assert.same({ { a = 1 }, { b = 2 } }, cjson.decode(unpacked(receiver.batches[2])))
    end)

    it("tells what may be about some entries from what says nothing of them", function()
        for status, verdict in pairs({ [200] = "sent", [204] = "sent", [400] = "split", [413] = "split", [422] = "split" }) do
            receiver.status = status
            assert.equal(verdict, (sink():send("a\n", 1, math.huge)))
        end
        for cause, statuses in pairs({
            busy = { 408, 425, 429, 500, 502, 503, 504, 507, 599 },
            credentials = { 401, 403, 407 },
            misdirected = { 301, 302, 304, 307, 308, 402, 404, 405, 406, 409, 410, 411, 412, 414, 415, 418, 421, 428, 431, 451 },
        }) do
            for _, status in ipairs(statuses) do
                receiver.status = status
                local verdict, err, _, part, told = sink():send("a\n", 1, math.huge)
                assert.same({ "retry", "status " .. status, cause }, { verdict, err, told })
                assert.is_nil(part)
            end
        end
    end)

    it("hands on why the server refuses, on one line, but not what may be a secret", function()
        receiver.status, receiver.says = 400, '{"error":\r\n\t"no \255 label"}' .. ("x"):rep(500)
        local _, err = sink():send("a\n", 1, math.huge)
        assert.matches('^status 400: {"error":   "no %? label"}x+$', err)
        assert.is_true(#err < 220)
        receiver.status = 503
        assert.matches('^status 503: {"error"', (select(2, sink():send("a\n", 1, math.huge))))
        receiver.status = 401
        assert.equal("status 401", (select(2, sink():send("a\n", 1, math.huge))))
    end)

    it("hands on for how long the server asks to be left alone", function()
        receiver.status, receiver.retry_after = 429, 7
        assert.same({ "retry", "status 429", 7, nil, "busy" }, { sink():send("a\n", 1, math.huge) })
    end)

    it("keeps its connection", function()
        local log = sink()
        log:send("a\n", 1, math.huge)
        local connection = receiver.connection
        log:send("b\n", 1, math.huge)
        assert.equal(connection, receiver.connection)
        assert.same({ "a", "b" }, receiver.lines)
    end)

    it("refuses wrong options", function()
        local function refused(sentence, options)
            local ok, err = pcall(sink, options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        refused('spec.format must be one of ndjson, json_array, got "xml"', { format = "xml" })
        refused('spec.gzip must be true or false, got 1', { gzip = 1 })
        refused('spec.headers: header content-encoding is set by "gzip"', { gzip = true, headers = { ["content-encoding"] = "br" } })
    end)

    it("says so where there is no zlib", function()
        local gzip = require("resty.openclaw.core.bytes.gzip")
        local real = gzip.new
        gzip.new = function() return nil, "no zlib in this nginx, and no libz.so.1 on this system" end
        local ok, err = pcall(sink, { gzip = true })
        gzip.new = real
        assert.is_false(ok)
        assert.equal('spec.gzip is not possible: no zlib in this nginx, and no libz.so.1 on this system', err)
    end)
end)
