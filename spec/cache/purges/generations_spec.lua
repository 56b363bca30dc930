local generations = require("resty.openclaw.cache.purges.generations")

describe("cache.purges.generations", function()
    local ROUTES, TENANTS, MODELS = { "r", "s" }, { "t", "u" }, { "m", "n", false }

    --- As it is meant, looking at each filter.
    local function expected(purges, route, tenant, model)
        local newest = 0
        for generation, filter in ipairs(purges) do
            local passes = (filter.route or route) == route and (not tenant or (filter.tenant or tenant) == tenant)
                and (not model or (filter.model or model) == model) and not filter.key
            if passes then newest = generation end
        end
        return newest
    end

    it("finds the newest purge of each request", function()
        math.randomseed(1)
        local function any(names)
            local name = names[math.random(#names + 2)]
            return name or nil
        end
        for _ = 1, 300 do
            local all, purges = generations.new(), {}
            for generation = 1, math.random(0, 8) do
                local filter = { route = any(ROUTES), tenant = any(TENANTS), model = any(MODELS) }
                if not (filter.route or filter.tenant or filter.model) then filter = { key = tostring(generation) } end
                purges[generation] = filter
            end
            -- In whatever order they are noted.
            for generation = #purges, 1, -1 do generations.note(all, purges[generation], generation) end
            for _, route in ipairs(ROUTES) do
                for _, tenant in ipairs({ "t", "u", "", false }) do
                    for _, model in ipairs({ "m", "n", "", false }) do
                        local found = generations.newest(all, route, tenant or nil, model or nil)
                        assert.equal(expected(purges, route, tenant, model), found)
                    end
                end
            end
        end
    end)

    it("finds the purge of everything where no other is newer", function()
        local all = generations.new()
        all.all = 5
        assert.equal(5, generations.newest(all, "r", "t", nil))
        generations.note(all, { route = "r" }, 7)
        assert.equal(7, generations.newest(all, "r", "t", nil))
        assert.equal(5, generations.newest(all, "s", "t", nil))
    end)

    it("counts filters and keys, each once", function()
        local all = generations.new()
        for generation, filter in ipairs({ { route = "r" }, { route = "r" }, { route = "r", model = "m" }, { model = "m" }, { key = "k" }, { key = "k" } }) do
            generations.note(all, filter, generation)
        end
        assert.same({ 3, 1, 6 }, { all.filter_count, all.key_count, all.keys.k })
        -- A key is nobody's filter.
        assert.equal(0, generations.newest(all, "s", "t", "n"))
    end)
end)
