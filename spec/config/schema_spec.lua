local kinds = require("resty.openclaw.config.kinds")
local schemas = require("resty.openclaw.config.schema")

local option, optional, required = schemas.option, schemas.optional, schemas.required

local SCHEMA = {
    interval_seconds = option(kinds.positive, 10, "time between two checks"),
    fails = option(kinds.whole(1), 3, "failures in a row"),
    uri = required(kinds.text, "what is asked for"),
    host = optional(kinds.text, "whom to ask"),
    limit = optional(schemas.table_of({ rate = option(kinds.positive, 5, "requests a second") }), "how many"),
}

--- The values that are read, and the sentences on what is wrong.
local function read(given, schema, path)
    local problems = {}
    return schemas.read(schema or SCHEMA, given, path or "health", problems), problems
end

local function refuses(sentences, given)
    local values, problems = read(given)
    assert.is_nil(values)
    assert.same(sentences, problems)
end

describe("config.schema", function()
    it("reads values, and has defaults for the rest", function()
        local values, problems = read({ uri = "/", fails = 2, limit = { rate = 1 } })
        assert.same({}, problems)
        assert.same({ interval_seconds = 10, fails = 2, uri = "/", limit = { rate = 1 } }, values)
        assert.same({ rate = 5 }, read({ uri = "/", limit = {} }).limit)
    end)

    it("refuses what is no table, and does not show it, as it may be a secret", function()
        refuses({ "health must be a table, got nothing" }, nil)
        refuses({ "health must be a table, got a string" }, "secret")
        refuses({ "health must be a table, got 5" }, 5)
        refuses({ "health.limit must be a table, got a string" }, { uri = "/", limit = "secret" })
    end)

    it("names the nearest known option, or all of them in their order", function()
        refuses({ 'health: unknown option "intervall_seconds"; did you mean "interval_seconds"?' }, { uri = "/", intervall_seconds = 1 })
        refuses({ 'health: unknown option "fail"; did you mean "fails"?' }, { uri = "/", fail = 1 })
        refuses({ 'health: unknown option "colour"; known are interval_seconds, fails, uri, host, limit' }, { uri = "/", colour = 1 })
        refuses({ "health: unknown option 1; known are interval_seconds, fails, uri, host, limit" }, { "/", uri = "/" })
    end)

    it("tells all that is wrong, with the whole path, in the order of the schema", function()
        refuses({
            'health: unknown option "url"; did you mean "uri"?',
            "health.interval_seconds must be a number above 0, got 0",
            'health.fails must be a whole number from 1 up, got "ten"',
            "health.uri must be a non-empty string, got nothing",
            "health.limit.rate must be a number above 0, got -1",
        }, { url = "/", fails = "ten", interval_seconds = 0, limit = { rate = -1 } })
    end)

    it("raises all of it, a sentence a line", function()
        local ok, err = pcall(schemas.read_or_raise, SCHEMA, { fails = 0 }, "health")
        assert.is_false(ok)
        assert.equal("health.fails must be a whole number from 1 up, got 0\nhealth.uri must be a non-empty string, got nothing", err)
        assert.equal("/", schemas.read_or_raise(SCHEMA, { uri = "/" }, "health").uri)
    end)

    it("begins the paths of the outermost table with setup:", function()
        local _, problems = read({ uri = "/", fails = 0, colours = 1 }, SCHEMA, "setup:")
        assert.same({
            'setup: unknown option "colours"; known are interval_seconds, fails, uri, host, limit',
            "setup: fails must be a whole number from 1 up, got 0",
        }, problems)
    end)

    it("reads tables of tables by their names", function()
        local all = { all = option(schemas.map_of(schemas.table_of({ size = option(kinds.positive, 1, "") })), {}, "") }
        assert.same({ all = { a = { size = 1 }, b = { size = 2 } } }, read({ all = { a = {}, b = { size = 2 } } }, all, "x"))
        local _, problems = read({ all = { b = { size = 0 }, a = true, [1] = {} } }, all, "x")
        assert.same({
            "x.all must be a table whose keys are names, got a list",
            "x.all.a must be a table, got true; write {} for the defaults",
            "x.all.b.size must be a number above 0, got 0",
        }, problems)
    end)

    it("shows an example of what is expected instead", function()
        local classes = schemas.map_of(schemas.table_of({ size = option(kinds.positive, 1, "") }, "{ size = 8 }"), "{ vip = { size = 8 } }")
        local function refusal(given)
            local _, problems = read({ all = given }, { all = option(classes, {}, "") }, "x")
            return problems
        end
        assert.same({ "x.all.vip must be a table such as { size = 8 }, got 8" }, refusal({ vip = 8 }))
        assert.same({ "x.all.vip must be a table, got true; write {} for the defaults" }, refusal({ vip = true }))
        assert.same({ "x.all must be a table, such as { vip = { size = 8 } }, got a string" }, refusal("vip"))
        assert.same({ "x.all must be a table whose keys are names, such as { vip = { size = 8 } }, got a list" }, refusal({ { size = 8 } }))
    end)

    it("joins schemas, the options of the second behind those of the first", function()
        local later = { first = option(kinds.flag, false, "") }
        local joined = schemas.joined({ second = option(kinds.flag, true, "") }, later)
        assert.same({ "second", "first" }, schemas.names(joined))
        assert.same({ second = true, first = true }, read({ first = true }, joined, "x"))
        assert.same({ "first" }, schemas.names(later))
    end)
end)
