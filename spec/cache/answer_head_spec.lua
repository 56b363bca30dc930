local heads = require("resty.openclaw.cache.answer_head")
local http = require("spec.support.http")

local function ask(path)
    local answer = http.raw("GET " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", 18147)
    assert.equal(200, answer.status)
    return answer
end

--- The head of a node's answer with these headers, as text; nothing if there is none.
local function of(fields)
    local parts = {}
    for at, field in ipairs(fields) do parts[at] = field[1] .. ":" .. ngx.escape_uri(field[2]) .. ";" end
    local text = ask("/head?fields=" .. table.concat(parts)).header("X-Head")
    return text ~= "none" and ngx.unescape_uri(text) or nil
end

local function values_of(head, wanted)
    local found = {}
    for at = 1, #head.fields, 2 do
        if head.fields[at]:lower() == wanted then found[#found + 1] = head.fields[at + 1] end
    end
    return found
end

describe("cache.answer_head", function()
    it("reads what it has written", function()
        for _, fields in ipairs({
            {}, { "content-type", "text/plain" }, { "x-empty", "" }, { "link", "<a>; rel=b", "link", "c: d" }, { "x-bytes", "\195\164 \255 ~" }, { "x-tab", "a\tb" },
        }) do
            local head = { status = 200, made_at = 1700000000, fields = fields }
            assert.same(head, heads.read(heads.write(head)))
        end
    end)

    it("reads nothing that it cannot have written", function()
        assert.truthy(heads.read("200 1700000000\nx: y"))
        for _, text in ipairs({
            "", "\n", "200", "200 ", " 200 1", "200 x", "20 1", "2000 1", "200 1 ", "200 -1", "200 1e9", "200 1.5", "200 1\n", "200 1\nx", "200 1\nx:y", "200 1\nx: y\n",
            "200 1\n: y", "200 1\nx y: z", "200 1\nx : y", "200 1\n x: y", "200 1\nx(): y", "200 1\nx\0: y", "200 1\n\195\164: y",
            "200 1\nx: y\r", "200 1\r\nx: y", "200 1\nx: a\rSet-Cookie: b", "200 1\nx: a\0b", "200 1\nx: a\27b", "200 1\nx: a\127b",
            "200 1" .. ("\nx: y"):rep(101), "HTTP/1.1 200 OK\nx: y",
        }) do
            assert.is_nil(heads.read(text), ("%q"):format(text))
        end
        assert.truthy(heads.read("200 1" .. ("\nx: y"):rep(100)))
    end)

    it("has what a node says of its answer, and nothing of the connection or of the request", function()
        local head = heads.read(of({
            { "Content-Type", "text/plain" }, { "X-Model", "pond" }, { "X-Model", "9" }, { "ETag", '"a"' },
            { "Keep-Alive", "x" }, { "Age", "5" }, { "Cache-Status", "x; hit" }, { "X-Request-Id", "x" }, { "X-OpenClaw-Node", "x" }, { "X-Cache-Status", "HIT" },
            { "Trailer", "x" }, { "Upgrade", "x" }, { "Proxy-Connection", "x" },
        }))
        assert.equal(200, head.status)
        assert.equal(1700000000, head.made_at)
        assert.same({ "text/plain" }, values_of(head, "content-type"))
        assert.same({ "pond", "9" }, values_of(head, "x-model"))
        assert.same({ '"a"' }, values_of(head, "etag"))
        assert.equal(8, #head.fields)
    end)

    it("is there for no answer that could not be shown as it was", function()
        assert.same({ "a\tb" }, values_of(heads.read(of({ { "X-Tab", "a\tb" } })), "x-tab"))
        for name, value in pairs({ ["x-odd"] = "a\27b", ["x-line"] = "a\nSet-Cookie: b", ["x-return"] = "a\rb", ["x odd"] = "a", ["x-list"] = { "a", "b\0" } }) do
            assert.is_nil(heads.of_response(200, { [name] = value }, 1), name)
        end
        assert.truthy(heads.of_response(200, { ["x-list"] = { "a", "b" } }, 1))
    end)

    it("shows what it has read", function()
        local text = "200 1700000000\nx-model: pond\nx-model: 9\nx-model: 10\ncontent-type: text/event-stream"
        local answer = ask("/show?head=" .. ngx.escape_uri(text))
        assert.equal("shown", answer.body)
        assert.equal("text/event-stream", answer.header("Content-Type"))
        assert.equal("pond", answer.header("X-Model"))
    end)
end)
