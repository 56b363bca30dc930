--- What setup says of plugins that are not declared as they must be.
local declaration_check = require("resty.openclaw.gateway.declaration_check")
local plugin = require("resty.openclaw.plugin")

local function nothing() end

--- A declaration that is fine but for some fields; "nothing" leaves one out.
local function declaration(fields)
    local all = { name = "mine", meaning = "does something", schema = {}, create = nothing }
    for name, value in pairs(fields) do
        if value == "nothing" then all[name] = nil else all[name] = value end
    end
    return all
end

local function problems_of(fields)
    local problems = {}
    declaration_check.check(declaration(fields), "setup: plugins[1]", problems)
    return problems
end

local function refuses(fields, ...)
    assert.same({ ... }, problems_of(fields))
end

describe("declarations of plugins", function()
    it("may be as define takes and returns them", function()
        local fields = {
            order = { access = 350, log = 1.5 },
            variables = { my_region = "" },
            schema = { seconds = plugin.option(plugin.kind.positive, 3, "how long"), limits = plugin.defaulted({}, "limits") },
            without = nothing,
        }
        refuses(fields)
        local problems = {}
        declaration_check.check(plugin.define(declaration(fields)), "setup: plugins[1]", problems)
        assert.same({}, problems)
    end)

    it("have a name, a meaning and a function create", function()
        refuses({ name = "nothing" }, "setup: plugins[1].name must be a name of letters, digits and _, got nothing")
        refuses({ name = "a-b" }, 'setup: plugins[1].name must be a name of letters, digits and _, got "a-b"')
        refuses({ meaning = "nothing" }, "setup: plugins[1] (mine).meaning must be a string, got nothing")
        refuses({ create = "x" }, 'setup: plugins[1] (mine).create must be a function, got "x"')
    end)

    it("have no other fields", function()
        refuses({ phases = {}, orders = {} },
            'setup: plugins[1] (mine): unknown field "orders"; did you mean "order"?',
            'setup: plugins[1] (mine): unknown field "phases"; '
                .. "known are name, meaning, order, schema, option, variables, create, without")
    end)

    it("have numbers for phases", function()
        refuses({ order = 350 }, "setup: plugins[1] (mine).order must be a table of numbers by phases, such as { access = 350 }, got 350")
        refuses({ order = { acess = 350 } }, 'setup: plugins[1] (mine).order: unknown phase "acess"; did you mean "access"?')
        refuses({ order = { access = "350" } }, 'setup: plugins[1] (mine).order.access must be a number, got "350"')
    end)

    it("have values for the names of variables", function()
        local sentence = 'setup: plugins[1] (mine).variables must be a table from names without $ to values, such as { my_region = "" }, got '
        refuses({ variables = { "my_region" } }, sentence .. "1")
        refuses({ variables = { ["$my_region"] = "" } }, sentence .. '"$my_region"')
        refuses({ variables = "my_region" }, sentence .. "a string")
        refuses({ variables = { my_region = 1 } }, "setup: plugins[1] (mine).variables.my_region must be a string, got 1")
    end)

    it("have options in their schema, with defaults of their kinds", function()
        local sentence = "setup: plugins[1] (mine).schema.a must be made by plugin.option, plugin.required or plugin.optional, with a kind, got "
        refuses({ schema = { a = plugin.kind.text } }, sentence .. "a table")
        refuses({ schema = { a = "text" } }, sentence .. "a string")
        refuses({ schema = { a = plugin.option(plugin.kind.string, "", "x") } }, sentence .. "a table")
        refuses({ schema = { a = plugin.option(plugin.kind.text, 5, "x") } },
            "setup: plugins[1] (mine).schema.a: its default must be a non-empty string, got 5")
        refuses({ schema = { a = plugin.option(plugin.kind.text, "x") } },
            "setup: plugins[1] (mine).schema.a: its meaning must be a string, the last argument, got nothing")
        refuses({ schema = "x" }, "setup: plugins[1] (mine).schema must be a table of options; {} for none, got a string")
    end)

    it("make instances with methods", function()
        local function instance(made)
            local problems = {}
            declaration_check.check_instance(made, "setup: routes.a.mine", problems)
            return problems
        end
        assert.same({}, instance({ log = nothing, other = 5 }))
        assert.same({}, instance(setmetatable({}, { __index = { access = nothing } })))
        assert.same({ "setup: routes.a.mine: access of what create returns must be a function, got 5" }, instance({ access = 5 }))
        local names = "init_worker, exit_worker, status, access, admitted, before_balance, balance, header_filter, body_filter, log"
        assert.same({ "setup: routes.a.mine: what create returns has no method of " .. names }, instance({ acces = nothing }))
        assert.same({ "setup: routes.a.mine: what create returns must be a table with a method of " .. names .. ", got 5" }, instance(5))
    end)
end)
