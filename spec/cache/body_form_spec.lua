local body_form = require("resty.openclaw.cache.body_form")
local ffi = require("ffi")

local FORM = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'

--- The key and the type of a body; or why there is none.
local function key_of(form, text, content_type, encoding)
    local of = body_form.new(form, { "user" }, 1000)
    local outcome, detail = body_form.key_of(of, { bytes = #text, memory = ffi.cast("const uint8_t *", text), copy = text }, content_type, encoding)
    if outcome ~= "keyed" then return outcome end
    return detail .. " " .. tostring(body_form.type_of(detail, content_type))
end

describe("cache.body_form", function()
    it("leaves out of the type what says nothing", function()
        local plain = key_of("json", '{"a":1,"b":2}', "application/json")
        assert.matches("^json%-%x+ application/json$", plain)
        for _, content_type in ipairs({ " Application/JSON", "application/json;charset=UTF-8", 'application/json ; charset="utf-8"' }) do
            assert.equal(plain, key_of("json", '{"b":2,"a":1,"user":3}', content_type), content_type)
        end
        assert.matches("^multipart%-%x+ multipart/form%-data$", key_of("multipart", FORM, "Multipart/Form-Data; boundary=b"))
    end)

    it("has in the type what a reader may go by", function()
        for _, content_type in ipairs({
            "application/json; charset=utf-16", "application/json; charset=iso-8859-1", "application/json; profile=x", "application/json; charset=utf-8; profile=x",
            "application/vnd.api+json; ext=x", "application/json; charset=utf-8, text/plain", "application/json;",
        }) do
            assert.equal(content_type, key_of("json", "{}", content_type):match("^json%-%x+ (.*)$"))
        end
        local charset = key_of("multipart", FORM, "multipart/form-data; boundary=b; charset=UTF-16")
        assert.matches("^multipart%-%x+ multipart/form%-data; charset=utf%-16$", charset)
    end)

    it("has the whole type of what is taken as bytes", function()
        for _, content_type in ipairs({ "application/json; charset=utf-8", "application/json" }) do
            assert.equal(content_type, key_of("json", "\0{\0}", content_type):match("^raw%-%x+ (.*)$"))
        end
        assert.equal("nil", key_of("raw", "x"):match("^raw%-%x+ (.*)$"))
    end)

    it("reads as JSON only what says that it is", function()
        for _, content_type in ipairs({ "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "" }) do
            assert.matches("^raw%-", key_of("json", '{"a":1}', content_type))
        end
        assert.matches("^raw%-", key_of("json", '{"a":1}'))
        assert.matches("^raw%-", key_of("multipart", FORM, "application/json"))
        assert.equal("not_keyable", key_of("multipart", FORM, "multipart/form-data; boundary=b, multipart/form-data; boundary=c"))
    end)

    it("takes encoded bodies as bytes", function()
        assert.matches("^raw%-", key_of("json", "{}", "application/json", "gzip"))
        assert.matches("^raw%-", key_of("multipart", FORM, "multipart/form-data; boundary=b", "x"))
        assert.matches("^json%-", key_of("json", "{}", "application/json", ""))
    end)
end)
