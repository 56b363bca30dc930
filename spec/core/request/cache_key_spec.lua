local body_digest = require("resty.openclaw.body_digest")
local http = require("spec.support.http")

-- Who may get whose answer is shown in spec/integration/cache_key.test.ts.
describe("cache_key", function()
    local function key_of(path, body, headers)
        local answer = http.post_to(18145, path, body, headers)
        assert.equal(200, answer.status)
        local key, skip = answer.body:match("^([^|]*)|([^|]*)$")
        return key, skip
    end

    it("is there before any set, where server_rewrite makes it", function()
        local key, skip = key_of("/key", "image")
        assert.truthy(key:find("^%x+$"))
        assert.equal(64, #key)
        assert.equal("", skip)
        assert.equal(key, (key_of("/key", "image")))
        assert.not_equal(key, (key_of("/key", "other")))
        assert.not_equal(key, (key_of("/key?x", "image")))
    end)

    it("is one that no other request has, where there is none", function()
        -- Nobody knows yet what the header is worth.
        for _, headers in ipairs({ { Authorization = "x" }, { ["X-OpenClaw-Identity"] = "x" }, { ["Content-Length"] = 5 * 1024 * 1024 } }) do
            local bytes = headers["Content-Length"] and ("x"):rep(headers["Content-Length"]) or "image"
            headers["Content-Length"] = nil
            local key, skip = key_of("/key", bytes, headers)
            assert.truthy(key:find("^none%-%x+$"))
            assert.equal("1", skip)
            assert.not_equal(key, (key_of("/key", bytes, headers)))
        end
    end)

    it("refuses options that are none", function()
        local function refuses(sentence, options)
            assert.same({ false, sentence }, { pcall(body_digest.new, options) })
        end
        refuses('body_digest.credentials must be one of bypass, key, got "cache"', { credentials = "cache" })
        refuses('body_digest.key_variables must be a list with at least one entry, got a string', { key_variables = "x" })
        refuses('body_digest.key_variables[2] must be the name of a variable without $, got 5', { key_variables = { "http_x", 5 } })
        refuses('body_digest.key_variables[1] must be the name of a variable without $, got "$http_x"', { key_variables = { "$http_x" } })
    end)
end)
