local bit = require("bit")
local canonical = require("resty.openclaw.core.text.json.canonical")
local ffi = require("ffi")
local structure = require("resty.openclaw.core.text.json.structure")

local WIDE = canonical.settings(1e6, {})

local function keep(parts, bytes, count) parts[#parts + 1] = ffi.string(bytes, count) end

--- Feeds a piece at an address of its own, so that nothing can be read past an end, or later.
local function feed(json, piece)
    local memory = ffi.new("uint8_t[?]", #piece)
    ffi.copy(memory, piece, #piece)
    canonical.feed(json, memory, #piece)
    ffi.fill(memory, #piece, 0x22)
end

--- The outcome, the reason, and what went to the sink.
local function read(pieces, settings, breathe)
    local json = canonical.new(settings or WIDE)
    for _, piece in ipairs(pieces) do feed(json, piece) end
    local parts = {}
    local outcome, reason = canonical.finish(json, keep, parts, breathe)
    return outcome, reason, table.concat(parts)
end

local function pieces_of(text, bytes)
    local pieces = {}
    for from = 1, #text, bytes do pieces[#pieces + 1] = text:sub(from, from + bytes - 1) end
    return pieces
end

--- Whole, and in pieces of every small size: the same.
local function check(text, settings)
    local outcome, reason, made = read({ text }, settings)
    for _, bytes in ipairs({ 1, 2, 3, 5, 7 }) do
        local its_outcome, its_reason, its_made = read(pieces_of(text, bytes), settings)
        assert.same({ outcome, reason, made }, { its_outcome, its_reason, its_made }, text .. " in pieces of " .. bytes)
    end
    if outcome ~= "canonical" then assert.equal("", made) end
    return outcome, reason, made
end

local function assert_canonical(expected, text, settings)
    local outcome, reason, made = check(text, settings)
    assert.equal(expected, made, text .. ": " .. tostring(reason or outcome))
    assert.equal("canonical", outcome)
end

local function assert_refused(expected, text, settings)
    local outcome, reason = check(text, settings)
    assert.equal(expected, reason or outcome, text)
    assert.equal(reason and "not_keyable" or expected, outcome)
end

--- The documents of RFC 8785's author; sections 3.2.2 and 3.2.3 have two of them.
local DOCUMENTS = {
    arrays = { '[\n  56,\n  {\n    "d": true,\n    "10": null,\n    "1": [ ]\n  }\n]', '[56,{"1":[],"10":null,"d":true}]' },
    french = {
        '{\n  "peach": "This sorting order",\n  "péché": "is wrong according to French",\n'
            .. '  "pêche": "but canonicalization MUST",\n  "sin":   "ignore locale"\n}',
        '{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}',
    },
    structures = {
        '{\n  "1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0},\n  "10": { },\n  "": "empty",\n  "a": { },\n'
            .. '  "111": [ {"e": "yes","E": "no" } ],\n  "A": { }\n}',
        '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
    },
    unicode = { '{\n  "Unnormalized Unicode":"A\\u030a"\n}', '{"Unnormalized Unicode":"A\204\138"}' },
    values = {
        '{\n  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n'
            .. '  "string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",\n  "literals": [null, true, false]\n}',
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    },
    weird = {
        '{\n  "\\u20ac": "Euro Sign",\n  "\\r": "Carriage Return",\n  "\\u000a": "Newline",\n  "1": "One",\n'
            .. '  "\\u0080": "Control\\u007f",\n  "\\ud83d\\ude02": "Smiley",\n  "\\u00f6": "Latin Small Letter O With Diaeresis",\n'
            .. '  "\\ufb33": "Hebrew Letter Dalet With Dagesh",\n  "</script>": "Browser Challenge"\n}',
        '{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge","\194\128":"Control\127",'
            .. '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","\240\159\152\130":"Smiley",'
            .. '"\239\172\179":"Hebrew Letter Dalet With Dagesh"}',
    },
}

--- RFC 8785, appendix B: the bits of doubles, and their texts.
local DOUBLES = {
    { "0000000000000000", "0" }, { "8000000000000000", "0" }, { "0000000000000001", "5e-324" }, { "8000000000000001", "-5e-324" },
    { "7fefffffffffffff", "1.7976931348623157e+308" }, { "ffefffffffffffff", "-1.7976931348623157e+308" },
    { "4340000000000000", "9007199254740992" }, { "c340000000000000", "-9007199254740992" },
    { "4430000000000000", "295147905179352830000" }, { "44b52d02c7e14af5", "9.999999999999997e+22" },
    { "44b52d02c7e14af6", "1e+23" }, { "44b52d02c7e14af7", "1.0000000000000001e+23" },
    { "444b1ae4d6e2ef4e", "999999999999999700000" }, { "444b1ae4d6e2ef4f", "999999999999999900000" },
    { "444b1ae4d6e2ef50", "1e+21" }, { "3eb0c6f7a0b5ed8c", "9.999999999999997e-7" }, { "3eb0c6f7a0b5ed8d", "0.000001" },
    { "41b3de4355555553", "333333333.3333332" }, { "41b3de4355555554", "333333333.33333325" },
    { "41b3de4355555555", "333333333.3333333" }, { "41b3de4355555556", "333333333.3333334" },
    { "41b3de4355555557", "333333333.33333343" }, { "becbf647612f3696", "-0.0000033333333333333333" },
    { "43143ff3c1cb0959", "1424953923781206.2" },
    -- Powers of two, whose shortest decimal is not the closest one of as many digits; halves between two decimals.
    { "3d10000000000000", "1.4210854715202004e-14" }, { "3d30000000000000", "5.684341886080802e-14" },
    { "42e703c15756ea84", "202439168538452.12" }, { "2160000000000000", "6.256509672447191e-148" }, { "0010000000000000", "2.2250738585072014e-308" },
    { "000fffffffffffff", "2.225073858507201e-308" },
}

local function double_of(hex)
    local words = ffi.new("uint32_t[2]", tonumber(hex:sub(9), 16), tonumber(hex:sub(1, 8), 16))
    return ffi.cast("double *", words)[0]
end

describe("canonical json", function()
    for name, document in pairs(DOCUMENTS) do
        it("writes the RFC's document " .. name, function()
            assert_canonical(document[2], document[1])
            assert_canonical(document[2], document[2])
            for at = 1, #document[1] - 1 do
                local _, _, made = read({ document[1]:sub(1, at), document[1]:sub(at + 1) })
                assert.equal(document[2], made, "cut after byte " .. at)
            end
        end)
    end

    it("writes the RFC's numbers", function()
        for _, case in ipairs(DOUBLES) do
            -- As a fraction: a whole number of so many digits would have to be exact.
            assert_canonical("[" .. case[2] .. "]", string.format("[%.20e]", double_of(case[1])))
        end
    end)

    it("writes one text for all spellings of a number", function()
        for expected, spellings in pairs({
            ["0"] = { "0", "-0", "0.0", "-0.0", "0e0", "0E+99999", "-0e-99999", "0.000", "1e-400", "-1e-99999" },
            ["1"] = { "1", "1.0", "10e-1", "0.1e1", "1E0", "1e+0", "1e-0", "1.000000000000000000000", "1000e-3" },
            ["100"] = { "100", "1e2", "1E+02", "100.0", "0.1e3", "10000e-2" },
            ["0.000001"] = { "0.000001", "1e-6", "1E-06", "0.0000010", "10e-7" },
            ["1e-7"] = { "1e-7", "0.0000001", "0.1e-6", "100e-9" },
            ["123.456"] = { "123.456", "1.23456e2", "123456e-3", "123.4560", "0.000123456E6" },
            ["1e+21"] = { "1e21", "1E+21", "1000000000000000000000", "10e20", "1000000000000000000000.0" },
            ["100000000000000000000"] = { "1e20", "100000000000000000000", "10.0e19" },
            ["0.1"] = { "0.1", "0.10", "1e-1", "0.1000000000000000055511151231257827", "0.01e1" },
            ["-12.5"] = { "-12.5", "-125e-1", "-1.25E1", "-12.50" },
            ["123456789012345"] = { "123456789012345", "123456789012345.0", "1.23456789012345e14" },
            ["9007199254740993000"] = { "9007199254740993000" },
            ["0.3333333333333333"] = { "0.3333333333333333", "0.33333333333333331", "33333333333333331e-17", "0.333333333333333314829616256247390992939472198486328125" },
            ["0.0012"] = { "0.0012", "0.00120", "12e-4" },
        }) do
            for _, spelling in ipairs(spellings) do
                assert_canonical(expected, spelling)
                assert_canonical("[" .. expected .. "," .. expected .. "]", " [ " .. spelling .. " ," .. spelling .. "] ")
            end
        end
    end)

    it("refuses whole numbers that a double would change, and numbers over the largest one", function()
        for _, text in ipairs({ "9007199254740993", "-9007199254740993", "12345678901234567890", "18446744073709551615", "9223372036854775807" }) do
            assert_refused("number_not_exact", text)
            assert_refused("number_not_exact", '{"seed":[' .. text .. "]}")
        end
        for _, text in ipairs({ "1e309", "-1e309", "1e99999999999999999999", "1.8e308", ("9"):rep(250) .. "e99" }) do
            assert_refused("number_too_large", text)
        end
        assert_canonical("9007199254740992", "9007199254740992")
        assert_canonical("9007199254740992", "9007199254740993.0") -- a fraction is a double everywhere
        assert_canonical("0.1", "0.1" .. ("0"):rep(253))
        assert_refused("number_too_long", "0.1" .. ("0"):rep(254))
        assert_refused("number_too_long", "[" .. ("1"):rep(100000) .. "]")
    end)

    it("writes strings with no escapes but those that must be", function()
        assert_canonical('"\\"\\\\/\\b\\f\\n\\r\\t"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"')
        assert_canonical('"\\"\\\\/\\b\\f\\n\\r\\t\127"', '"\\u0022\\u005C\\u002f\\u0008\\u000c\\u000A\\u000d\\u0009\\u007F"')
        assert_canonical('"\\u0000\\u0001\\u000b\\u001f"', '"\\u0000\\u0001\\u000B\\u001F"')
        assert_canonical('"aé€😀"', '"\\u0061\\u00e9\\u20AC\\ud83d\\uDE00"')
        assert_canonical('"aé€😀é"', '"aé€😀é"')
        assert_canonical('"\240\144\128\128\244\143\191\191\239\191\191"', '"\\ud800\\udc00\\udbff\\udfff\\uffff"')
        assert_canonical('"\237\159\191\238\128\128\224\160\128"', '"\237\159\191\238\128\128\224\160\128"')
    end)

    it("refuses half a surrogate pair, and bytes that are not UTF-8", function()
        for _, text in ipairs({
            '"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\n"', '"\\ud800\\u0041"', '"\\ud800\\ud800"', '"\\udc00\\ud800"', '"a\\uDFFFb"',
            '{"\\ud800":1}', '{"\\udbff\\\\":1}',
        }) do
            assert_refused("lone_surrogate", text)
        end
        for _, bytes in ipairs({
            "\128", "\191", "\192\128", "\193\191", "\194", "\194a", "\224\159\191", "\226\130", "\226\130a", "\226a", "\237\160\128", "\237\191\191",
            "\240\143\191\191", "\240\159\152", "\244\144\128\128", "\245\128\128\128", "\255", "\254",
        }) do
            assert_refused("invalid_utf8", '"' .. bytes .. '"')
            assert_refused("invalid_utf8", '["xxxx' .. bytes .. 'yyyy"]')
            assert_refused("invalid_utf8", '{"' .. bytes .. '":1}')
        end
    end)

    it("says what is no JSON", function()
        for _, text in ipairs({
            "", " ", "[", "]", "{", "}", "[}", "[1,]", "[,1]", "[1 2]", '{"a"}', '{"a":}', '{"a":1,}', "{,}", "{1:2}", "01", "-", "+1", "1.", ".5",
            "1e", "1e+", "0x10", "NaN", "Infinity", "tru", "truex", "nul", '"', '"a', '"\\', '"\\x"', '"\\u12"', '"\\u12g4"', '"\n"', '"\0"', "'a'",
            "1 1", "[]]", "{}{}", "a=b", "\239\187\191{}", "\255\216\255\224", "--x\r\n", "[1]x", '{"a":1]', '"\\ud83d', '"\\ud83d\\', '"\194',
        }) do
            assert_refused("not_json", text)
        end
    end)

    it("orders names by UTF-16 code units, with their escapes read", function()
        assert_canonical('{"":0,"\\u0000":1,"\\t":2," ":3,"\\"":4,"A":5,"\\\\":6,"a":7,"a\\n":8,"a ":9,"aa":10}',
            '{"aa":10,"a ":9,"a\\n":8,"a":7,"\\\\":6,"A":5,"\\"":4," ":3,"\\t":2,"\\u0000":1,"":0}')
        assert_canonical('{"\237\159\191":1,"\240\144\128\128":2,"\244\143\191\191":3,"\238\128\128":4,"\239\191\191":5}',
            '{"\\uffff":5,"\\ue000":4,"\\udbff\\udfff":3,"\\ud800\\udc00":2,"\\ud7ff":1}')
        assert_canonical('{"same beginning\237\159\191":1,"same beginning\240\144\128\128":2,"same beginning\238\128\128":3}',
            '{"same beginning\\ue000":3,"same beginning\\ud800\\udc00":2,"same beginning\\ud7ff":1}')
        assert_canonical('{"same beginning":1,"same beginning\\n":2,"same beginning\\r":3,"same beginning\\\\":4,"same beginningx":5}',
            '{"same beginningx":5,"same beginning\\\\":4,"same beginning\\r":3,"same beginning\\n":2,"same beginning":1}')
        assert_canonical('{"\\u0001aaaaaaa":1,"\\u0001aaaaaab":2,"\\u0002aaaaaaa":3}', '{"\\u0002aaaaaaa":3,"\\u0001aaaaaab":2,"\\u0001aaaaaaa":1}')
    end)

    it("refuses a name that an object has twice, at any depth and in any order", function()
        for _, text in ipairs({
            '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"b":1,"a":2,"b":3}', '{"a":1,"\\u0061":2}', '{"":1,"":2}', '[[{"x":{"z":1,"y":2,"z":3}}]]',
            '{"d":1,"c":2,"b":3,"a":4,"d":5}', '{"\\n":1,"\\u000a":2}', '{"é":1,"a":2,"\\u00e9":3}', '{"/":1,"\\/":2}',
            '{"same beginning":1,"a":2,"same beginning":3}', '{"a":{},"b":[],"a":{}}', '{"\\ud83d\\ude00":1,"a":0,"😀":2}',
        }) do
            assert_refused("duplicate_name", text)
        end
        assert_canonical('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}', '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}')
    end)

    it("says what the wanted member is, if it is a plain string at the top level", function()
        local function wanted(text, name, ignored)
            local settings = canonical.settings(1e6, ignored or {}, name or "model")
            local found
            for _, bytes in ipairs({ 1000, 1, 2, 3 }) do
                local json = canonical.new(settings)
                for _, piece in ipairs(pieces_of(text, bytes)) do feed(json, piece) end
                local outcome, reason, value = canonical.finish(json, function() end)
                assert.same({ "canonical" }, { outcome, reason })
                if bytes < 1000 then assert.equal(found, value, text) end
                found = value
            end
            return found
        end
        assert.equal("a", wanted('{"model":"a"}'))
        assert.equal("", wanted('{"model":""}'))
        assert.equal("é/b", wanted(' { "n" : 1, "mod\\u0065l" : "\\u00e9\\/b" , "a" : 2 } '))
        assert.equal("a", wanted('{"x":{"model":"b"},"model":"a","y":[{"model":"c"}]}'))
        assert.equal("a", wanted('{"models":"b","model":"a","modem":"c"}'))
        assert.equal("a", wanted('{"user":1,"model":"a"}', "model", { "model", "user" }))
        assert.equal("a", wanted('{"a longer name":"a","a longer game":"b"}', "a longer name"))
        assert.equal(("x"):rep(256), wanted('{"model":"' .. ("x"):rep(256) .. '"}'))
        for _, text in ipairs({
            "{}", '{"n":1}', '"model"', "[]", '[{"model":"a"}]', '{"x":{"model":"a"}}', '{"model":1}', '{"model":null}', '{"model":["a"]}',
            '{"model":{"model":"a"}}', '{"model":"a\\"b"}', '{"model":"a\\\\"}', '{"model":"\\n"}', '{"model":"' .. ("x"):rep(257) .. '"}',
        }) do
            assert.is_nil(wanted(text), text)
        end
        -- Of the text before, which had one.
        assert.is_nil(wanted('{"n":1}'))
        local json = canonical.new(WIDE)
        feed(json, '{"model":"a"}')
        assert.same({ "canonical" }, { canonical.finish(json, function() end) })
    end)

    it("leaves out members of these names, at the top level only", function()
        local settings = canonical.settings(1e6, { "user", "stream", "naïve\n\"" })
        assert_canonical('{"a":1}', '{"a":1,"user":"x"}', settings)
        assert_canonical('{"a":1}', '{"user":{"z":1,"y":[{"c":1,"b":2}]},"a":1}', settings)
        assert_canonical('{"a":1,"b":2}', '{"stream":true,"b":2,"\\u0075ser":1,"a":1}', settings)
        assert_canonical('{"a":1,"z":2}', '{"a":1,"stream":[],"z":2}', settings)
        assert_canonical("{}", '{"user":1}', settings)
        assert_canonical("{}", '{"user":1,"stream":2,"na\\u00efve\\n\\"":3}', settings)
        assert_canonical('{"a":{"user":1}}', '{"a":{"user":1}}', settings)
        assert_canonical('[{"user":1}]', '[{"user":1}]', settings)
        assert_canonical('{"users":1}', '{"users":1}', settings)
        assert_canonical('{"a":{"b":2,"c":1},"b":0}', '{"user":1,"a":{"c":1,"b":2},"stream":{"b":0,"a":1},"b":0}', settings)
        -- Names that begin alike, and names longer than may be.
        local alike = canonical.settings(1e6, { "metadata", "metadata_2", ("x"):rep(2000) })
        assert_canonical('{"metadata_1":1}', '{"metadata_2":3,"metadata":2,"metadata_1":1}', alike)
        assert_refused("name_too_long", '{"' .. ("x"):rep(2000) .. '":1}', alike)
        -- They are read all the same.
        assert_refused("duplicate_name", '{"user":1,"user":2}', settings)
        assert_refused("lone_surrogate", '{"user":"\\ud800"}', settings)
        assert_refused("not_json", '{"user":}', settings)
    end)

    it("has limits: of depth, of names and of its memory", function()
        assert_canonical(("["):rep(64) .. ("]"):rep(64), ("["):rep(64) .. ("]"):rep(64))
        assert_refused("too_deep", ("["):rep(65) .. ("]"):rep(65))
        assert_refused("too_deep", ('{"a":'):rep(65) .. "1" .. ("}"):rep(65))
        assert_canonical(('{"a":'):rep(64) .. "1" .. ("}"):rep(64), ('{"a":'):rep(64) .. "1" .. ("}"):rep(64))
        local name = '"' .. ("x"):rep(1024) .. '"'
        assert_canonical("{" .. name .. ":1}", "{" .. name .. ":1}")
        assert_refused("name_too_long", '{"x' .. name:sub(2) .. ":1}")
        local small = canonical.settings(10, {})
        assert_canonical('["123456"]', ' [ "123456" ] ' .. (" "):rep(100), small)
        assert_refused("too_large", '["1234567"]', small)
        assert_refused("too_large", "100000e5", canonical.settings(10, {}))
        assert_refused("too_large", "[1e19]", canonical.settings(21, {}))
        assert_canonical("[10000000000000000000]", "[1e19]", canonical.settings(22, {}))
        -- The tables of members count as well: 100,000 of them take 3 MB.
        local members = {}
        for index = 1, 100000 do members[index] = string.format('"%x":0', index) end
        assert.equal("too_large", (read({ "{" .. table.concat(members, ",") .. "}" }, canonical.settings(2e6, {}))))
        assert.equal("canonical", (read({ "{" .. table.concat(members, ",") .. "}" }, canonical.settings(4e6, {}))))
        assert.equal("too_large", (read({ "[" .. ("{},"):rep(100000) .. "1]" }, WIDE)))
    end)

    it("sorts many members, in work that grows with n log n, and looks at the clock all the time", function()
        local function sorted(count, factor)
            local members, expected = {}, {}
            for index = 0, count - 1 do
                members[index + 1] = string.format('"the name %06d":%d', index * factor % count, index)
                expected[index * factor % count + 1] = members[index + 1]
            end
            local breaths = 0
            local outcome, _, made = read({ "{" .. table.concat(members, ",") .. "}" }, canonical.settings(1e8, {}),
                function() breaths = breaths + 1 end)
            assert.equal("canonical", outcome)
            assert.is_true(made == "{" .. table.concat(expected, ",") .. "}", count .. " members times " .. factor)
            return breaths
        end
        for count = 1, 40 do sorted(count, count - 1 == 0 and 1 or count - 1) end
        for _, factor in ipairs({ 7919, 20010, 3 }) do sorted(20011, factor) end
        local once, twice = sorted(20011, 20010), sorted(40031, 40030)
        assert.is_true(once > 20011 / 128 * 10, once)
        assert.is_true(twice < 2.5 * once, once .. " and " .. twice)
    end)

    it("passes a long text on in pieces, and breathes in between", function()
        local text = '"' .. ("x"):rep(1000000) .. '"'
        local json = canonical.new(canonical.settings(1e7, {}), #text)
        feed(json, text)
        local longest, breaths, parts = 0, 0, {}
        canonical.finish(json, function(_, bytes, count)
            longest = math.max(longest, count)
            keep(parts, bytes, count)
        end, nil, function() breaths = breaths + 1 end)
        assert.is_true(longest <= 32768 and breaths >= 30, breaths)
        assert.is_true(text == table.concat(parts))
    end)

    it("keeps texts apart that are read and sorted at the same time", function()
        local function text_of(index)
            local members, expected = {}, {}
            for place = 1, 500 do
                members[place] = string.format('"%d name %04d": [%d, 1e%d]', index, 500 - place, place, index)
                expected[501 - place] = string.format('"%d name %04d":[%d,1%s]', index, 500 - place, place, ("0"):rep(index))
            end
            return "{" .. table.concat(members, ",") .. "}", "{" .. table.concat(expected, ",") .. "}"
        end
        local threads, results = {}, {}
        for index = 1, 12 do
            local text, expected = text_of(index)
            results[index] = { expected = expected }
            threads[index] = coroutine.wrap(function()
                local json = canonical.new(WIDE)
                for _, piece in ipairs(pieces_of(text, 100)) do
                    feed(json, piece)
                    coroutine.yield(true)
                end
                local parts = {}
                canonical.finish(json, keep, parts, function() coroutine.yield(true) end)
                results[index].made = table.concat(parts)
            end)
        end
        local is_any = true
        while is_any do
            is_any = false
            for index = 1, 12 do
                if threads[index] then
                    if threads[index]() then is_any = true else threads[index] = nil end
                end
            end
        end
        for index = 1, 12 do assert.equal(results[index].expected, results[index].made) end
    end)

    it("reads the next text as if there had been none before", function()
        for _, text in ipairs({ '{"a":{"b":[1,"\\ud83d', '{"b":1,"a":2,"b":', "[1e5", '{"x', '["\\u00' }) do
            read({ text })
            assert_canonical('{"a":[1,"x"],"b":2}', '{"b":2,"a":[1,"x"]}')
        end
    end)
end)

-- Documents from a seed, as trees that know their canonical text, and many ways to write each.
describe("canonical json of any document", function()
    local seed

    local function random(count)
        -- Numerical Recipes' generator.
        seed = (seed * 1664525 + 1013904223) % 4294967296
        return math.floor(seed / 4294967296 * count)
    end

    local function one_of(list) return list[random(#list) + 1] end

    local NUMBERS = {
        { "0", "-0", "0.0", "0e5" }, { "1", "1.0", "10e-1", "1E0" }, { "-1", "-1.0", "-0.1e1" }, { "0.5", "5e-1", "0.50" },
        { "1e+21", "1E21", "1000000000000000000000" }, { "0.1", "0.10", "0.1000000000000000055511151231257827" },
        { "1e-7", "0.0000001", "1E-07" }, { "123456789", "123456789.0", "1.23456789e8" }, { "42", "4.2e1", "42.00" },
        { "0.3333333333333333", "0.33333333333333331", "33333333333333331e-17" }, { "-2.5", "-25e-1" }, { "7" }, { "700", "7e2" },
    }
    --- Of all lengths in UTF-8 and UTF-16, and with and without escapes.
    local CHARACTERS = { 97, 98, 65, 32, 34, 92, 47, 8, 9, 10, 12, 13, 0, 31, 127, 0xe9, 0x7ff, 0x800, 0x20ac, 0xd7ff, 0xe000, 0xfb33, 0xffff,
        0x10000, 0x1f600, 0x10ffff }

    local function utf8_of(code)
        if code < 0x80 then return string.char(code) end
        if code < 0x800 then return string.char(0xc0 + bit.rshift(code, 6), 0x80 + code % 64) end
        if code < 0x10000 then
            return string.char(0xe0 + bit.rshift(code, 12), 0x80 + bit.rshift(code, 6) % 64, 0x80 + code % 64)
        end
        return string.char(0xf0 + bit.rshift(code, 18), 0x80 + bit.rshift(code, 12) % 64, 0x80 + bit.rshift(code, 6) % 64, 0x80 + code % 64)
    end

    local SHORT = { [34] = '\\"', [92] = "\\\\", [8] = "\\b", [12] = "\\f", [10] = "\\n", [13] = "\\r", [9] = "\\t" }

    local function canonical_character(code)
        return SHORT[code] or (code < 32 and string.format("\\u%04x", code)) or utf8_of(code)
    end

    --- The code units of UTF-16, two bytes each: these texts have the order of RFC 8785.
    local function utf16_of(codes)
        local units = {}
        for _, code in ipairs(codes) do
            if code >= 0x10000 then
                local rest = code - 0x10000
                units[#units + 1] = string.char(0xd8 + bit.rshift(rest, 18), bit.rshift(rest, 10) % 256)
                units[#units + 1] = string.char(0xdc + bit.rshift(rest, 8) % 4, rest % 256)
            else
                units[#units + 1] = string.char(bit.rshift(code, 8), code % 256)
            end
        end
        return table.concat(units)
    end

    local function any_string()
        local codes = {}
        for index = 1, random(4) == 0 and random(12) or random(4) do codes[index] = one_of(CHARACTERS) end
        return codes
    end

    local function any_value(depth)
        local kind = random(depth < 4 and 6 or 3)
        if kind == 0 then return { number = one_of(NUMBERS) } end
        if kind == 1 then return { codes = any_string() } end
        if kind == 2 then return { word = one_of({ "true", "false", "null" }) } end
        local entries = {}
        if kind == 3 then
            for index = 1, random(4) do entries[index] = any_value(depth + 1) end
            return { entries = entries }
        end
        local names = {}
        for _ = 1, random(6) do
            local codes = any_string()
            local order = utf16_of(codes)
            if not names[order] then
                names[order] = true
                entries[#entries + 1] = { codes = codes, order = order, value = any_value(depth + 1) }
            end
        end
        return { members = entries }
    end

    local function canonical_string(codes)
        local parts = {}
        for index, code in ipairs(codes) do parts[index] = canonical_character(code) end
        return '"' .. table.concat(parts) .. '"'
    end

    local function bytes_before(left, right)
        for at = 1, math.min(#left, #right) do
            local one, other = left:byte(at), right:byte(at)
            if one ~= other then return one < other end
        end
        return #left < #right
    end

    --- What has to come out.
    local function expected(value)
        if value.number then return value.number[1] end
        if value.codes then return canonical_string(value.codes) end
        if value.word then return value.word end
        local parts = {}
        if value.entries then
            for index, entry in ipairs(value.entries) do parts[index] = expected(entry) end
            return "[" .. table.concat(parts, ",") .. "]"
        end
        local members = {}
        for index, member in ipairs(value.members) do members[index] = member end
        table.sort(members, function(left, right) return bytes_before(left.order, right.order) end)
        for index, member in ipairs(members) do parts[index] = canonical_string(member.codes) .. ":" .. expected(member.value) end
        return "{" .. table.concat(parts, ",") .. "}"
    end

    local function blanks() return random(3) > 0 and "" or (" \n\t\r"):sub(1 + random(4)) end

    local function spelled_string(codes)
        local parts = {}
        for index, code in ipairs(codes) do
            local choice = random(3)
            if choice == 0 and code < 0x10000 then
                parts[index] = string.format(random(2) == 0 and "\\u%04x" or "\\u%04X", code)
            elseif choice == 0 then
                parts[index] = string.format("\\u%04x\\u%04X", 0xd800 + bit.rshift(code - 0x10000, 10), 0xdc00 + (code - 0x10000) % 1024)
            elseif code == 47 and choice == 1 then
                parts[index] = "\\/"
            else
                parts[index] = canonical_character(code)
            end
        end
        return '"' .. table.concat(parts) .. '"'
    end

    --- One of the ways to write a value.
    local function spelled(value)
        local text
        if value.number then
            text = one_of(value.number)
        elseif value.codes then
            text = spelled_string(value.codes)
        elseif value.word then
            text = value.word
        else
            local parts = {}
            for _, entry in ipairs(value.entries or {}) do parts[#parts + 1] = spelled(entry) end
            for _, member in ipairs(value.members or {}) do
                table.insert(parts, 1 + random(#parts + 1), blanks() .. spelled_string(member.codes) .. blanks() .. ":" .. spelled(member.value))
            end
            text = table.concat(parts, ",")
            if text == "" then text = blanks() end
            text = value.entries and "[" .. text .. "]" or "{" .. text .. "}"
        end
        return blanks() .. text .. blanks()
    end

    --- Changes the meaning somewhere, or not at all.
    local function change(value)
        if value.number then return { number = one_of(NUMBERS) } end
        if value.word then return { word = one_of({ "true", "false", "null" }) } end
        if value.codes then
            local codes = { unpack(value.codes) }
            if #codes == 0 or random(3) == 0 then
                table.insert(codes, 1 + random(#codes + 1), one_of(CHARACTERS))
            elseif random(2) == 0 then
                table.remove(codes, 1 + random(#codes))
            else
                codes[1 + random(#codes)] = one_of(CHARACTERS)
            end
            return { codes = codes }
        end
        local list = value.entries or value.members
        local changed = { unpack(list) }
        if #changed == 0 then return one_of({ { word = "null" }, { entries = {} }, { members = {} } }) end
        local at = 1 + random(#changed)
        local choice = random(4)
        if choice == 0 then
            table.remove(changed, at)
        elseif choice == 1 and value.entries then
            table.insert(changed, at, { entries = { table.remove(changed, at) } })
        elseif choice == 2 and value.entries and at > 1 then
            changed[at], changed[at - 1] = changed[at - 1], changed[at]
        elseif value.entries then
            changed[at] = change(changed[at])
        else
            local member = changed[at]
            changed[at] = { codes = member.codes, order = member.order, value = change(member.value) }
        end
        return value.entries and { entries = changed } or { members = changed }
    end

    local function digest_of(text)
        local pieces = random(2) == 0 and { text } or pieces_of(text, 1 + random(9))
        local outcome, reason, made = read(pieces)
        assert(outcome == "canonical", text .. ": " .. tostring(reason or outcome))
        return made, ngx.md5(made)
    end

    it("has one digest for all ways to write a document, and another one for each meaning: 10,000 pairs", function()
        seed = 8785
        local different = 0
        for _ = 1, 10000 do
            local value = any_value(0)
            local made, digest = digest_of(spelled(value))
            if expected(value) ~= made then assert.equal(expected(value), made) end
            local _, again = digest_of(spelled(value))
            if digest ~= again then assert.equal(digest, again, made) end
            local other = change(value)
            local _, its_digest = digest_of(spelled(other))
            local is_other = expected(other) ~= made
            if is_other then different = different + 1 end
            if is_other ~= (its_digest ~= digest) then error("one digest: " .. made .. " and " .. expected(other)) end
        end
        assert.is_true(different > 8000, different)
    end)

    it("never raises, and finds JSON where the strict check does: 20,000 documents with bytes changed", function()
        seed = 7493
        local limits = { max_depth = 64, max_members = 1e6, unique_names = true }
        local outcomes = {}
        for _ = 1, 20000 do
            local text = spelled(any_value(1))
            for _ = 1, 1 + random(2) do
                local at = random(#text + 1)
                local choice = random(3)
                local byte = random(2) == 0 and string.char(random(256)) or one_of({ '"', "\\", "{", "}", "[", "]", ",", ":", "1", "u", "d", "8", "e" })
                text = text:sub(1, at) .. (choice > 0 and byte or "") .. text:sub(at + (choice > 1 and 1 or 2))
            end
            local problem = structure.check(text, limits)
            local outcome, reason, made = read(pieces_of(text, 1 + random(9)))
            outcomes[reason or outcome] = (outcomes[reason or outcome] or 0) + 1
            local is_consistent
            if outcome == "canonical" then
                is_consistent = problem == nil
                -- What comes out is canonical itself.
                local _, _, again = read({ made })
                is_consistent = is_consistent and again == made
            elseif outcome == "not_json" then
                is_consistent = problem == "no_json" or problem == "duplicate_name" -- found first
            else
                is_consistent = reason ~= nil and (reason ~= "duplicate_name" or problem ~= nil)
            end
            if not is_consistent then error(text .. ": " .. outcome .. " " .. tostring(reason) .. " " .. tostring(problem)) end
        end
        for _, outcome in ipairs({ "canonical", "not_json", "invalid_utf8", "lone_surrogate", "duplicate_name" }) do
            assert.is_true((outcomes[outcome] or 0) > 0, outcome)
        end
    end)
end)
