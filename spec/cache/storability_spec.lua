local http = require("spec.support.http")
local request = require("resty.openclaw.core.request.request")
local storability = require("resty.openclaw.cache.storability")

--- What it says of a node's answer with these headers: whether it may be stored, and whether it is the same for all.
local function of(fields, more)
    local parts = {}
    for at, field in ipairs(fields) do parts[at] = field[1] .. ":" .. ngx.escape_uri(field[2]) .. ";" end
    local answer = http.raw("GET /storability?fields=" .. table.concat(parts) .. (more or "") .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", 18147)
    assert.equal(200, answer.status)
    return answer.header("X-Storability"), answer.header("X-Seconds")
end

local DAY = 86400

describe("cache.storability", function()
    it("lets an answer be stored that says nothing, or that it may", function()
        for _, fields in ipairs({
            {},
            { { "Cache-Control", "public, max-age=60" } },
            { { "Cache-Control", "no-transform" }, { "Pragma", "no-cache" } },
            { { "Cache-Control", "no-stored, xprivate, max-age=0x, max-age=10" } },
            { { "Expires", ngx.http_time(ngx.time() + DAY) } },
            -- nginx takes this one in place of the others.
            { { "X-Accel-Expires", "60" }, { "Cache-Control", "no-store" } },
            { { "X-Accel-Expires", "@" .. ngx.time() + DAY }, { "Cache-Control", "no-store" } },
            { { "X-Accel-Expires", "soon" }, { "Cache-Control", "max-age=60" } },
        }) do
            assert.equal("true true", of(fields), require("cjson").encode(fields))
        end
    end)

    it("keeps answers for as long as their nodes say, by the header that nginx takes", function()
        for expected, fields in pairs({
            inf = { { "Cache-Control", "public" } },
            ["60"] = { { "Cache-Control", "public, Max-Age=60" } },
            ["70"] = { { "Cache-Control", "max-age=60, s-maxage=70" } },
            ["80"] = { { "Cache-Control", "s-maxage=80" }, { "Cache-Control", "max-age=60" }, { "Expires", "0" } },
            ["90"] = { { "X-Accel-Expires", "90" }, { "Cache-Control", "max-age=60" } },
        }) do
            assert.equal(expected, select(2, of(fields)))
        end
        local _, left = of({ { "Expires", ngx.http_time(ngx.time() + DAY) } })
        assert.near(DAY, tonumber(left), 60)
        _, left = of({ { "X-Accel-Expires", "@" .. ngx.time() + DAY } })
        assert.near(DAY, tonumber(left), 60)
    end)

    it("lets no answer be stored that is for one caller, or says that it may not", function()
        for _, fields in ipairs({
            { { "Set-Cookie", "a=b" } },
            { { "Cache-Control", "no-store" } },
            { { "Cache-Control", "NO-CACHE" } },
            { { "Cache-Control", "max-age=60 , private" } },
            { { "Cache-Control", "public" }, { "Cache-Control", "private" } },
            { { "Cache-Control", 'private="x-one, x-other"' } },
            { { "Cache-Control", 'no-cache="set-cookie"' } },
            { { "Cache-Control", "max-age=0" } },
            { { "Cache-Control", "s-maxage=0, max-age=60" } },
            { { "Expires", ngx.http_time(ngx.time() - DAY) } },
            { { "Expires", "0" } },
            { { "Expires", "soon" } },
            { { "Cache-Control", "max-age=00" } },
            { { "X-Accel-Expires", "0" } },
            { { "X-Accel-Expires", "00" }, { "Cache-Control", "max-age=60" } },
            { { "X-Accel-Expires", "@" .. ngx.time() - DAY } },
            -- nginx does not understand it, and goes by the others.
            { { "X-Accel-Expires", "soon" }, { "Cache-Control", "no-store" } },
            { { "X-Accel-Expires", "60" }, { "Set-Cookie", "a=b" } },
        }) do
            assert.equal("false", of(fields):match("^%a+"), require("cjson").encode(fields))
        end
        assert.equal("false", of({ { "Vary", "*" } }):match("^%a+"))
        assert.equal("false", of({ { "Vary", "Accept, *" } }):match("^%a+"))
        assert.equal("false true", of({}, "&degraded=1"))
    end)

    it("lets no answer be stored that has more headers than it looks at", function()
        local fields = {}
        for at = 1, 110 do fields[at] = { "X-" .. at, "" .. at } end
        assert.equal("false", of(fields):match("^%a+"))
    end)

    it("knows what is in each key", function()
        assert.equal("true true", of({ { "Vary", "Accept-Encoding" }, { "Vary", "accept , Content-Type,," } }))
        assert.equal("true false", of({ { "Vary", "Accept-Language" } }))
        assert.equal("true false", of({ { "Vary", "Accept" }, { "Vary", "Origin" } }))
    end)

    it("tells an end from a connection that broke off", function()
        for _, case in ipairs({
            { false, "6" }, { false, "0" }, { false, nil, "chunked" }, { false, nil, "Chunked" }, { false, nil, "gzip, chunked" },
            { true }, { true, "" }, { true, "x" }, { true, "6, 6" }, { true, "-1" }, { true, nil, "gzip" },
        }) do
            local variable = stub(request, "variable").invokes(function(name)
                return name == "upstream_http_content_length" and case[2] or name == "upstream_http_transfer_encoding" and case[3] or nil
            end)
            local has_open_end = storability.has_open_end()
            variable:revert()
            assert.equal(case[1], has_open_end, tostring(case[2]) .. " " .. tostring(case[3]))
        end
    end)
end)
