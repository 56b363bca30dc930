-- Bodies that nobody thought of: none raises or is read past its end, and in those that are fine all but the images stays as it is.
local cjson = require("cjson")
local structure = require("resty.openclaw.core.text.json.structure")
local bodies = require("spec.support.body_images")
local wants, form, field, file = bodies.wants, bodies.form, bodies.field, bodies.file

local random = math.random
local LIMITS = { max_depth = 1000, max_members = 1000000, unique_names = true }

local function one_of(list) return list[random(#list)] end

local function random_bytes(most)
    local bytes = {}
    for index = 1, random(0, most) do bytes[index] = string.char(random(0, 255)) end
    return table.concat(bytes)
end

local PIECES = { "a", "Z", " ", "é", "€", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\ude00", "\\u0000", "{", "}", "[", "]", ":", ",", "--b", "data:", "\\r\\n", "=", "%" }

local function json_string(most)
    local parts = {}
    for index = 1, random(0, most) do parts[index] = one_of(PIECES) end
    return '"' .. table.concat(parts) .. '"'
end

local function blanks() return one_of({ "", "", "", " ", "\n", "\t \r\n" }) end

local function json_value(depth)
    local kind = random(depth > 3 and 4 or 6)
    if kind <= 2 then return json_string(6) end
    if kind == 3 then return one_of({ "0", "-0.0", "1e400", "12345678901234567890", "1.50", "-7E-2" }) end
    if kind == 4 then return one_of({ "true", "false", "null" }) end
    local values = {}
    for index = 1, random(0, 3) do
        local name = kind == 5 and '"' .. index .. json_string(2):sub(2) .. blanks() .. ":" or ""
        values[index] = blanks() .. name .. blanks() .. json_value(depth + 1) .. blanks()
    end
    local inside = table.concat(values, ",")
    return kind == 5 and "{" .. inside .. "}" or "[" .. inside .. "]"
end

local function letters_of(bytes)
    local letters = ngx.encode_base64(bytes)
    local way = random(5)
    if way == 1 then return (letters:gsub("/", "\\/")) end
    if way == 2 then return (letters:gsub("%+", "\\u002B"):gsub("=", "")) end
    if way == 3 then return (letters:gsub("....", "%0\\n")) end
    if way == 4 then return (letters:gsub("%+", "-"):gsub("/", "_")) end
    return letters
end

--- Members of a top-level object: each a name, its text, and its value's.
local function random_members()
    local members = {}
    for index = 1, random(0, 5) do
        -- cjson would read "\\u0000" of names as others do, but C strings end there.
        local name = ("%d%s"):format(index, json_string(2):sub(2, -2))
        members[index] = { '"' .. name .. '"', json_value(0) }
    end
    return members
end

local function object_of(members)
    local texts = {}
    for index, member in ipairs(members) do texts[index] = blanks() .. member[1] .. blanks() .. ":" .. blanks() .. member[2] .. blanks() end
    return blanks() .. "{" .. table.concat(texts, ",") .. "}" .. blanks()
end

--- A body and the same with another image's letters.
local function random_json(bytes, new)
    local members = random_members()
    local place = random(#members + 1)
    local kind = random(3)
    if kind == 1 then
        table.insert(members, place, { one_of({ '"image"', '"im\\u0061ge"' }), "@" })
        return object_of(members), '"' .. letters_of(bytes) .. '"', '"' .. ngx.encode_base64(new) .. '","content_type":"image/jpeg","width":640,"height":480'
    end
    local url = kind == 2 and '"image_url":' .. blanks() .. "{" .. blanks() .. '"url":@,"detail":' .. json_value(2) .. "}" or '"\\u0069mage_url":@'
    local part = '{"type":"image_url",' .. url .. ',"x":' .. json_value(2) .. "}"
    local content = "[" .. json_value(2) .. "," .. part .. "," .. json_value(2) .. "]"
    table.insert(members, place, { one_of({ '"messages"', '"input"' }), "[" .. json_value(2) .. ',{"content":' .. blanks() .. content .. ',"role":"user"}]' })
    return object_of(members), '"data:image/png;base64,' .. letters_of(bytes) .. '"', '"data:image/jpeg;base64,' .. ngx.encode_base64(new) .. '"'
end

local function filled(text, value)
    local at = text:find("@", 1, true)
    return text:sub(1, at - 1) .. value .. text:sub(at + 1)
end

local BOUNDARIES = { "b", "------------------------d74496d66958873e", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "a-b" }

--- Bytes without the delimiter of any form here.
local function content(most)
    local bytes = random_bytes(most):gsub("%-%-", "-+")
    return (bytes:gsub("%-$", "+"))
end

local function random_parts(place_of_image, image)
    local parts = {}
    for index = 1, random(0, 4) do parts[index] = field("f" .. index, random(2) == 1 and content(30) or "text é " .. index) end
    table.insert(parts, place_of_image and place_of_image(#parts + 1) or 1, image)
    return parts
end

local function mutated(text)
    for _ = 1, random(0, 3) do
        local at, to = random(#text + 1), random(#text + 1)
        if at > to then at, to = to, at end
        to = math.min(to, at + random(0, 40))
        local way = random(5)
        if way == 1 then text = text:sub(1, at - 1) .. text:sub(to)
        elseif way == 2 then text = text:sub(1, to) .. text:sub(at, to) .. text:sub(to + 1)
        elseif way == 3 then text = text:sub(1, at - 1) .. random_bytes(4) .. text:sub(at)
        elseif way == 4 then text = text:sub(1, at - 1) .. one_of({ '"', "\\", "\r\n", "--b", "{", "}", "\0", "\\ud83d", "data:", ";base64,", "=", "," }) .. text:sub(at)
        else text = text:sub(1, to) end
    end
    return text
end

local function is_json(text) return structure.check(text, LIMITS) == nil end

describe("random bodies", function()
    it("are converted or refused, and never raise", function()
        math.randomseed(1717)
        local counts, codes = { written = 0, refused = 0 }, {}
        for _ = 1, 10000 do
            local kind = random(4)
            local text, content_type
            if kind == 1 then
                local template, old = random_json(random_bytes(60), "")
                text, content_type = filled(template, old), "application/json"
            elseif kind == 2 then
                local boundary = one_of(BOUNDARIES)
                text = form(boundary, random_parts(random, file("i", one_of({ "a.jpg", "ü", "..", "" }), "image/png", content(60))))
                content_type = "multipart/form-data; boundary=" .. boundary
            elseif kind == 3 then
                text, content_type = "data:image/png;base64," .. ngx.encode_base64(random_bytes(60)), one_of({ "text/plain", "application/json" })
            else
                text, content_type = random_bytes(60), one_of({ "image/png", "application/json", "multipart/form-data; boundary=b", "multipart/form-data", "multipart/x" })
            end
            text = mutated(text)
            if random(20) == 1 then content_type = one_of({ "application/json", "multipart/form-data; boundary=b", "", "text/plain" }) end
            local its_wants = wants({ send = one_of({ "raw", "json", "multipart" }), most_images = random(2), form_field = random(3) == 1 and "i" or nil })
            local ok, made, code, status, message = pcall(function()
                local picture = bodies.picture(random_bytes(30))
                local made, code, status, message = bodies.convert(text, content_type, its_wants, picture, picture)
                if made and made.content_type:find("^application/json") then assert(is_json(made.body)) end
                if made and made.content_type:find("^multipart") then
                    local images = 0
                    for _, part in ipairs(assert(bodies.parts(made.body, made.content_type))) do
                        if part[4] == picture.text and part[3] == "image/jpeg" then images = images + 1 end
                    end
                    assert(images == #made.images)
                end
                return made, code, status, message
            end)
            if not ok then error(("%s: %q as %s to %s"):format(made, text, content_type, its_wants.send)) end
            if not made then
                assert(code and status and message)
                codes[code] = true
            end
            counts[made and "written" or "refused"] = counts[made and "written" or "refused"] + 1
        end
        assert.is_true(counts.written > 2000 and counts.refused > 2000, counts.written)
        for _, code in ipairs({ "no_image", "broken_image", "invalid_json", "broken_form", "json_duplicate_name", "unsendable_field", "unsupported_media_type", "unsupported_image_url" }) do
            assert.is_true(codes[code] or false, code)
        end
    end)

    it("of JSON keep all but the images, byte for byte", function()
        math.randomseed(1718)
        for _ = 1, 3000 do
            local bytes, new = random_bytes(60) .. "x", random_bytes(30)
            local template, old, expected = random_json(bytes, new)
            local made, code = bodies.convert(filled(template, old), "application/json", wants({ send = "json" }), bodies.picture(new))
            assert(made, code)
            assert.same({ bytes }, made.images)
            assert.equal(filled(template, expected), made.body)
        end
    end)

    it("of forms keep all but the images, byte for byte", function()
        math.randomseed(1719)
        for _ = 1, 3000 do
            local bytes, new, boundary = content(60) .. "x", content(30), one_of(BOUNDARIES)
            local type_of_form = "multipart/form-data; boundary=" .. boundary
            local seed, place = random(1000000), nil
            local function parts_with(its_bytes, its_type, name)
                math.randomseed(seed)
                return form(boundary, random_parts(function(most) place = random(most) return place end, file("i", name, its_type, its_bytes)))
            end
            local body = parts_with(bytes, "image/png", "a.png")
            local made, code = bodies.convert(body, type_of_form, wants({ send = "multipart" }), bodies.picture(new))
            assert(made, code)
            assert.same({ bytes }, made.images)
            assert.equal(type_of_form, made.content_type)
            assert.equal(parts_with(new, "image/jpeg", "a.jpg"), made.body)
            math.randomseed(seed + place)
        end
    end)

    it("lose nothing on their way into another form", function()
        math.randomseed(1720)
        local counts = { multipart = 0, raw = 0, json = 0 }
        for _ = 1, 3000 do
            local members = random_members()
            local fields = {}
            for index, member in ipairs(members) do
                local name, value = unpack(cjson.decode("[" .. member[1] .. "," .. (member[2]:sub(1, 1) == '"' and member[2] or '""') .. "]"))
                fields[index] = { name, member[2]:sub(1, 1) == '"' and value or member[2] }
            end
            local place = random(#members + 1)
            table.insert(members, place, { '"image"', '"AAAA"' })
            local text, new = object_of(members), content(30)
            local made = bodies.convert(text, "application/json", wants({ send = "multipart" }), bodies.picture(new))
            if made then
                local expected = {}
                for index, one in ipairs(fields) do expected[index] = { one[1], false, false, one[2] } end
                expected[#expected + 1] = { "image", "image.jpg", "image/jpeg", new }
                assert.same(expected, bodies.parts(made.body, made.content_type))
                counts.multipart = counts.multipart + 1
            end
            made = assert(bodies.convert(text, "application/json", wants(), bodies.picture(new)))
            local pairs_of_query = {}
            for index, one in ipairs(fields) do
                local function encoded(its_text) return (its_text:gsub("[^A-Za-z0-9._~-]", function(byte) return ("%%%02X"):format(byte:byte()) end)) end
                pairs_of_query[index] = encoded(one[1]) .. "=" .. encoded(one[2])
            end
            assert.equal(#fields > 0 and table.concat(pairs_of_query, "&") or nil, made.query)
            counts.raw = counts.raw + 1

            local parts = random_parts(random, file("i", "a.jpg", "image/jpeg", "x"))
            made = bodies.convert(form("b", parts), "multipart/form-data; boundary=b", wants({ send = "json" }), bodies.picture(new))
            if made then
                local value = cjson.decode(made.body)
                local found = 4
                for _, part in ipairs(parts) do
                    local name = part[1]:match('name="(f%d)"')
                    if name then
                        assert.equal(part[2], value[name])
                        found = found + 1
                    end
                end
                assert.equal(new, ngx.decode_base64(value.image))
                local count = 0
                for _ in pairs(value) do count = count + 1 end
                assert.equal(found, count)
                counts.json = counts.json + 1
            end
        end
        for send, count in pairs(counts) do assert.is_true(count > 500, send .. count) end
    end)
end)

--- How many steps of the interpreter something takes, in hundreds.
local function steps_of(work)
    local steps = 0
    jit.flush()
    jit.off()
    debug.sethook(function() steps = steps + 1 end, "", 100)
    work()
    debug.sethook()
    jit.on()
    return steps
end

describe("the work that a body takes", function()
    it("grows with its length alone", function()
        local function rep(before, text, after)
            return function(count) return before .. text:rep(count) .. after end
        end
        local types = { "application/json", "multipart/form-data; boundary=b", "text/plain" }
        local head = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
        for index, body in ipairs({
            rep('{"image":"', "AAAA", '"}'), rep('{"image":"', "\\n", 'AAAA"}'), rep('{"image":"', "\\\\", '"}'), rep('{"image":"AAAA","a":"', '\\"', '"}'),
            rep('{"image":"AAAA","a":"', "\\\\", '"}'), rep('{"a":[', "[[[]]],", '1],"image":"AAAA"}'), rep('{"messages":[', '{"content":[{"image_url":1}]},', '1],"image":"AAAA"}'),
            rep('{"messages":[{"content":[', '{"a":{"image_url":{}}},', '{"image_url":{"url":"data:;base64,AAAA"}}]}]}'), rep('{"image":"AAAA","a":[', '{"":""},', "1]}"),
            rep('{"image":"data:;base64,', " ", 'AAAA"}'), rep('{"image":"', ",", '"}'), rep(head, "\r\n--a", "\r\n--b--"), rep(head, "\r", "\r\n--b--"),
            rep('--b\r\nContent-Disposition: form-data; name="a"; filename=a\r\n\r\n', "--openclaw-00000001", "\r\n--b--"),
            rep("", "\n", ""), rep("data:;base64,", "A=", ""), rep("data:;base64,A", " ", "AAA"), rep("", " ", "data:;base64,AAAA"), rep(head, "%", "\r\n" .. head:gsub('"a"', 'i;filename=i') .. "x\r\n--b--"),
        }) do
            for _, content_type in ipairs(types) do
                for _, send in ipairs({ "raw", "json", "multipart" }) do
                    local function work(count)
                        local text = body(count)
                        return steps_of(function() bodies.convert(text, content_type, wants({ send = send }), bodies.picture("x")) end)
                    end
                    local once, twice = work(2000), work(4000)
                    assert.is_true(once > 0 and twice <= 2.1 * once + 20, ("body %d as %s to %s: %d, then %d"):format(index, content_type, send, once, twice))
                end
            end
        end
    end)
end)
