local cjson = require("cjson")
local bodies = require("spec.support.body_images")
local convert, wants, form, field, file = bodies.convert, bodies.wants, bodies.form, bodies.field, bodies.file

--- Bytes of every kind, as of an image, and what is made of it.
local PHOTO = "\255\216\255\224\0\16JFIF\r\n--\r\n\r\n-----\0\"\\" .. ("\r\n--X"):rep(20) .. "\255\217"
local SMALL = "\255\216small\r\n\0--\255\217"
local PHOTO_64, SMALL_64 = ngx.encode_base64(PHOTO), ngx.encode_base64(SMALL)
local PICTURE = bodies.picture(SMALL)

--- As the clients write their boundaries.
local BOUNDARIES = {
    curl = "------------------------d74496d66958873e", browser = "----WebKitFormBoundary7MA4YWxkTrZu0gW", firefox = "---------------------------9051914041544843365972754266",
    requests = "c3b2f0e1a9d84f6f8d1a7b6c5e4d3f2a", undici = "----formdata-undici-012345678901", others = "0'()+_,-./:=? X",
}

local function type_of(boundary) return ('multipart/form-data; boundary="%s"'):format(boundary) end

--- The code, the status, and whether there is a sentence.
local function refusal(text, content_type, its_wants)
    local made, code, status, sentence = convert(text, content_type, its_wants, PICTURE, PICTURE)
    assert.is_nil(made, text:sub(1, 300))
    assert.truthy(sentence:find("^%u.*%.$"), sentence)
    return code .. " " .. status
end

local function check(expected, made, code)
    assert(made, code)
    for name, value in pairs(expected) do assert.same(value, made[name], name) end
    if not expected.query then assert.is_nil(made.query) end
end

