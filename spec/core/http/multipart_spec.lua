local ffi = require("ffi")
local multipart = require("resty.openclaw.core.http.multipart")

local function keep(parts, bytes, count)
    parts[#parts + 1] = type(bytes) == "string" and bytes:sub(1, count) or ffi.string(bytes, count)
end

--- Feeds a piece at an address of its own, so that nothing can be read past an end, or later.
local function feed(body, piece)
    local memory = ffi.new("uint8_t[?]", #piece)
    ffi.copy(memory, piece, #piece)
    multipart.feed(body, memory, #piece)
    ffi.fill(memory, #piece, 0x2d)
end

--- What is passed on, or nil and the problem.
local function read(text, boundary, bytes)
    local parts = {}
    local body = multipart.new(boundary, keep, parts)
    for from = 1, #text, bytes do feed(body, text:sub(from, from + bytes - 1)) end
    local problem = multipart.finish(body)
    if problem then return nil, problem end
    return table.concat(parts)
end

--- Whole, and in pieces of every small size: the same.
local function check(text, boundary)
    local made, problem = read(text, boundary, math.max(#text, 1))
    for _, bytes in ipairs({ 1, 2, 3, 5, 7, 11, 64 }) do
        local its_made, its_problem = read(text, boundary, bytes)
        assert.same({ made, problem }, { its_made, its_problem }, "in pieces of " .. bytes)
    end
    return made, problem
end

local PHOTO = "\255\216\255\224\0\16JFIF\r\n--\r\n\r\n-----\0" .. ("\r\n--X"):rep(20) .. "\255\217"

--- As the clients write them; the order and the names of parts are the same.
local CLIENTS = {
    curl = {
        boundary = "------------------------d74496d66958873e",
        head = {
            'Content-Disposition: form-data; name="model"',
            'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg',
        },
    },
    browser = {
        boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW",
        head = {
            'Content-Disposition: form-data; name="model"',
            'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg',
        },
    },
    requests = {
        boundary = "c3b2f0e1a9d84f6f8d1a7b6c5e4d3f2a",
        head = {
            'Content-Disposition: form-data; name="model"',
            'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg',
        },
    },
    others = {
        boundary = "0'()+_,-./:=? X",
        head = {
            "content-disposition:form-data;name=model",
            "content-type:IMAGE/JPEG\r\nContent-Length: " .. #PHOTO .. "\r\nCONTENT-DISPOSITION: Form-Data; filename=a.jpg; name=image",
        },
    },
}

local function body_of(boundary, parts)
    local lines = {}
    for index, part in ipairs(parts) do lines[index] = "--" .. boundary .. "\r\n" .. part[1] .. "\r\n\r\n" .. part[2] .. "\r\n" end
    return table.concat(lines) .. "--" .. boundary .. "--\r\n"
end

--- One part, with these header fields.
local function part_with(head, bytes) return body_of("b", { { head, bytes or "x" } }) end

describe("multipart", function()
    it("gives one result for the same things, whoever posts them", function()
        local first
        for name, client in pairs(CLIENTS) do
            local body = body_of(client.boundary, { { client.head[1], "whisper" }, { client.head[2], PHOTO } })
            local made, problem = check(body, client.boundary)
            assert.is_nil(problem, name)
            first = first or made
            assert.equal(first, made, name)
        end
        assert.equal("modelwhisper000000000005-00000000001-00000000001000000000007imagea.jpgimage/jpeg" .. PHOTO
            .. string.format("000000000005000000000005000000000010%012d000000000002", #PHOTO), first)
    end)

    it("does not mind where the body is cut", function()
        local client = CLIENTS.browser
        local body = body_of(client.boundary, { { client.head[1], "" }, { client.head[2], PHOTO }, { client.head[1], "\r\n" } })
        local whole = assert(check(body, client.boundary))
        for at = 1, #body - 1 do
            local parts = {}
            local reading = multipart.new(client.boundary, keep, parts)
            feed(reading, body:sub(1, at))
            feed(reading, body:sub(at + 1))
            assert.is_nil(multipart.finish(reading))
            assert.equal(whole, table.concat(parts), "cut after byte " .. at)
        end
    end)

    it("passes bytes on wherever they look like a boundary", function()
        local head = 'Content-Disposition: form-data; name="a"'
        for _, boundary in ipairs({ "b", "--", "aab", "abababab", ("-"):rep(70) }) do
            local almost = "--" .. boundary:sub(1, -2)
            for _, bytes in ipairs({ "", "\r", "\n", "\r\n", "-", "\r\n-", "\r\n--", "\r\r\n", "\r\n\r\n--", "\r\n" .. almost, ("\r\n" .. almost):rep(50),
                ("\r\n"):rep(200), ("x"):rep(1000) .. "\r\n" .. almost .. "x", "--" .. boundary, "\n--" .. boundary }) do
                local made, problem = check(body_of(boundary, { { head, bytes }, { head, bytes } }), boundary)
                if bytes:find("--" .. boundary, 1, true) then
                    assert.equal("malformed", problem)
                else
                    local one = "a" .. bytes .. "000000000001-00000000001-00000000001" .. string.format("%012d", #bytes)
                    assert.equal(one .. one .. "000000000002", made)
                end
            end
        end
    end)

    it("tells parts apart, whatever is in them", function()
        local name, file = 'Content-Disposition: form-data; name="%s"', '; filename="%s"'
        local seen = {}
        local bodies = {
            {}, { { name:format("a"), "" } }, { { name:format(""), "a" } }, { { name:format("a") .. file:format(""), "" } },
            { { name:format("a") .. file:format("b"), "" } }, { { name:format("a"), "b" } }, { { name:format("ab"), "" } },
            { { name:format("a") .. "\r\nContent-Type: b", "" } }, { { name:format("a") .. "\r\nContent-Type:", "" } },
            { { name:format("a"), "" }, { name:format("a"), "" } }, { { name:format("a") .. "\r\nContent-Type: text/plain", "" } },
            { { name:format("a"), "1" }, { name:format("b"), "2" } }, { { name:format("b"), "2" }, { name:format("a"), "1" } },
            { { name:format("a"), "1b2" } }, { { name:format("a"), "1000000000001-00000000001-00000000001000000000001b2" } },
            { { name:format("a"), "1\r\n" }, { name:format("b"), "2" } }, { { name:format("A"), "" } },
            { { name:format("a") .. "\r\nContent-Type: b;c=D", "" } }, { { name:format("a") .. "\r\nContent-Type: b;c=d", "" } },
            { { name:format("a") .. file:format("%22"), "" } }, { { name:format("a") .. file:format("B"), "" } },
        }
        for index, parts in ipairs(bodies) do
            local body = body_of("X", parts)
            if #parts > 0 then
                local made, problem = check(body, "X")
                assert.is_nil(problem)
                assert.is_nil(seen[made], index .. " is like " .. tostring(seen[made]))
                seen[made] = index
            end
        end
    end)

    it("reads the names of files in all their spellings", function()
        local function made_of(disposition) return assert(check(part_with("Content-Disposition: form-data; name=n; " .. disposition), "b")) end
        local plain = made_of('filename="naïve file.jpg"')
        assert.equal(plain, made_of('FileName="naïve file.jpg"'))
        assert.not_equal(plain, made_of('filename="naive file.jpg"'))
        assert.equal(made_of("filename=a.jpg"), made_of('filename="a.jpg"'))
    end)

    it("tells names of files apart that only some readers look at", function()
        local seen = {}
        for _, disposition in ipairs({
            "", "; filename=a", "; filename*=UTF-8''a", "; filename*=latin-1''a", "; filename=a; filename*=UTF-8''a", '; filename=""; filename*=UTF-8\'\'a',
            "; filename=a; filename*=UTF-8''b", "; filename=b; filename*=UTF-8''a", "; filename=a; filename*=UTF-8''%61",
        }) do
            local made = assert(check(part_with("Content-Disposition: form-data; name=n" .. disposition), "b"))
            assert.is_nil(seen[made], disposition)
            seen[made] = disposition
        end
    end)

    it("refuses a boundary anywhere but after CR LF, as some readers take it there, too", function()
        local head = 'Content-Disposition: form-data; name="a"'
        for _, bytes in ipairs({ "--b", "\n--b", "\r--b", "x\n--b--\r\n", "x--b", "\r\n ----b", "\r\n---b", "\n\r--b", "x\r\n\n--b" }) do
            assert.equal("malformed", select(2, check(part_with(head, bytes), "b")), bytes)
        end
        assert.equal("malformed", select(2, check("--b\r\n" .. head .. "\r\n\r\n--b--\r\n", "b")))
        assert.is_nil(select(2, check(part_with(head, "\r\n--c--\n-b"), "b")))
    end)

    it("refuses a part that is not as long as it says", function()
        local head = 'Content-Disposition: form-data; name="a"\r\nContent-Length: '
        assert.is_nil(select(2, check(part_with(head .. "3", "abc"), "b")))
        for _, length in ipairs({ "2", "4", "0" }) do assert.equal("malformed", select(2, check(part_with(head .. length, "abc"), "b"))) end
    end)

    it("refuses headers that two readers may understand differently", function()
        local good = 'Content-Disposition: form-data; name="a"'
        assert.is_nil(select(2, check(part_with(good), "b")))
        for _, head in ipairs({
            "", "X: y", "Content-Type: text/plain", "Content-Disposition: form-data", "Content-Disposition: form-data; filename=a",
            'Content-Disposition: attachment; name="a"', 'Content-Disposition: form-data name="a"', 'Content-Disposition: form-data; name="a',
            'Content-Disposition: form-data; name="a"; name="b"', 'Content-Disposition: form-data; name="a"; NAME="a"',
            "Content-Disposition: form-data; name*=UTF-8''a", "Content-Disposition: form-data; name=a; name*=UTF-8''b",
            'Content-Disposition: form-data; name="a\\"b"', 'Content-Disposition: form-data; name="a"; filename="C:\\\\a"',
            'Content-Disposition: form-data; name="a"; filename="a\\b"', 'Content-Disposition: form-data; name=', 'Content-Disposition: form-data; name="a";',
            'Content-Disposition: form-data; name="a"x', 'Content-Disposition: form-data; name=a"b', 'Content-Disposition: form-data; =a; name=a',
            good .. "; filename*0=x", good .. "; filename*0*=UTF-8''x; filename*1=y", "Content-Disposition: form-data; name=a; name*0=b", good .. "; size=1",
            good .. "\r\nContent-Encoding: gzip", good .. "\r\nContent-Length: x", good .. "\r\nContent-Length: 1\r\nContent-Length: 1", good .. "\r\n" .. good, good .. "\r\nContent-Type: a\r\ncontent-type: b",
            good .. "\r\nContent-Transfer-Encoding: base64", good .. "\r\nContent-Transfer-Encoding: quoted-printable", good .. ";\r\n filename=a",
            good .. "\r\n\tx: y", good .. "\r\nno field", good .. "\r\n: x", good .. "\nX: y", good .. "\r\nX: \0", good .. "\r\nContent-Type : x", " " .. good,
        }) do
            assert.equal("part_header_malformed", select(2, check(part_with(head), "b")), head)
        end
        for _, head in ipairs({ good .. "\r\nContent-Transfer-Encoding: Binary", good .. "\r\nX-Any: thing; name=b", "X-Any:\r\n" .. good .. " " }) do
            assert.is_nil(select(2, check(part_with(head), "b")), head)
        end
    end)

    it("refuses bodies that are not whole, or have more around their parts", function()
        local body = part_with('Content-Disposition: form-data; name="a"')
        for count = 0, #body - 3 do
            assert.is_true(({ malformed = true, preamble = true })[select(2, check(body:sub(1, count), "b"))] ~= nil, count)
        end
        assert.is_nil(select(2, check(body:sub(1, -3), "b"))) -- no line end after the last boundary
        for text, expected in pairs({
            ["x" .. body] = "preamble", ["\r\n" .. body] = "preamble", ["preamble\r\n" .. body] = "preamble",
            [body .. "x"] = "epilogue", [body .. "\r\n"] = "epilogue", [body:sub(1, -2)] = "malformed", [body:sub(1, -3) .. "\n"] = "epilogue",
            [body:sub(1, -3) .. " \r\n"] = "epilogue", [body:gsub("^%-%-b\r\n", "--b \r\n")] = "malformed", [body:gsub("^%-%-b\r\n", "--b\n")] = "malformed",
            [body:gsub("^%-%-b", "--bc")] = "malformed", [body:gsub("%-%-b%-%-", "--b-")] = "malformed",
        }) do
            assert.equal(expected, (select(2, check(text, "b"))), text)
        end
        assert.equal("preamble", select(2, check("--b--", "c")))
        assert.is_string((check("--b--\r\n", "b"))) -- a form without fields
    end)

    it("has limits: 1000 parts, and 8 KiB of header", function()
        local head = 'Content-Disposition: form-data; name="a"'
        local parts = {}
        for index = 1, 1000 do parts[index] = { head, "" } end
        assert.is_nil(select(2, read(body_of("b", parts), "b", 1000)))
        parts[1001] = { head, "" }
        assert.equal("too_many_parts", select(2, read(body_of("b", parts), "b", 1000)))
        local padding = ("x"):rep(8192 - #head - 5)
        assert.is_nil(select(2, check(part_with(head .. "\r\nX: " .. padding), "b")))
        assert.equal("part_header_too_long", select(2, check(part_with(head .. "\r\nX: x" .. padding), "b")))
        assert.equal("part_header_too_long", select(2, check(part_with(head .. "\r\nX: x" .. padding:rep(20)), "b")))
    end)

    it("finds the boundary in a Content-Type", function()
        for content_type, expected in pairs({
            ["multipart/form-data; boundary=abc"] = "abc", ['Multipart/Form-Data;boundary="a b"'] = "a b",
            ["multipart/form-data; charset=utf-8; Boundary=----x"] = "----x", ["multipart/form-data; boundary=" .. ("x"):rep(70)] = ("x"):rep(70),
        }) do
            assert.equal(expected, multipart.boundary_of(content_type))
        end
        for _, content_type in ipairs({
            "", "multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""',
            "multipart/form-data; boundary=" .. ("x"):rep(71), "multipart/form-data; boundary=a; boundary=b", 'multipart/form-data; boundary="a',
            "multipart/form-data boundary=a", "application/json; boundary=a", 'multipart/form-data; boundary="a\tb"', "multipart/form-data; boundary=a b",
            'multipart/form-data; boundary="a "', 'multipart/form-data; boundary=" a"', 'multipart/form-data; boundary="a;b"', "multipart/form-data; boundary=\195\164",
            "multipart/form-data; boundary=a; boundary*=UTF-8''b", "multipart/form-data; boundary=a; boundary*0=b", "multipart/form-data; boundary=a; x=y",
            "multipart/form-data; boundary=a, multipart/form-data; boundary=b", 'multipart/form-data; boundary="a", multipart/form-data; boundary="b"',
        }) do
            assert.is_nil(multipart.boundary_of(content_type), content_type)
        end
    end)

    it("never raises, and never takes two lists of parts for one: 20,000 bodies with bytes changed", function()
        local seed = 7578
        local function random(count)
            seed = (seed * 1664525 + 1013904223) % 4294967296
            return math.floor(seed / 4294967296 * count)
        end
        local names, bytes = { "a", "b", "ab", "" }, { "", "x", "\r\n", "--b", "\r\n--", "\n--B0", "0", "000000000001" }
        local seen, counts = {}, { good = 0, bad = 0 }
        for _ = 1, 20000 do
            local parts, key = {}, {}
            for index = 1, 1 + random(3) do
                local name, file, content = names[1 + random(4)], random(2) == 0 and names[1 + random(4)] or nil, bytes[1 + random(8)]
                local head = 'Content-Disposition: form-data; name="' .. name .. '"' .. (file and '; filename="' .. file .. '"' or "")
                parts[index] = { head, content }
                key[index] = string.format("%q %q %q", name, tostring(file and "f" .. file), content)
            end
            local body = body_of("B0B", parts)
            local made = assert(read(body, "B0B", 1 + random(40)))
            local meaning = table.concat(key, "|")
            if (seen[made] or meaning) ~= meaning then error(seen[made] .. " is " .. meaning) end
            seen[made] = meaning
            local at = random(#body + 1)
            local choice = random(3)
            body = body:sub(1, at) .. (choice > 0 and string.char(random(256)) or "") .. body:sub(at + (choice > 1 and 1 or 2))
            local size = 1 + random(40)
            local its_made, problem = read(body, "B0B", size)
            local whole, its_problem = read(body, "B0B", #body)
            if its_made ~= whole or problem ~= its_problem then error(string.format("%q in pieces of %d", body, size)) end
            local kind = its_made and "good" or "bad"
            counts[kind] = counts[kind] + 1
        end
        assert.is_true(counts.good > 1000 and counts.bad > 1000, counts.good)
    end)
end)
