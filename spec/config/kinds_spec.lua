local kinds = require("resty.openclaw.config.kinds")
local schemas = require("resty.openclaw.config.schema")

local function problems_of(kind, given)
    local problems = {}
    kind.read(given, "x", problems)
    return problems
end

local function takes(kind, ...)
    for index = 1, select("#", ...) do
        local value, problems = select(index, ...), {}
        assert.equal(value, kind.read(value, "x", problems))
        assert.same({}, problems)
    end
end

local function refuses(kind, expected, given)
    assert.same({ "x must be " .. expected }, problems_of(kind, given))
end

describe("config.kinds", function()
    it("are texts", function()
        takes(kinds.text, "a", " ")
        for shown, given in pairs({ ['""'] = "", ["5"] = 5, ["false"] = false, ["an empty table"] = {}, ["a table"] = { 1 } }) do
            refuses(kinds.text, "a non-empty string, got " .. shown, given)
        end
        refuses(kinds.text, "a non-empty string, got nothing", nil)
    end)

    it("show what was given on one line, tables by their kind only", function()
        refuses(kinds.positive, 'a number above 0, got "two\\nlines"', "two\nlines")
        refuses(kinds.positive, 'a number above 0, got "a \\"quote\\""', 'a "quote"')
        refuses(kinds.positive, "a number above 0, got a table", { secret = "x" })
    end)

    it("are flags", function()
        takes(kinds.flag, true, false)
        refuses(kinds.flag, 'true or false, got "on"', "on")
        refuses(kinds.flag, "true or false, got 1", 1)
    end)

    it("are numbers", function()
        takes(kinds.positive, 0.5, 2)
        takes(kinds.not_negative, 0, 0.5)
        takes(kinds.share, 0, 0.2, 1)
        takes(kinds.whole(0), 0, 7)
        takes(kinds.whole(1, 3), 1, 3)
        for shown, given in pairs({ ["0"] = 0, ["-1"] = -1, inf = math.huge, ['"1"'] = "1" }) do
            refuses(kinds.positive, "a number above 0, got " .. shown, given)
        end
        refuses(kinds.not_negative, "a number from 0 up, got -1", -1)
        refuses(kinds.share, "a number from 0 to 1, got 1.5", 1.5)
        refuses(kinds.whole(1), "a whole number from 1 up, got 1.5", 1.5)
        refuses(kinds.whole(1, 3), "a whole number from 1 to 3, got 4", 4)
        refuses(kinds.whole(1), "a whole number from 1 up, got -inf", -math.huge)
        for _, kind in ipairs({ kinds.positive, kinds.not_negative, kinds.share, kinds.whole(1) }) do
            assert.equal(1, #problems_of(kind, 0 / 0))
        end
    end)

    it("are one of a few words", function()
        takes(kinds.one_of("md5", "sha256"), "md5", "sha256")
        refuses(kinds.one_of("md5", "sha256"), 'one of md5, sha256, got "MD5"', "MD5")
        refuses(kinds.one_of("md5", "sha256"), "one of md5, sha256, got nothing", nil)
    end)

    it("are lists, each of whose entries has its place in the path", function()
        local list = kinds.list_of(kinds.positive)
        assert.same({ 1, 2 }, list.read({ 1, 2 }, "x", {}))
        refuses(list, "a list with at least one entry, got an empty table", {})
        for _, given in ipairs({ { a = 1 }, { 1, a = 1 }, { [1.5] = 1 }, { [1000000] = 1 } }) do
            refuses(list, "a list with at least one entry, got a table", given)
        end
        refuses(list, "a list with at least one entry, got a string", "secret")
        assert.same({ "x[1] must be a number above 0, got 0", 'x[3] must be a number above 0, got "c"' }, problems_of(list, { 0, 1, "c" }))
        -- A variable that does not exist.
        assert.same({ "x[2] must be a number above 0, got nothing" }, problems_of(list, { 1, nil, 3 }))
        assert.same({}, kinds.list_or_none_of(kinds.positive).read({}, "x", {}))
        refuses(kinds.list_or_none_of(kinds.positive), "a list with at least one entry, got nothing", nil)
    end)

    it("are lists of tables, whose outer braces may be forgotten", function()
        local entry = schemas.table_of({ rate = schemas.optional(kinds.positive, "") })
        local list = kinds.list_of(entry, "limits, such as { { rate = 10 } }")
        assert.same({ { rate = 1 } }, list.read({ { rate = 1 } }, "x", {}))
        refuses(list, "a list of limits, such as { { rate = 10 } }, got one table without the outer braces", { rate = 10, secret = "secret" })
        refuses(kinds.list_of(entry), "a list of tables, such as { { … } }, got one table without the outer braces", { rate = 10 })
        refuses(list, "a list with at least one entry, got a table", { { rate = 1 }, rate = 10 })
        refuses(list, "a list with at least one entry, got an empty table", {})
    end)

    it("are tables with methods, such as a balancer", function()
        local kind = kinds.with_methods("an upstream", { "a", "b" })
        takes(kind, { a = print, b = print }, setmetatable({}, { __index = { a = print, b = print } }))
        refuses(kind, "an upstream, got 1", 1)
        refuses(kind, "an upstream: it has no method b", { a = print, b = 1 })
    end)

    it("are false or a table", function()
        local kind = kinds.false_or(kinds.with_methods("a table", {}))
        takes(kind, false, {})
        refuses(kind, "false or a table, got true", true)
    end)
end)
