local http = require("spec.support.http")
local request_headers = require("resty.openclaw.core.request.request_headers")
local within = require("spec.support.within")

request_headers.want("x-spec-one")
request_headers.want("x-spec-two")

--- What a request with these lines finds. `port`: of a server in which nginx takes `_` in names, too.
local function found(work, lines, port)
    within.work = work
    local head = { "GET /request/content HTTP/1.1", "Host: pond.test", "Connection: close" }
    for _, line in ipairs(lines) do head[#head + 1] = line end
    local answer = http.raw(table.concat(head, "\r\n") .. "\r\n\r\n", port)
    assert.equal(200, answer.status, answer.body)
    return answer.body
end

local function counts()
    request_headers.look()
    local told = {}
    for _, name in ipairs({ "x-spec-one", "x-spec-two", "x-spec-other" }) do
        told[#told + 1] = not request_headers.has(name) and "0" or request_headers.has_several(name) and "2" or "1"
    end
    return table.concat(told, " ")
end

local UNDERSCORES = 18186

describe("request_headers", function()
    it("finds what is wanted, however it is written", function()
        assert.equal("0 0 0", found(counts, {}))
        assert.equal("1 0 0", found(counts, { "X-SPEC-One: a", "X-Spec-Other: b" }))
        assert.equal("1 1 0", found(counts, { "x-spec-two:", "x-spec-one: a" }))
        -- Nothing is left of the request before.
        assert.equal("0 1 0", found(counts, { "x-spec-two: a" }))
        assert.equal("0 0 0", found(counts, { "x-spec-on: a", "x-spec-onee: a" }))
    end)

    it("tells one header from several", function()
        assert.equal("2 1 0", found(counts, { "x-spec-one: a", "x-spec-two: b", "X-Spec-One: a" }))
        assert.equal("2 0 0", found(counts, { "x-spec-one: a", "x_spec-one: b" }, UNDERSCORES))
        assert.equal("1 0 0", found(counts, { "x_spec_one: b" }, UNDERSCORES))
        -- nginx does not take such a header for any.
        assert.equal("0 0 0", found(counts, { "x_spec_one: b" }))
    end)

    it("gives the value that nginx's variable has", function()
        local function value()
            request_headers.look()
            local mine = request_headers.value_of("x-spec-one")
            assert.equal(ngx.var.http_x_spec_one, mine)
            return mine
        end
        assert.equal("a b", found(value, { "x-spec-one:  a b " }))
        assert.equal("", found(value, { "x-spec-one:" }))
        assert.equal("nil", found(value, { "x-spec-two: a" }))
        assert.equal("a", found(value, { "x-spec-one: a", "x-spec-one: b" }):sub(1, 1))
    end)

    it("finds the last of many headers, and sees what was taken away", function()
        local lines = {}
        for index = 1, 250 do lines[index] = "x" .. index .. ": 1" end
        lines[#lines + 1] = "x-spec-one: a"
        assert.equal("1 0 0", found(counts, lines))
        local function cleared()
            local before = counts()
            ngx.req.clear_header("x-spec-one")
            return before .. ", " .. counts()
        end
        assert.equal("1 0 0, 0 0 0", found(cleared, { "x-spec-one: a" }))
    end)

    it("finds nothing without a request", function()
        assert.equal(0, request_headers.look())
        assert.is_false(request_headers.has("x-spec-one"))
        assert.is_nil(request_headers.value_of("x-spec-one"))
    end)

    it("makes names of variables", function()
        assert.equal("x-spec-one", request_headers.name_of("http_x_spec_one"))
        assert.is_nil(request_headers.name_of("upstream_http_x"))
    end)
end)
