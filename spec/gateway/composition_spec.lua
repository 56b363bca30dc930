local composition = require("resty.openclaw.gateway.composition")

local seen

local function plugin(name, phases, result)
    local made = { name = name }
    for _, phase in ipairs(phases) do
        made[phase] = function(self, route)
            assert.equal(made, self)
            seen[#seen + 1] = name .. " " .. phase .. " " .. route
            return result
        end
    end
    return made
end

local function place(name, order, phases, result)
    return { plugin = plugin(name, phases or { "access" }, result), order = order }
end

describe("gateway.composition", function()
    before_each(function() seen = {} end)

    it("calls the plugins of a phase by their numbers, and those without one last, as they were given", function()
        local placed = {
            place("own", {}), place("third", { access = 300 }), place("log only", { access = 1 }, { "log" }),
            place("first", { access = 100 }), place("second", { access = 200 }), place("same", { access = 200 }), place("last", {}),
        }
        assert.is_true(composition.chain(composition.steps(placed, "access"), "r")())
        assert.same({ "first access r", "second access r", "same access r", "third access r", "own access r", "last access r" }, seen)
        assert.is_true(composition.chain(composition.steps(placed, "log"), "r")())
        assert.equal("log only log r", seen[7])
    end)

    it("finds methods in a metatable", function()
        local made = setmetatable({}, { __index = plugin("inherited", {}) })
        getmetatable(made).__index.access = function(self, route) seen[#seen + 1] = tostring(self == made) .. route end
        composition.chain(composition.steps({ { plugin = made, order = {} } }, "access"), "r")()
        assert.same({ "truer" }, seen)
    end)

    it("does nothing where nobody takes part", function()
        assert.is_true(composition.chain({}, "r")())
        assert.is_true(composition.declining_chain({}, "r")())
    end)

    it("ends where a plugin declines", function()
        local placed = {
            place("nothing", { before_balance = 1 }, { "before_balance" }),
            place("yes", { before_balance = 2 }, { "before_balance" }, true),
            place("no", { before_balance = 3 }, { "before_balance" }, false),
            place("late", { before_balance = 4 }, { "before_balance" }),
        }
        local steps = composition.steps(placed, "before_balance")
        assert.is_false(composition.declining_chain(steps, "r")())
        assert.same({ "nothing before_balance r", "yes before_balance r", "no before_balance r" }, seen)
    end)

    it("takes as many plugins as LuaJIT can have in one function, and says where there are more", function()
        local placed = {}
        for index = 1, 29 do placed[index] = place("p" .. index, { access = index }) end
        composition.chain(composition.steps(placed, "access"), "r")()
        assert.equal(29, #seen)
        placed[30] = place("p30", {})
        local ok, err = pcall(composition.chain, composition.steps(placed, "access"), "r")
        assert.is_false(ok)
        assert.equal("setup: routes.r has 30 plugins in one phase; 29 are the most", err)
    end)

    it("shares the code of a chain among routes", function()
        local one = composition.chain(composition.steps({ place("a", {}) }, "access"), "one")
        local two = composition.chain(composition.steps({ place("b", {}) }, "access"), "two")
        assert.equal(string.dump(one), string.dump(two))
        one()
        two()
        assert.same({ "a access one", "b access two" }, seen)
    end)
end)
