local options = require("resty.openclaw.options")

--- Checks that a call stops with exactly this sentence.
local function refuses(sentence, read, ...)
    local ok, err = pcall(read, ...)
    assert.is_false(ok)
    assert.equal(sentence, err)
end

local nan = 0 / 0

describe("options", function()
    it("refuses what is not a table", function()
        refuses("plugin: options must be a table, got nothing", options.check, "plugin", nil, { "a" })
        refuses('plugin: options must be a table, got "dict"', options.check, "plugin", "dict", { "a" })
        refuses("plugin: options must be a table, got 5", options.check, "plugin", 5, { "a" })
    end)

    it("returns a table whose names are all known", function()
        local given = { rate = 1, burst = false }
        assert.equal(given, options.check("plugin", given, { "rate", "burst", "dict" }))
        assert.same({}, options.check("plugin", {}, {}))
    end)

    it("names the nearest known option", function()
        local known = { "interval_seconds", "fails", "passes", "uri" }
        refuses('health: unknown option "intervall_seconds"; did you mean "interval_seconds"?',
            options.check, "health", { intervall_seconds = 1 }, known)
        refuses('health: unknown option "fail"; did you mean "fails"?', options.check, "health", { fail = 1 }, known)
        refuses('health: unknown option "url"; did you mean "uri"?', options.check, "health", { url = "/" }, known)
    end)

    it("lists all options when none is near", function()
        refuses('health: unknown option "colour"; known are fails, passes', options.check, "health", { colour = 1 },
            { "fails", "passes" })
        refuses("health: unknown option 1; known are fails, passes", options.check, "health", { "fails" },
            { "fails", "passes" })
    end)

    it("shows what was given on one line, tables by their kind only", function()
        refuses('plugin: "size" must be a number above 0, got "two\\nlines"', options.positive, "plugin",
            { size = "two\nlines" }, "size")
        refuses('plugin: "size" must be a number above 0, got "a \\"quote\\""', options.positive, "plugin",
            { size = 'a "quote"' }, "size")
        refuses('plugin: "size" must be a number above 0, got a table', options.positive, "plugin",
            { size = { secret = "x" } }, "size")
        refuses('plugin: "size" must be a number above 0, got true', options.positive, "plugin", { size = true }, "size")
    end)

    it("reads texts", function()
        assert.equal("x", options.text("plugin", { uri = "x" }, "uri"))
        assert.equal("y", options.text("plugin", {}, "uri", "y"))
        refuses('plugin: "uri" must be a text, got nothing', options.text, "plugin", {}, "uri")
        refuses('plugin: "uri" must be a text, got ""', options.text, "plugin", { uri = "" }, "uri", "y")
        refuses('plugin: "uri" must be a text, got 5', options.text, "plugin", { uri = 5 }, "uri", "y")
        refuses('plugin: "uri" must be a text, got false', options.text, "plugin", { uri = false }, "uri", "y")
    end)

    it("reads flags", function()
        assert.is_false(options.flag("plugin", { on = false }, "on", true))
        assert.is_true(options.flag("plugin", {}, "on", true))
        refuses('plugin: "on" must be true or false, got "on"', options.flag, "plugin", { on = "on" }, "on", true)
        refuses('plugin: "on" must be true or false, got 1', options.flag, "plugin", { on = 1 }, "on", true)
    end)

    it("reads numbers above 0", function()
        assert.equal(0.5, options.positive("plugin", { rate = 0.5 }, "rate"))
        assert.equal(2, options.positive("plugin", {}, "rate", 2))
        for shown, value in pairs({ ["0"] = 0, ["-1"] = -1, ["inf"] = math.huge, ['"1"'] = "1" }) do
            refuses('plugin: "rate" must be a number above 0, got ' .. shown, options.positive, "plugin",
                { rate = value }, "rate")
        end
        assert.is_false((pcall(options.positive, "plugin", { rate = nan }, "rate")))
    end)

    it("reads shares", function()
        assert.equal(0.2, options.share("plugin", { part = 0.2 }, "part", 1))
        assert.equal(1, options.share("plugin", {}, "part", 1))
        assert.equal(0, options.share("plugin", { part = 0 }, "part", 1))
        for shown, part in pairs({ ["-0.1"] = -0.1, ["1.5"] = 1.5, ["nan"] = 0 / 0, ['"half"'] = "half" }) do
            local ok, err = pcall(options.share, "plugin", { part = part }, "part", 1)
            assert.is_false(ok)
            assert.equal('plugin: "part" must be a number from 0 to 1, got ' .. shown, (err:gsub("%-nan", "nan")))
        end
    end)

    it("reads whole numbers", function()
        assert.equal(0, options.whole("plugin", { fails = 0 }, "fails", 0))
        assert.equal(3, options.whole("plugin", {}, "fails", 1, 3))
        for shown, value in pairs({ ["0"] = 0, ["1.5"] = 1.5, ["inf"] = math.huge, ["-inf"] = -math.huge }) do
            refuses('plugin: "fails" must be a whole number from 1 up, got ' .. shown, options.whole, "plugin",
                { fails = value }, "fails", 1)
        end
        assert.is_false((pcall(options.whole, "plugin", { fails = nan }, "fails", 1)))
        refuses('plugin: "fails" must be a whole number from 1 up, got nothing', options.whole, "plugin", {}, "fails", 1)
    end)

    it("reads one of a few words", function()
        assert.equal("md5", options.one_of("plugin", { kind = "md5" }, "kind", { "md5", "sha256" }))
        assert.equal("sha256", options.one_of("plugin", {}, "kind", { "md5", "sha256" }, "sha256"))
        refuses('plugin: "kind" must be one of md5, sha256, got "MD5"', options.one_of, "plugin", { kind = "MD5" },
            "kind", { "md5", "sha256" }, "md5")
        refuses('plugin: "kind" must be one of md5, sha256, got nothing', options.one_of, "plugin", {}, "kind",
            { "md5", "sha256" })
    end)

    it("reads lists", function()
        local nodes = { "a", "b" }
        assert.equal(nodes, options.list("plugin", { nodes = nodes }, "nodes"))
        assert.equal(nodes, options.list("plugin", {}, "nodes", nodes))
        for _, value in ipairs({ {}, { a = 1 } }) do
            refuses('plugin: "nodes" must be a list with at least one entry, got a table', options.list, "plugin",
                { nodes = value }, "nodes", nodes)
        end
        refuses('plugin: "nodes" must be a list with at least one entry, got "a"', options.list, "plugin",
            { nodes = "a" }, "nodes")
    end)

    it("reads groups of options and callbacks, which may be left out", function()
        local group = { rate = 1 }
        assert.equal(group, options.group("plugin", { limit = group }, "limit"))
        assert.is_nil(options.group("plugin", {}, "limit"))
        refuses('plugin: "limit" must be a table, got 5', options.group, "plugin", { limit = 5 }, "limit")
        assert.equal(print, options.callback("plugin", { hook = print }, "hook"))
        assert.is_nil(options.callback("plugin", {}, "hook"))
        refuses('plugin: "hook" must be a function, got "print"', options.callback, "plugin", { hook = "print" }, "hook")
    end)
end)
