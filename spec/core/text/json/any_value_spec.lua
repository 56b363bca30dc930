local any_value = require("resty.openclaw.core.text.json.any_value")
local cjson = require("cjson")

local function nothing() end

local function encoded(value, depth, bytes, yield_if_due)
    local made = any_value.encode(value, { depth = depth or 8, bytes = bytes or 1000 }, yield_if_due or nothing)
    return made.text, made.problem
end

describe("any value", function()
    it("is written with its keys sorted", function()
        assert.same({ '{"a":[1,"x",{"y":true}],"b":{"1":0.5},"empty":{}}' }, { encoded({ b = { ["1"] = 0.5 }, a = { 1, "x", { y = true } }, empty = {} }) })
        assert.same({ "null" }, { encoded(nil) })
        assert.same({ "[null,false]" }, { encoded({ cjson.null, false }) })
    end)

    it("has null for numbers that JSON does not have", function()
        assert.same({ "[null,null,null,-0.5]" }, { encoded({ 0 / 0, math.huge, -math.huge, -0.5 }) })
    end)

    it("is valid UTF-8 and escaped", function()
        local text = encoded({ ["a\"\n\255"] = "b\\\0\255" })
        assert.same({ ['a"\n?'] = "b\\\0?" }, cjson.decode(text))
    end)

    it("has null for what JSON does not have, and says why", function()
        for _, value in ipairs({ print, coroutine.create(nothing), 5LL, io.stdout }) do
            local text, problem = encoded({ value, 1 })
            assert.equal("[null,1]", text)
            assert.equal("JSON has no " .. type(value), problem)
        end
        for _, value in ipairs({ { 1, a = 2 }, { [2] = 1 }, { [1.5] = 1 }, { [true] = 1 }, { 1, 2, [4] = 4 }, { [0] = 1 } }) do
            local text, problem = encoded({ a = value })
            assert.equal('{"a":null}', text)
            assert.equal("a table has keys that are neither all names nor those of a list", problem)
        end
    end)

    it("is no deeper than allowed, even where a table holds itself", function()
        assert.same({ "[[1]]" }, { encoded({ { 1 } }, 2) })
        assert.same({ "[[null]]", "tables are nested over 2 deep" }, { encoded({ { { 1 } } }, 2) })
        local cycle = {}
        cycle.c = cycle
        assert.same({ '{"c":{"c":null}}', "tables are nested over 2 deep" }, { encoded(cycle, 2) })
        local wide = {}
        for place = 1, 10 do wide[place] = wide end
        assert.same({ nil, "it takes over 65536 bytes" }, { encoded(wide, 8, 65536) })
    end)

    it("is no longer than allowed", function()
        assert.same({ '"' .. ("x"):rep(98) .. '"' }, { encoded(("x"):rep(98), 1, 100) })
        local long = {}
        for place = 1, 100000 do long[place] = place end
        for _, value in ipairs({ ("x"):rep(99), { ("x"):rep(200) }, long, { [("x"):rep(200)] = 1 }, { { ("x"):rep(60) }, { ("y"):rep(60) } } }) do
            assert.same({ nil, "it takes over 100 bytes" }, { encoded(value, 8, 100) })
        end
        -- Each byte takes six.
        assert.same({ nil, "it takes over 100 bytes" }, { encoded(("\1"):rep(90), 8, 100) })
    end)

    it("yields between values, and takes what others do to the table meanwhile", function()
        local value = { a = 1, b = { 2 }, c = 3 }
        local yields = 0
        local text = encoded(value, 8, 100, function()
            yields = yields + 1
            value.b, value.d = nil, 4
        end)
        assert.equal('{"a":1,"b":null,"c":3}', text)
        assert.equal(3, yields)
    end)
end)
