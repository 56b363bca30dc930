local cjson = require("cjson")
local outputs = require("resty.openclaw.core.text.json.output")
local shapes = require("resty.openclaw.core.text.json.shapes")

local function nothing() end

local function written(write, value)
    local output = outputs.collecting(nothing)
    write(output, value)
    return outputs.finish(output)
end

--- Hands over the values of a list with its length `n`, holes and all.
local function each(list)
    return function(put)
        for place = 1, list.n or #list do put(list[place]) end
    end
end

--- Hands over pairs of name and value.
local function entries(list)
    return function(put)
        for _, entry in ipairs(list) do put(entry[1], entry[2]) end
    end
end

describe("shapes", function()
    it("write numbers, and null for what is none", function()
        for value, expected in pairs({ [0] = "0", [-1.5] = "-1.5", [2 ^ 40] = "1099511627776", [1 / 3] = "0.33333333333333" }) do
            assert.equal(expected, written(shapes.exact, value))
        end
        assert.equal("0.333333", written(shapes.rounded, 1 / 3))
        assert.equal("1.09951e+12", written(shapes.rounded, 2 ^ 40))
        for _, write in ipairs({ shapes.exact, shapes.rounded }) do
            for _, value in ipairs({ 0 / 0, math.huge, -math.huge }) do assert.equal("null", written(write, value)) end
            assert.equal("null", written(write, nil))
        end
    end)

    it("write texts and flags", function()
        for _, write in ipairs({ shapes.text, shapes.name }) do
            assert.equal('"a\\"b?"', written(write, 'a"b\255'))
            assert.equal("null", written(write, nil))
        end
        assert.equal("true", written(shapes.flag, true))
        assert.equal("false", written(shapes.flag, false))
        assert.equal("null", written(shapes.flag, nil))
    end)

    it("write the fields of an object in their order, null where there is nothing", function()
        local inner = shapes.object()({ "z", shapes.exact }, { "a", shapes.text })
        local object = shapes.object()({ "b", shapes.exact }, { "inner", inner }, { "a", shapes.flag })
        assert.equal('{"b":1,"inner":{"z":2,"a":"x"},"a":false}', written(object, { a = false, b = 1, inner = { a = "x", z = 2 }, other = 5 }))
        assert.equal('{"b":null,"inner":null,"a":null}', written(object, {}))
        assert.equal("null", written(object, nil))
        assert.equal("{}", written(shapes.object()(), {}))
    end)

    it("leave out optional fields", function()
        local object = shapes.object()({ "a", shapes.exact, "optional" }, { "b", shapes.exact }, { "c", shapes.flag, "optional" })
        assert.equal('{"b":null}', written(object, {}))
        assert.equal('{"a":1,"b":2,"c":false}', written(object, { a = 1, b = 2, c = false }))
        assert.equal("{}", written(shapes.object()({ "a", shapes.exact, "optional" }), {}))
    end)

    it("write lists and maps entry by entry", function()
        for _, list_of in ipairs({ shapes.list_of, shapes.row_of }) do
            assert.equal("[1,null,3]", written(list_of(shapes.exact), each({ 1, nil, 3, n = 3 })))
            assert.equal("[]", written(list_of(shapes.exact), each({})))
            assert.equal("null", written(list_of(shapes.exact), nil))
            assert.equal("[[1],[]]", written(list_of(list_of(shapes.exact)), each({ each({ 1 }), each({}) })))
        end
        local map = shapes.map_of(shapes.exact)
        assert.equal('{"b":1,"a\\"":2,"":null}', written(map, entries({ { "b", 1 }, { 'a"', 2 }, { "" } })))
        assert.equal("{}", written(map, entries({})))
        assert.equal("null", written(map, nil))
        assert.equal('{"a":1,"b":2,"c":3}', written(map, shapes.sorted_entries({ c = 2, a = 0, b = 1 }, function(value) return value + 1 end)))
    end)

    it("send large documents piece by piece, and yield between entries", function()
        local pieces, longest, yields = {}, 0, 0
        local output = outputs.sending(function(piece)
            pieces[#pieces + 1] = piece
            longest = math.max(longest, #piece)
        end, function() yields = yields + 1 end)
        shapes.list_of(shapes.row_of(shapes.text))(output, function(put)
            for _ = 1, 1000 do put(each({ ("x"):rep(50), "y" })) end
        end)
        outputs.finish(output)
        assert.equal(1000, #cjson.decode(table.concat(pieces)))
        assert.equal(1000, yields)
        assert.is_true(#pieces > 5, #pieces)
        assert.is_true(longest < 4096 + 100, longest)
    end)
end)
