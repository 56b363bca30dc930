local body_key = require("resty.openclaw.core.request.body_key")
local canonical = require("resty.openclaw.core.text.json.canonical")
local digest = require("resty.openclaw.core.bytes.digest")
local ffi = require("ffi")
local http = require("spec.support.http")

local PORT = 18143
local SETTINGS = canonical.settings(1e6, { "user" })
local TYPE = "multipart/form-data; boundary=b"
local FORM = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
local md5 = digest.new("md5")

local function key_of(kind, text, content_type)
    local key = body_key.begin(kind, md5, SETTINGS, content_type)
    local size = body_key.piece_bytes(key)
    for from = 1, #text, size do
        local piece = text:sub(from, from + size - 1)
        body_key.update(key, ffi.cast("const uint8_t *", piece), #piece)
    end
    return body_key.finish(key)
end

local function posted(path, text, content_type)
    local answer = http.post_to(PORT, path, text, { ["Content-Type"] = content_type })
    assert.equal(200, answer.status)
    return answer.body
end

describe("body_key", function()
    it("is the digest of what the body means, and says as what it was read", function()
        assert.same({ "keyed", "raw-" .. ngx.md5('{"b":1, "a":2}') }, { key_of("raw", '{"b":1, "a":2}') })
        assert.same({ "keyed", "json-" .. ngx.md5('{"a":2,"b":1}') }, { key_of("json", '{"b":1, "a":2, "user":3}') })
        local form = "a1000000000001-00000000001-00000000001000000000001000000000001"
        assert.same({ "keyed", "multipart-" .. ngx.md5(form) }, { key_of("multipart", FORM, TYPE) })
        assert.same({ "keyed", "raw-" .. ngx.md5("") }, { key_of("raw", "") })
    end)

    it("says of JSON what the wanted member is", function()
        local settings = canonical.settings(1e6, {}, "model")
        local function key_and_model(kind, text)
            local key = body_key.begin(kind, md5, settings)
            body_key.update(key, ffi.cast("const uint8_t *", text), #text)
            return body_key.finish(key)
        end
        local text = '{"model":"large"}'
        assert.same({ "keyed", "json-" .. ngx.md5(text), "large" }, { key_and_model("json", text) })
        assert.same({ "keyed", "raw-" .. ngx.md5(text) }, { key_and_model("raw", text) })
    end)

    it("says why there is none", function()
        assert.same({ "not_json" }, { key_of("json", "a=b") })
        assert.same({ "not_json" }, { key_of("json", "") })
        assert.same({ "too_large" }, { key_of("json", '"' .. ("x"):rep(1e6) .. '"') })
        assert.same({ "not_keyable", "duplicate_name" }, { key_of("json", '{"a":1,"a":2}') })
        assert.same({ "not_keyable", "no_boundary" }, { key_of("multipart", FORM) })
        assert.same({ "not_keyable", "no_boundary" }, { key_of("multipart", FORM, "application/json") })
        assert.same({ "not_keyable", "malformed" }, { key_of("multipart", FORM:sub(1, -5), TYPE) })
    end)

    it("says so when OpenSSL fails", function()
        for _, kind in ipairs({ "raw", "json", "multipart" }) do
            local key = body_key.begin(kind, md5, SETTINGS, TYPE)
            body_key.update(key, ffi.cast("const uint8_t *", FORM), kind == "multipart" and #FORM or 0)
            if kind == "json" then body_key.update(key, ffi.cast("const uint8_t *", "1"), 1) end
            key.context.broken = true
            local outcome, err = body_key.finish(key)
            assert.equal("failed", outcome)
            assert.matches("md5", err)
        end
    end)

    for _, path in ipairs({ "/body_key", "/body_key_memory" }) do
        it("reads a request's body wherever it is: " .. path, function()
            local members, expected = {}, {}
            for index = 1, 20000 do
                members[index] = string.format('"%06d": "x"', 20001 - index)
                expected[index] = string.format('"%06d":"x"', index)
            end
            local text = "{" .. table.concat(members, ", ") .. "}"
            assert.equal("keyed|json-" .. ngx.md5("{" .. table.concat(expected, ",") .. "}"), posted(path .. "?kind=json", text))
            assert.equal("keyed|raw-" .. ngx.md5(text), posted(path .. "?kind=raw", text))
            local form = FORM:gsub("\r\n\r\n1", function() return "\r\n\r\n" .. text end)
            local meant = "a" .. text .. "000000000001-00000000001-00000000001" .. string.format("%012d", #text) .. "000000000001"
            assert.equal("keyed|multipart-" .. ngx.md5(meant), posted(path .. "?kind=multipart", form, TYPE))
            assert.equal("not_json|nil", posted(path .. "?kind=json", text .. "x"))
            assert.equal("keyed|raw-" .. ngx.md5(""), posted(path .. "?kind=raw", ""))
        end)
    end

    it("lets others have their turn while it reads, sorts and writes", function()
        local members = {}
        for index = 1, 50000 do members[index] = string.format('"%06d": "some text"', index * 7919 % 50021) end
        local turns = tonumber(posted("/body_key_turns?kind=json", "{" .. table.concat(members, ", ") .. "}"))
        assert.is_true(turns >= 10, turns)
    end)
end)