describe("an image as the body", function()
    it("is found under any type but those of forms and JSON", function()
        for _, content_type in ipairs({ "image/jpeg", "IMAGE/PNG", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain", "", "x" }) do
            check({ body = SMALL, content_type = "image/jpeg", images = { PHOTO } }, convert(PHOTO, content_type, wants(), PICTURE))
        end
        check({ body = SMALL, images = { " " } }, convert(" ", nil, wants(), PICTURE))
    end)

    it("becomes JSON", function()
        check({ content_type = "application/json", images = { PHOTO },
            body = ('{"image":"%s","content_type":"image/webp","width":7,"height":8}'):format(SMALL_64),
        }, convert(PHOTO, "image/jpeg", wants({ send = "json" }), bodies.picture(SMALL, "image/webp", 7, 8)))
        local made = assert(convert(PHOTO, nil, wants({ send = "json", json_field = 'a"b' }), PICTURE))
        assert.equal(SMALL_64, cjson.decode(made.body)['a"b'])
    end)

    it("becomes a form", function()
        local made = assert(convert(PHOTO, "image/jpeg", wants({ send = "multipart" }), PICTURE))
        assert.same({ { "image", "image.jpg", "image/jpeg", SMALL } }, bodies.parts(made.body, made.content_type))
        made = assert(convert(PHOTO, "image/jpeg", wants({ send = "multipart", form_field = "file" }), bodies.picture(SMALL, "image/png")))
        assert.same({ { "file", "image.png", "image/png", SMALL } }, bodies.parts(made.body, made.content_type))
    end)

    it("may be a data URL", function()
        for _, text in ipairs({ "data:image/jpeg;base64," .. PHOTO_64, "DATA:image/png;BASE64," .. PHOTO_64 .. "\r\n", "\r\n data:;base64," .. PHOTO_64,
            "data:image/jpeg;charset=x;base64," .. PHOTO_64, "data:application/octet-stream;base64," .. PHOTO_64:gsub("=", "") }) do
            check({ body = SMALL, content_type = "image/jpeg", images = { PHOTO } }, convert(text, "text/plain", wants(), PICTURE))
        end
        for text, expected in pairs({
            ["data:image/jpeg," .. PHOTO_64] = "broken_image 422", ["data:image/jpeg;base64"] = "broken_image 422", ["data:"] = "broken_image 422",
            ["data:image/jpeg;base64,"] = "broken_image 422", ["data:image/jpeg;base64,A"] = "broken_image 422", ["data:text/html;base64," .. PHOTO_64] = "unsupported_media_type 415",
            ["data:image/jpeg;" .. ("x"):rep(300) .. ";base64," .. PHOTO_64] = "broken_image 422", ["data:image/jpeg;base64,\\u0041AAA"] = "broken_image 422",
        }) do
            assert.equal(expected, refusal(text, "text/plain", wants()), text)
        end
    end)

    it("is no JSON under another type", function()
        for _, text in ipairs({ '{"image":"AAAA"}', ' \r\n{"image":"AAAA"}' }) do
            for _, inputs in ipairs({ { "raw" }, { "json" } }) do
                assert.same({ "unsupported_media_type", 415, "The body looks like JSON: send it with the Content-Type application/json." },
                    { select(2, convert(text, "application/x-www-form-urlencoded", wants({ inputs = inputs }))) })
            end
        end
    end)

    it("has to be there, and accepted", function()
        assert.equal("no_image 422", refusal("", "image/jpeg", wants()))
        assert.equal("unsupported_media_type 415", refusal(PHOTO, "image/jpeg", wants({ inputs = { "multipart", "json", "data_url" } })))
        assert.equal("unsupported_media_type 415", refusal("data:image/jpeg;base64," .. PHOTO_64, "text/plain", wants({ inputs = { "raw", "json" } })))
        assert.equal("unsupported_media_type 415", refusal(PHOTO, "multipart/mixed; boundary=x", wants()))
    end)
end)

describe("an image in a form", function()
    it("is replaced where it stands, whoever writes the form", function()
        for name, boundary in pairs(BOUNDARIES) do
            local function with(image) return form(boundary, { field("model", "yolo"), image, field("", "\r\n\0"), file("other", "a.txt", "text/plain", "text") }) end
            check({ body = with(file("shot", "a.jpg", "image/jpeg", SMALL)), content_type = type_of(boundary), images = { PHOTO } },
                convert(with(file("shot", "a.png", "image/png", PHOTO)), type_of(boundary), wants({ send = "multipart" }), PICTURE))
            check({ body = SMALL, query = "model=yolo&=%0D%0A%00" },
                convert(form(boundary, { field("model", "yolo"), file("shot", "a.png", "image/png", PHOTO), field("", "\r\n\0") }), type_of(boundary), wants(), PICTURE))
            assert.is_string(name)
        end
    end)

    it("keeps other lines of its header, but those about its bytes", function()
        local head = "X-Camera: 7\r\ncontent-length: " .. #PHOTO .. '\r\nCONTENT-DISPOSITION: form-data; filename="a.jpg"; name=i\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nX-Last:'
        local made = assert(convert(form("b", { { head, PHOTO } }), "multipart/form-data; boundary=b", wants({ send = "multipart" }), PICTURE))
        assert.equal('--b\r\nContent-Disposition: form-data; name="i"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\nX-Camera: 7\r\nX-Last:\r\n\r\n' .. SMALL .. "\r\n--b--\r\n", made.body)
    end)

    it("is that of the route's field, or of the first part with a file's name or an image's type", function()
        local one, two = file("one", "1.jpg", "image/jpeg", "1"), file("two", "2.jpg", "image/jpeg", "2")
        local typed = { 'Content-Disposition: form-data; name="typed"\r\nContent-Type: image/png', "3" }
        local function images(parts, changes)
            changes.send = "multipart"
            local made, code = convert(form("b", parts), "multipart/form-data; boundary=b", wants(changes), PICTURE, PICTURE, PICTURE)
            return made and table.concat(made.images) or code
        end
        assert.equal("1", images({ field("a", "x"), one, two }, {}))
        assert.equal("3", images({ field("a", "x"), typed, one, two }, {}))
        assert.equal("2", images({ file("a", "", "application/octet-stream", ""), two }, {}))
        assert.equal("2", images({ one, two }, { form_field = "two" }))
        assert.equal("x", images({ one, field("text", "x") }, { form_field = "text" }))
        assert.equal("no_image", images({ one, two }, { form_field = "three" }))
        assert.equal("no_image", images({ field("a", "x") }, {}))
        assert.equal("no_image", images({ file("a", "", "application/octet-stream", "") }, {}))
        local function sentence(changes) return (select(4, convert(form("b", { field("a", "x") }), "multipart/form-data; boundary=b", wants(changes)))) end
        assert.equal('The form has no image in a field with the name "three".', sentence({ form_field = "three" }))
        assert.equal("The form has no file, and no part whose Content-Type is that of an image.", sentence({}))
        -- No reader finds another part of the name that was not converted.
        assert.equal("too_many_images", images({ one, two, one }, {}))
        assert.equal("too_many_images", images({ one, field("one", "x") }, {}))
        assert.equal("12", images({ one, two, file("one", "", "text/plain", "2") }, { most_images = 2 }))
    end)

    it("may be a data URL", function()
        local function with(text) return form("b", { field("image", text), field("a", "b") }) end
        check({ body = SMALL, query = "a=b", images = { PHOTO } },
            convert(with("data:image/png;base64," .. PHOTO_64), "multipart/form-data; boundary=b", wants({ form_field = "image" }), PICTURE))
        assert.equal("broken_image 422", refusal(with("data:image/png,x"), "multipart/form-data; boundary=b", wants({ form_field = "image" })))
        assert.equal("unsupported_media_type 415",
            refusal(with("data:image/png;base64,AAAA"), "multipart/form-data; boundary=b", wants({ form_field = "image", inputs = { "multipart" } })))
    end)

    it("goes into JSON, and the other fields as texts", function()
        local body = form("b", { field("model", 'a"\\\n\0é'), file("shot", "a.png", "image/png", PHOTO), field('nämé', ""), field("width", "old"), file("unchosen", "", "application/octet-stream", "") })
        check({ content_type = "application/json", images = { PHOTO },
            body = ('{"image":"%s","content_type":"image/jpeg","width":640,"height":480,"model":"a\\"\\\\\\n\\u0000é","nämé":""}'):format(SMALL_64),
        }, convert(body, "multipart/form-data; boundary=b", wants({ send = "json" }), PICTURE))
    end)

    it("leaves nothing behind: what has no place in the new body is a problem", function()
        local shot = file("shot", "a.png", "image/png", PHOTO)
        local typed = { 'Content-Disposition: form-data; name="typed"\r\nContent-Type: image/png', "3" }
        for _, case in ipairs({
            { "raw", shot, file("other", "b.txt", "text/plain", "text") }, { "json", shot, file("other", "", "text/plain", "text") }, { "json", shot, typed },
            { "json", shot, field("a", "\255") }, { "json", shot, field("\255", "a") }, { "json", shot, field("a", "1"), field("a", "1") },
            { "json", shot, field("image", "x") }, { "json", shot, { 'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=latin1', "x" } },
        }) do
            local body = form("b", { unpack(case, 2) })
            assert.equal("unsendable_field 422", refusal(body, "multipart/form-data; boundary=b", wants({ send = case[1] })), body)
        end
        assert.equal("unsendable_field 422", refusal(form("b", { shot, field("a", "x") }), "multipart/form-data; boundary=b; charset=utf-16", wants({ send = "json" })))
        assert.equal("too_many_images 422", refusal(form("b", { shot, shot }), "multipart/form-data; boundary=b", wants({ most_images = 2 })))
        check({ body = SMALL, query = "a=1&a=1" }, convert(form("b", { shot, field("a", "1"), field("a", "1") }), "multipart/form-data; boundary=b", wants(), PICTURE))
    end)

    it("has a bound for what goes into the query", function()
        local shot = file("shot", "a.png", "image/png", PHOTO)
        local function with(value) return form("b", { shot, field("a", value), field("b", "") }) end
        local made = assert(convert(with(("x"):rep(4091)), "multipart/form-data; boundary=b", wants(), PICTURE))
        assert.equal(4096, #made.query)
        for _, value in ipairs({ ("x"):rep(4092), ("\n"):rep(1400), ("x"):rep(1000000) }) do
            assert.equal("fields_too_large 413", refusal(with(value), "multipart/form-data; boundary=b", wants()))
        end
    end)

    it("may have the boundary in it: then the new form has another one", function()
        local text = form("b", { file("i", "a.jpg", "image/jpeg", PHOTO), field("a", "b") })
        for _, bytes in ipairs({ "--b", "x\r\n--b\r\n", "--b--", "\r\n--b\r\nContent-Disposition: form-data; name=\"evil\"\r\n\r\nx", "--b--openclaw-00000001" }) do
            local made = assert(convert(text, "multipart/form-data; boundary=b", wants({ send = "multipart" }), bodies.picture(bytes)))
            assert.not_equal("multipart/form-data; boundary=b", made.content_type)
            assert.same({ { "i", "a.jpg", "image/jpeg", bytes }, { "a", false, false, "b" } }, bodies.parts(made.body, made.content_type))
        end
        -- In a header, too: some readers only look for lines.
        local head = 'Content-Disposition: form-data; name="a"\r\n--b: x'
        local made = assert(convert(form("b", { file("i", "a.jpg", "image/jpeg", PHOTO), { head, "v" } }), "multipart/form-data; boundary=b", wants({ send = "multipart" }), PICTURE))
        assert.equal("multipart/form-data; boundary=openclaw-00000001", made.content_type)
        local all = {}
        for index = 1, 16 do all[index] = ("--openclaw-%08d"):format(index) end
        assert.same({ nil, "unsendable_field" }, { convert(text, "multipart/form-data; boundary=b", wants({ send = "multipart" }), bodies.picture("--b" .. table.concat(all))) })
    end)

    it("is refused in a form that two readers may understand differently", function()
        local shot = file("i", "a.jpg", "image/jpeg", PHOTO)
        local good = form("b", { shot })
        for _, case in ipairs({
            { good, "multipart/form-data" }, { good, "multipart/form-data; boundary=c" }, { good, "multipart/form-data; boundary=b; boundary=c" },
            { "x" .. good }, { good .. "x" }, { good:sub(1, -6) }, { (good:gsub("\r\n%-%-b", "\n--b")) }, { form("b", { { 'Content-Disposition: form-data; name="i"; filename=a; x=y', "x" } }) },
            { form("b", { { 'Content-Disposition: form-data; name="i"; filename="a\\".jpg"', "x" } }) }, { form("b", { { 'Content-Disposition: form-data; name="i\nX: y"; filename=a', "x" } }) },
            { form("b", { { 'Content-Disposition: form-data; name="i"; filename="a\r.jpg"', "x" } }) }, { form("b", { { shot[1] .. "\r\n" .. shot[1], "x" } }) },
            { form("b", { { shot[1] .. "\r\nX: \0", "x" } }) }, { form("b", { { shot[1] .. "\r\nX: " .. ("x"):rep(10000), "x" } }) }, { "--b" }, { "--b--\r" }, { "\0" },
        }) do
            assert.equal("broken_form 422", refusal(case[1], case[2] or "multipart/form-data; boundary=b", wants({ send = "multipart" })))
        end
        assert.equal("no_image 422", refusal("--b--", "multipart/form-data; boundary=b", wants()))
        local parts = {}
        for index = 1, 1001 do parts[index] = field("a" .. index, "") end
        assert.equal("broken_form 422", refusal(form("b", parts), "multipart/form-data; boundary=b", wants()))
        parts[1001], parts[1000] = nil, shot
        assert.equal(1000, #bodies.parts(assert(convert(form("b", parts), "multipart/form-data; boundary=b", wants({ send = "multipart" }), PICTURE)).body, "multipart/form-data; boundary=b"))
    end)
end)

describe("an image in JSON", function()
    it("is replaced where it stands, with what it is beside it", function()
        for _, spelling in ipairs({ PHOTO_64, "data:image/png;base64," .. PHOTO_64, PHOTO_64:gsub("/", "\\/"), "data:image\\/png;base64," .. PHOTO_64:gsub("%+", "\\u002b"),
            "d\\u0061ta:image/png;base64\\u002C" .. PHOTO_64, PHOTO_64:gsub(("."):rep(76), "%0\\r\\n") .. "\\n", (PHOTO_64:gsub("%+", "-"):gsub("/", "_"):gsub("=", "")) }) do
            local rest = ' , "a" : [1e400, 1.10, -0.0, 123456789012345678901234567890, "\\u00e9\\ud83d\\"}", {"image":1}],"b":null\n}\n'
            check({ content_type = "application/json; charset=utf-8", images = { PHOTO },
                body = ('{ "image" :\t"%s","content_type":"image/jpeg","width":640,"height":480'):format(SMALL_64) .. rest,
            }, convert('{ "image" :\t"' .. spelling .. '"' .. rest, "application/json; charset=utf-8", wants({ send = "json" }), PICTURE))
        end
    end)

    it("has a client's own words about it replaced", function()
        local body = '{"width":{"x":[1]},"im\\u0061ge":"%s"%s,"content_type":"%s","model":"m"}'
        local made = assert(convert(body:format(PHOTO_64, "", "image/png"), "application/json", wants({ send = "json" }), PICTURE))
        assert.equal('{"width":640,"im\\u0061ge":"' .. SMALL_64 .. '","height":480,"content_type":"image/jpeg","model":"m"}', made.body)
    end)

    it("goes alone, and the other members as a query", function()
        local made = assert(convert('{"a":"x y&=%\\u00e9\\n","image":"' .. PHOTO_64 .. '","b":1.50,"c":[1, {"d":"\\/"}],"e":null,"f":true,"\\"&":"","width":9}', "application/json", wants(), PICTURE))
        check({ body = SMALL, content_type = "image/jpeg", images = { PHOTO },
            query = "a=x%20y%26%3D%25%C3%A9%0A&b=1.50&c=%5B1%2C%20%7B%22d%22%3A%22%5C%2F%22%7D%5D&e=null&f=true&%22%26=&width=9" }, made)
        local function with(value) return '{"image":"AAAA","a":' .. value .. "}" end
        assert.equal(4096, #assert(convert(with('"' .. ("x"):rep(4094) .. '"'), "application/json", wants(), PICTURE)).query)
        assert.equal(4096, #assert(convert(with('"' .. ("\\u0078"):rep(4094) .. '"'), "application/json", wants(), PICTURE)).query)
        for _, value in ipairs({ '"' .. ("x"):rep(4095) .. '"', ("1"):rep(4095), "[" .. ("1,"):rep(100000) .. "1]", '"' .. ("\\n"):rep(500000) .. '"' }) do
            assert.equal("fields_too_large 413", refusal(with(value), "application/json", wants()))
        end
    end)

    it("goes into a form, and the other members as fields", function()
        local made = assert(convert('{"a":"x\\r\\n\\u0000\\u00e9\\"","image":"data:image/png;base64,' .. PHOTO_64 .. '","b":1.50,"c":[1, {"d":"\\/"}],"e":null,"n\\u00e4me":false}',
            "application/json", wants({ send = "multipart", form_field = "file" }), PICTURE))
        assert.same({ { "a", false, false, 'x\r\n\0é"' }, { "b", false, false, "1.50" }, { "c", false, false, '[1, {"d":"\\/"}]' }, { "e", false, false, "null" },
            { "näme", false, false, "false" }, { "file", "image.jpg", "image/jpeg", SMALL } }, bodies.parts(made.body, made.content_type))
        -- A field cannot begin a part.
        made = assert(convert('{"a":"--openclaw-00000001\\r\\n","b":"\\r\\n-\\u002dopenclaw-00000002--","image":"AAAA"}', "application/json", wants({ send = "multipart" }), PICTURE))
        assert.equal("multipart/form-data; boundary=openclaw-00000003", made.content_type)
        assert.equal(3, #bodies.parts(made.body, made.content_type))
    end)

    it("leaves nothing behind: what has no place in the new body is a problem", function()
        for _, case in ipairs({
            { "multipart", '"a\\"b":1' }, { "multipart", '"a\\r\\nX: y":1' }, { "multipart", '"a\\\\b":1' }, { "multipart", '"\\u0000":1' }, { "multipart", '"\\ud83d":1' },
            { "multipart", '"a":"\\ud83d"' }, { "multipart", '"' .. ("x"):rep(1025) .. '":1' }, { "multipart", '"file":1' },
            { "raw", '"a":"\\ude00"' }, { "raw", '"\\ude00":1' },
        }) do
            local body = '{"image":"AAAA",' .. case[2] .. "}"
            assert.equal("unsendable_field 422", refusal(body, "application/json", wants({ send = case[1], form_field = "file" })))
            assert.is_table((convert(body, "application/json", wants({ send = "json" }), PICTURE)))
        end
        local members = {}
        for index = 1, 1000 do members[index] = ('"a%d":1'):format(index) end
        assert.equal("fields_too_large 413", refusal('{"image":"AAAA",' .. table.concat(members, ",") .. "}", "application/json", wants({ send = "multipart" })))
    end)

    it("has to be there, and accepted", function()
        for _, body in ipairs({ "{}", '{"Image":"AAAA"}', '{"image":null}', '{"image":["AAAA"]}', '{"image":{"image":"AAAA"}}', '{"image":""}', "[]", '"AAAA"', "1", "null",
            '[{"image":"AAAA"}]', '{"messages":"x","input":{}}' }) do
            assert.equal("no_image 422", refusal(body, "application/json", wants()), body)
        end
        assert.equal('The JSON has no member "photo" with an image in it, and is no chat.', (select(4, convert('{"image":"AAAA"}', "application/json", wants({ json_field = "photo" })))))
        for _, chat in ipairs({ '{"messages":[{"content":"text"}]}', '{"input":"text"}', '{"input":[]}',
            '{"messages":[{"content":[{"image_url":null},{"image_url":{"url":1}},{},1]}]}' }) do
            assert.equal("untouched 200", refusal(chat, "application/json", wants()), chat)
        end
        for _, content_type in ipairs({ "application/json", "Application/JSON;charset=utf-8", "application/problem+json" }) do
            assert.equal("unsupported_media_type 415", refusal('{"image":"AAAA"}', content_type, wants({ inputs = { "raw", "multipart" } })))
            assert.equal("unsupported_media_type 415", refusal('{"image":"AAAA"}', content_type, wants({ inputs = { "data_url" } })))
            assert.equal("unsupported_media_type 415", refusal('{"image":"data:;base64,AAAA"}', content_type, wants({ inputs = { "json" } })))
        end
        for _, letters in ipairs({ "A", "AA*A", "AA=", "AAAA\\u0000", "\\ud83d", "é", "AA\\\\AA", "====", "\\n", "  ", "AAAA\\\"" }) do
            assert.equal("broken_image 422", refusal('{"image":"' .. letters .. '"}', "application/json", wants()), letters)
        end
    end)

    it("is refused in JSON that two readers may understand differently, or that is too much", function()
        for body, expected in pairs({
            ["{"] = "invalid_json 400", ['{"image":"AAAA"'] = "invalid_json 400", ['{"image":"AAAA"}x'] = "invalid_json 400", ['{"image":"AAAA",}'] = "invalid_json 400",
            ["\0"] = "invalid_json 400", ['{"image":"AA\0AA"}'] = "invalid_json 400", ['{"image":"AA\nAA"}'] = "invalid_json 400", ['{"image":"\\x"}'] = "invalid_json 400",
            ['\239\187\191{"image":"AAAA"}'] = "invalid_json 400", ['{"image":"AAAA","a":"\255"}'] = "invalid_json 400", ["{'image':'AAAA'}"] = "invalid_json 400", [" "] = "invalid_json 400",
            ['{"image":"AAAA","image":"BBBB"}'] = "json_duplicate_name 422", ['{"image":"AAAA","im\\u0061ge":"BBBB"}'] = "json_duplicate_name 422",
            ['{"image":"AAAA","a":{"b":1,"b":2}}'] = "json_duplicate_name 422", ['{"image":"AAAA","a":' .. ("["):rep(64) .. ("]"):rep(64) .. "}"] = "json_too_deep 422",
            [("["):rep(1000000)] = "json_too_deep 422", ['{"' .. ("x"):rep(1000000) .. '":1,"image":"AAAA"}'] = "fields_too_large 413",
        }) do
            assert.equal(expected, refusal(body, "application/json", wants()), body:sub(1, 60))
        end
        local members = {}
        for index = 1, 100001 do members[index] = ('"%d":1'):format(index) end
        assert.equal("json_too_many_members 422", refusal("{" .. table.concat(members, ",") .. "}", "application/json", wants()))
    end)
end)

describe("images in chats", function()
    it("of Anthropic and Ollama stay in their forms", function()
        local new = ngx.encode_base64(PICTURE.text)
        for old, expected in pairs({
            ['{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}],"x":1.0}'] =
                '{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"%s"}}]}],"x":1.0}',
            ['{"messages":[{"content":[{"source":{"data":"AAAA","media_type":"image/png"}}]}]}'] =
                '{"messages":[{"content":[{"source":{"data":"%s","media_type":"image/jpeg"}}]}]}',
            ['{"model":"llava","prompt":"x","images":["AAAA"]}'] = '{"model":"llava","prompt":"x","images":["%s"]}',
            ['{"messages":[{"role":"user","images":["AAAA"],"content":"x"}]}'] = '{"messages":[{"role":"user","images":["%s"],"content":"x"}]}',
        }) do
            for _, send in ipairs({ "raw", "json", "multipart" }) do
                local made = convert(old, "application/json", wants({ send = send }), PICTURE)
                assert.same({ "\0\0\0" }, made.images)
                assert.equal(expected:format(new), made.body)
            end
        end
        for _, chat in ipairs({
            '{"messages":[{"content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}]}]}',
            '{"messages":[{"content":[{"source":{"type":"url","url":"https://example.com/a.png"}}]}]}',
            '{"messages":[{"content":[{"source":{"media_type":1,"data":"AAAA"}},{"source":"x"}]}]}', '{"images":[]}', '{"images":[1,null,{}]}',
        }) do
            assert.equal("untouched 200", refusal(chat, "application/json", wants()), chat)
        end
        assert.equal("too_many_images 422", refusal('{"images":["AAAA","AAAA","AAAA"]}', "application/json", wants({ most_images = 2 })))
    end)

    local CHAT = '{"model":"m","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"?"},{"type":"image_url","image_url":{"detail":"low", "url" : "%s"}},'
        .. '{ "type":"image_url", "image_url":"%s" }]}],"max_tokens":1e2}'
    local RESPONSES = '{"input":[{"role":"user","content":[{"type":"input_text","text":"?"},{"type":"input_image","image_url":"%s"},{"type":"input_image","file_id":"f"}]},"x"],"image":null}'
    local NEW = "data:image/jpeg;base64," .. SMALL_64

    it("are replaced where they stand, whatever is sent otherwise", function()
        for _, send in ipairs({ "raw", "json", "multipart" }) do
            check({ body = CHAT:format(NEW, "data:image/png;base64," .. ngx.encode_base64("second")), images = { PHOTO, "other" }, content_type = "application/json" },
                convert(CHAT:format("data:image/webp;base64," .. PHOTO_64, "data:image\\/gif;base64," .. ngx.encode_base64("other")), "application/json",
                    wants({ send = send, most_images = 2, inputs = { "data_url" } }), PICTURE, bodies.picture("second", "image/png")))
            check({ body = RESPONSES:format(NEW), images = { PHOTO } },
                convert(RESPONSES:format("data:image/webp;base64," .. PHOTO_64), "application/json", wants({ send = send }), PICTURE))
        end
    end)

    it("may stand beside one of the top level", function()
        check({ body = '{"input":[{"content":[{"image_url":"' .. NEW .. '"}]}],"image":"' .. SMALL_64 .. '","content_type":"image/jpeg","width":640,"height":480}', images = { "\1\2\3", "\0\0\0" } },
            convert('{"input":[{"content":[{"image_url":"data:;base64,AQID"}]}],"image":"AAAA"}', "application/json", wants({ most_images = 2 }), PICTURE, PICTURE))
    end)

    it("may be elsewhere", function()
        for _, url in ipairs({ "https://example.com/a.jpg?x=1", "HTTP://[::1]:80/" }) do
            check({ body = CHAT:format(NEW, NEW), images = { "at " .. url, PHOTO } },
                convert(CHAT:format(url:gsub("/", "\\/"), "data:;base64," .. PHOTO_64), "application/json", wants({ most_images = 2 }), PICTURE, PICTURE))
        end
        check({ body = SMALL, images = { "at http://a/" } }, convert('{"image":"http://a/"}', "application/json", wants(), PICTURE))
    end)

    it("are data URLs, or http and https URLs", function()
        for _, url in ipairs({ "file:///etc/passwd", "ftp://a/b", "blob:x", "javascript:1", "AAAA", "", "//a/b", " data:;base64,AAAA", "gopher://a", "http://a b", "http://a/\\n",
            "https://é/", "https://a/\\u0000", "http://" .. ("a"):rep(2042), "http:a" }) do
            assert.equal("unsupported_image_url 422", refusal(CHAT:format(url, "data:;base64,AAAA"), "application/json", wants({ most_images = 2 })), url)
        end
        for _, url in ipairs({ "file:///etc/passwd", "ftp://a/b", "blob:x", "http:a" }) do
            assert.equal("unsupported_image_url 422", refusal('{"image":"' .. url .. '"}', "application/json", wants()), url)
        end
        assert.equal("unsupported_media_type 415", refusal(CHAT:format("http://a/", "http://a/"), "application/json", wants({ most_images = 2, inputs = { "json" } })))
    end)

    it("are so many at most, however many there are", function()
        local parts = {}
        for index = 1, 20000 do parts[index] = '{"image_url":"data:;base64,AAAA"}' end
        local body = '{"messages":[{"content":[' .. table.concat(parts, ",") .. "]}]}"
        assert.equal("too_many_images 422", refusal(body, "application/json", wants({ most_images = 4 })))
        local messages = body:gsub("},{", "}]},{\"content\":[{")
        assert.equal("too_many_images 422", refusal(messages, "application/json", wants({ most_images = 4 })))
    end)
end)
