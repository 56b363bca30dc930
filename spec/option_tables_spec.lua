local kinds = require("resty.openclaw.config.kinds")
local schemas = require("resty.openclaw.config.schema")
local tables = require("tools.option_tables")

local HEAD = { "| option | type | default | meaning |", "| --- | --- | --- | --- |" }

local function rendered(schema, is_deep)
    local rows = tables.render(schema, is_deep)
    assert.same(HEAD, { table.remove(rows, 1), table.remove(rows, 1) })
    return rows
end

describe("the table of a schema", function()
    it("has a row for each option, in the order of their declaration, with its default", function()
        assert.same({
            "| `zebra` | string | required | comes first |",
            "| `plain` | number > 0 | none | nothing |",
            '| `algorithm` | `"md5"`, `"sha256"` | `"md5"` | a word |',
            "| `bytes` | whole number ≥ 0 | 1073741824 | a large number |",
            "| `share` | number from 0 to 1 | 0.5 | a small one |",
            "| `flag` | boolean | false | a flag |",
            '| `methods` | list of string | `{ "POST", "PUT" }` | a list |',
            "| `bounds` | list of number > 0 | `{ 0.01, 300 }` | numbers |",
            "| `none` | list of string | none | an empty list |",
            "| `worked_out` | number > 0 | half of `bytes` | a text |",
            "| `bar` | string | none | a \\| b |",
        }, rendered({
            zebra = schemas.required(kinds.text, "comes first"),
            plain = schemas.optional(kinds.positive, "nothing"),
            algorithm = schemas.option(kinds.one_of("md5", "sha256"), "md5", "a word"),
            bytes = schemas.option(kinds.whole(0), 1073741824, "a large number"),
            share = schemas.option(kinds.share, 0.5, "a small one"),
            flag = schemas.option(kinds.flag, false, "a flag"),
            methods = schemas.option(kinds.list_of(kinds.text), { "POST", "PUT" }, "a list"),
            bounds = schemas.option(kinds.list_of(kinds.positive), { 0.01, 300 }, "numbers"),
            none = schemas.option(kinds.list_or_none_of(kinds.text), {}, "an empty list"),
            worked_out = schemas.computed(kinds.positive, "half of `bytes`", "a text"),
            bar = schemas.optional(kinds.text, "a | b"),
        }))
    end)

    local nested = {
        sign = schemas.optional(schemas.table_of({ key_file = schemas.required(kinds.secret_file, "its key") }), "signs"),
        slow = schemas.optional(
            kinds.false_or(schemas.table_of({ seconds = schemas.option(kinds.positive, 5, "its seconds") })), "slow"
        ),
        given = schemas.defaulted(
            { seconds = schemas.option(kinds.positive, 6, "its seconds, too") }, "has values in any case"
        ),
    }

    it("has the options of options below these", function()
        assert.same({
            "| `sign` | table | none | signs |",
            "| `sign.key_file` | path | required | its key |",
            "| `slow` | `false` or table | none | slow |",
            "| `slow.seconds` | number > 0 | 5 | its seconds |",
            "| `given` | table | `{}` | has values in any case |",
            "| `given.seconds` | number > 0 | 6 | its seconds, too |",
        }, rendered(nested, true))
    end)

    it("leaves those out where they have pages of their own", function()
        assert.same({
            "| `sign` | table | none | signs |",
            "| `slow` | `false` or table | none | slow |",
            "| `given` | table | `{}` | has values in any case |",
        }, rendered(nested))
    end)
end)

describe("a page", function()
    local PAGE = "before\n<!-- options of checks -->\n%s<!-- end of options -->\nafter\n"

    it("has its tables replaced, and nothing else", function()
        local renewed, count = tables.renew(PAGE:format("old\n"))
        assert.equal(1, count)
        local between = renewed:match("^before\n<!%-%- options of checks %-%->\n(.*)<!%-%- end of options %-%->\nafter\n$")
        assert.equal("\n" .. table.concat(tables.render(
            require("resty.openclaw.checks").plugin.option.kind.schema, true
        ), "\n") .. "\n\n", between)
        assert.equal(renewed, (tables.renew(renewed)))
    end)

    it("has the schema of a field where the marker names one", function()
        local renewed = tables.renew("<!-- options of admin SCHEMA -->\n<!-- end of options -->\n")
        assert.truthy(renewed:find("| `prefix` |", 1, true))
        assert.is_nil(renewed:find("| `upstreams` |", 1, true))
        assert.truthy(tables.renew("<!-- options of admin -->\n<!-- end of options -->\n"):find("| `upstreams` |", 1, true))
        assert.has_error(function() tables.renew("<!-- options of admin NONE -->\n<!-- end of options -->\n") end,
            "resty.openclaw.admin has no NONE")
    end)

    it("has the plugins of each phase in the order in which they run", function()
        local renewed = tables.renew("<!-- order of plugins -->\n<!-- end of options -->\n")
        assert.truthy(renewed:find("\n| `admitted` | `identity` (100), `edge` (200), `inference` (300) |\n", 1, true))
        assert.truthy(renewed:find("\n| `log` | `cache` (50), `edge` (100), `inference` (200), `limit` (250), `metrics` (300), ", 1, true))
    end)

    it("without markers stays as it is", function()
        local page = "before\n\n| a | b |\n\nafter\n"
        assert.same({ page, 0 }, { tables.renew(page) })
    end)

    it("must have an end for each beginning", function()
        assert.has_error(function() tables.renew("<!-- options of checks -->\nold\n") end, "options without an end")
        assert.has_error(function() tables.renew("<!-- end of options -->\n") end, "an end of options without a beginning")
        assert.has_error(function() tables.renew(PAGE:gsub("checks", "core.request.json_error")) end,
            "resty.openclaw.core.request.json_error has no schema")
    end)
end)

describe("docs", function()
    local count = 0

    for _, path in ipairs(tables.pages(ngx.config.prefix() .. "docs")) do
        local name = path:match("docs/[^/]+$")
        local page = tables.read(path)
        local renewed, here = tables.renew(page)
        count = count + here
        it(name .. " has the options of the sources", function()
            if renewed ~= page then error(name .. " differs from what the sources declare: run make docs", 0) end
        end)
    end

    it("have tables of options at all", function() assert.is_true(count >= 26) end)
end)
