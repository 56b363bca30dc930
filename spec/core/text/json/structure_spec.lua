local ffi = require("ffi")
local structure = require("resty.openclaw.core.text.json.structure")

local LIMITS = { max_depth = 4, max_members = 5, unique_names = true }
local WIDE = { max_depth = 1000, max_members = 1e6, unique_names = false }

--- Feeds a text in pieces, each at another address, so that nothing can be read past an end.
local function feed(text, limits, piece_bytes)
    local checker = structure.new(limits)
    for from = 1, #text, piece_bytes do
        local piece = text:sub(from, from + piece_bytes - 1)
        local memory = ffi.new("uint8_t[?]", #piece)
        ffi.copy(memory, piece, #piece)
        structure.feed(checker, memory, #piece)
        ffi.fill(memory, #piece, 0x22)
    end
    return structure.finish(checker), checker.bytes
end

--- The same whole and cut into pieces of every small size.
local function check(text, limits)
    local problem, at = structure.check(text, limits or WIDE)
    for _, piece_bytes in ipairs({ 1, 2, 3, 5, 8 }) do
        local of_pieces, bytes = feed(text, limits or WIDE, piece_bytes)
        assert.equal(problem, of_pieces, text .. " in pieces of " .. piece_bytes)
        if problem then assert.equal(at, bytes, text .. " in pieces of " .. piece_bytes) end
    end
    return problem, at
end

--- RFC 8259 as a pattern.
local GRAMMAR = [[(?(DEFINE)(?<ws>[ \t\n\r]*+)(?<num>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)]]
    .. [[(?<str>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")]]
    .. [[(?<arr>\[(?&ws)(?:(?&val)(?:,(?&val))*+)?\])(?<obj>\{(?&ws)(?:(?&mem)(?:,(?&mem))*+)?\})]]
    .. [[(?<mem>(?&ws)(?&str)(?&ws):(?&val))]]
    .. [[(?<val>(?&ws)(?:(?&num)|(?&str)|(?&arr)|(?&obj)|true|false|null)(?&ws)))\A(?&val)\z]]

local function is_json(text)
    return ngx.re.find(text, GRAMMAR, "u") ~= nil
end

describe("json structure", function()
    it("accepts what is JSON", function()
        for _, text in ipairs({
            "0", "-0", "1", "10", "-12.5", "1.0e5", "1E+5", "2e-07", "true", "false", "null", '""', '"a"', "[]", "{}",
            " [ ] ", "\t{\n}\r ", "[1,2]", "[[],{}]", '{"a":1}', '{ "a" : { "b" : [ 1 , "x" , null ] } , "c" : -1 }',
            '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00"', '"\\ud800"', '"\127"', '"ä€😀"', '"\194\128"', '"\244\143\191\191"',
            '"\237\159\191\238\128\128"', '{"":0}', '{"a":1,"a":2}', '{"ä€😀\\n\\u0041":1}', "[1 ]", "[0\n,1]", "1 ", '["a b c d e f"]',
        }) do
            assert.is_true(is_json(text), text)
            assert.is_nil(check(text), text)
        end
    end)

    it("refuses what is not, at its byte", function()
        for text, at in pairs({
            [""] = 0, [" "] = 1, ["["] = 1, ["]"] = 1, ["{"] = 1, ["}"] = 1, ["[}"] = 2, ["{]"] = 2, ["[1}"] = 3, ['{"a":1]'] = 7,
            ["[1,]"] = 4, ["[,1]"] = 2, ["[1 2]"] = 4, ['{"a"}'] = 5, ['{"a":}'] = 6, ['{"a":1,}'] = 8, ["{,}"] = 2, ["{1:2}"] = 2,
            ['{"a" 1}'] = 6, ['{a:1}'] = 2, ["{'a':1}"] = 2, ["01"] = 2, ["-"] = 1, ["-a"] = 2, ["+1"] = 1, ["1."] = 2, ["1.e1"] = 3,
            [".5"] = 1, ["1e"] = 2, ["1e+"] = 3, ["1e+ "] = 4, ["0x10"] = 2, ["-01"] = 3, ["1 1"] = 3, ["[]]"] = 3, ["{}{}"] = 3,
            ["tru"] = 3, ["trux"] = 4, ["True"] = 1, ["truer"] = 5, ["nul"] = 3, ["NaN"] = 1, ["nan"] = 2, ["Infinity"] = 1, ["-Infinity"] = 2,
            ['"'] = 1, ['"a'] = 2, ['"\\'] = 2, ['"\\x"'] = 3, ['"\\u12"'] = 6, ['"\\u12g4"'] = 6, ['"\n"'] = 2, ['"a\tb"'] = 3,
            ['"abcd\0"'] = 6, ['"abcdefgh\31"'] = 10, ['{"\\x":1}'] = 4, ['{"\\u12":1}'] = 7, ['{"\n":1}'] = 3,
            ["\239\187\191{}"] = 1, ["[1]\0"] = 4, ["\11[]"] = 1, ["[1]\194\160"] = 4, ["// c\n1"] = 1, ["'a'"] = 1, ["[1,2"] = 4,
            ['"\128"'] = 2, ['"\194"'] = 3, ['"\192\175"'] = 2, ['"\193\191"'] = 2, ['"\224\128\175"'] = 3, ['"\237\160\128"'] = 3,
            ['"\240\128\128\175"'] = 3, ['"\244\144\128\128"'] = 3, ['"\245\128\128\128"'] = 2, ['"\226\130"'] = 4, ['"\255"'] = 2,
            ['"aaaaaaa\128"'] = 9, ['{"\192\175":1}'] = 3, ['{"\226\130":1}'] = 5, ['"\240\159\152"'] = 5,
        }) do
            assert.is_false(is_json(text), text)
            local problem, where = check(text)
            assert.equal("no_json", problem, text)
            assert.equal(at, where, text)
        end
    end)

    it("counts how deep it is nested", function()
        assert.is_nil(check("[[[[]]]]", LIMITS))
        assert.is_nil(check('[{"a":[{"b":1}]}, [[[0]]]]', LIMITS))
        assert.same({ "too_deep", 5 }, { check("[[[[[]]]]]", LIMITS) })
        assert.same({ "too_deep", 8 }, { check('[{"a":[{"b":1},{"b":[]}]}]', { max_depth = 3, max_members = 9, unique_names = true }) })
        assert.same({ "too_deep", 1 }, { check("{}", { max_depth = 0, max_members = 9, unique_names = false }) })
        assert.is_nil(check("1", { max_depth = 0, max_members = 9, unique_names = false }))
        assert.is_nil(check(("["):rep(1000) .. ("]"):rep(1000)))
        assert.same({ "too_deep", 1001 }, { structure.check(("["):rep(100000), WIDE) })
    end)

    it("counts the members of all objects", function()
        assert.is_nil(check('[{"a":1,"b":2},{"a":{"c":1,"d":2}}]', LIMITS))
        assert.same({ "too_many_members", 37 }, { check('[{"a":1,"b":2},{"a":{"c":1,"d":2}},{"e":1}]', LIMITS) })
    end)

    it("refuses a name that an object has twice, however it is written", function()
        local function repeated(text) return (check(text, { max_depth = 9, max_members = 99, unique_names = true })) end
        for _, text in ipairs({
            '{"a":1,"a":2}', '{"a":1,"b":{"a":1},"a":2}', '{"a":1,"\\u0061":2}', '{"\\u0061b":1,"\\u0061\\u0062":2}', '{"":1,"":2}',
            '{"\\n":1,"\\u000a":2}', '{"\\/":1,"/":2}', '{"\\\\\\"":1,"\\u005c\\u0022":2}', '{"ä":1,"\\u00E4":2}', '{"€":1,"\\u20ac":2}',
            '{"😀":1,"\\uD83d\\udE00":2}', '{"x😀y":1,"x\\uD83d\\udE00y":2}', '{"\\ud800":1,"\\udbff":2}', '{"\\ud800":1,"\\udc00":2}',
            '{"\\ud800x":1,"\\ud801x":2}', '{"\\ud800\\n":1,"\\ud801\\n":2}', '{"\\ud83d\\ud83d\\ude00":1,"\\ud800😀":2}',
            '{"\\b\\f\\n\\r\\t":1,"\\u0008\\u000C\\u000A\\u000D\\u0009":2}', '[{},{"a":1},{"a":[{"a":1}],"a":2}]', '{"\\ud800":1,"\\ufffd":1}',
            '{"long name number one":1,"long name number two":1,"long name number one":1}', '{"a":{"b":1,"b":2}}', '{"\\u0000":1,"\\u0000":1}',
        }) do
            assert.equal("duplicate_name", repeated(text), text)
            assert.is_nil(check(text), text)
        end
        for _, text in ipairs({
            '{"a":1,"A":2}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', '{"a":[{"a":1},{"a":1}],"b":{"a":1},"c":{"a":1}}', '{"a":1,"a ":1}',
            '{"\\\\u0061":1,"a":1}', '{"\\u00e4":1,"\\u0061":1}', '{"":1,"\\u0000":1}', '{"\\ud83d\\ude00":1,"\\ud83d\\ude01":1}', '{"n":1,"\\n":1}',
            '{"a":"a","b":"a"}', '{"a":{"b":1},"b":1}',
        }) do
            assert.is_nil(repeated(text), text)
        end
    end)

    it("says at which byte a name comes again", function()
        assert.same({ "duplicate_name", 10 }, { check('{"a":1,"a":2}', LIMITS) })
    end)

    it("agrees with the grammar on ten thousand mutations", function()
        local seed = ngx.now() * 1000 % 1e6
        math.randomseed(seed)
        local sources = {
            '{"name":"a\\u00e4\\n","list":[1,-2.5e+7,true,false,null,"ä€😀"],"inner":{"":{},"x":[[]]}}',
            '[{"model":"m","messages":[{"role":"user","content":"Hello \\"world\\""}],"temperature":0.7,"stream":true}]',
        }
        local letters = { "{", "}", "[", "]", ",", ":", '"', "\\", "u", "0", "1", "-", ".", "e", "E", "+", " ", "\n", "\0", "t", "\195", "\164", "\128", "\237", "\240" }
        local json = 0
        for _ = 1, 10000 do
            local text = sources[math.random(#sources)]
            for _ = 1, math.random(3) do
                local from = math.random(#text)
                text = text:sub(1, from - math.random(0, 1)) .. (math.random(3) > 1 and letters[math.random(#letters)] or "") .. text:sub(from + 1)
            end
            local expected = is_json(text)
            local piece_bytes = math.random(1, 40)
            assert.equal(expected, structure.check(text, WIDE) == nil, "seed " .. seed .. ": " .. text)
            assert.equal(expected, feed(text, WIDE, piece_bytes) == nil, "seed " .. seed .. ", pieces of " .. piece_bytes .. ": " .. text)
            if expected then json = json + 1 end
        end
        assert.is_true(json > 100 and json < 9900, json .. " were JSON")
    end)

    it("reads nothing after a problem, and no byte twice", function()
        local checker = structure.new(WIDE)
        local function give(text) structure.feed(checker, ffi.cast("const uint8_t *", text), #text) end
        give("[1,")
        give("x]")
        assert.same({ "no_json", 4 }, { checker.problem, checker.bytes })
        give("[[[")
        assert.same({ "no_json", 4 }, { structure.finish(checker), checker.bytes })
    end)
end)
