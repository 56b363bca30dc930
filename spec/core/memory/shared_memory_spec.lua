local areas = require("resty.openclaw.core.memory.shared_memory.areas")
local lease = require("resty.openclaw.core.memory.shared_memory.lease")
local local_names = require("resty.openclaw.core.memory.shared_memory.names").local_names
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local process = require("resty.openclaw.core.process.process_identity")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

describe("shared_memory", function()
    local region = shared_memory.open("openclaw")

    it("is the same for everybody who names the dict", function()
        assert.equal(region, shared_memory.open("openclaw"))
        assert.is_true(region.shared)
    end)

    it("has blocks for eight generations of workers", function()
        local count = ngx.worker.count
        finally(function() ngx.worker.count = count end)
        ngx.worker.count = function() return 64 end
        assert.equal(512, shared_memory.open("no such dict: many workers").count - 1)
        ngx.worker.count = function() return 1 end
        assert.is_true(shared_memory.open("no such dict: few workers").count - 1 >= 255)
    end)

    it("gives a name its slot once", function()
        local slot = assert(shared_memory.slot(region, "test once"))
        assert.equal(slot, shared_memory.slot(region, "test once"))
        assert.not_equal(slot, shared_memory.slot(region, "test other"))
    end)

    it("gives adjoining slots that nobody else gets", function()
        local first = assert(shared_memory.slot(region, "test row", 10))
        local next_one = assert(shared_memory.slot(region, "test after the row"))
        assert.is_true(next_one >= first + 10)
    end)

    it("sums what was added", function()
        local slot = assert(shared_memory.slot(region, "test sum"))
        shared_memory.add(region, slot, 2)
        shared_memory.add(region, slot, 0.5)
        assert.equal(2.5, shared_memory.total(region, slot))
    end)

    it("writes to a block of its own, not to the common one", function()
        local slot = assert(shared_memory.slot(region, "test own block"))
        shared_memory.add(region, slot, 3)
        assert.equal(3, region.mine[slot])
        assert.equal(0, region.common[slot])
        region.common[slot] = 4
        assert.equal(7, shared_memory.total(region, slot))
    end)

    it("keeps transient slots apart", function()
        local slot = assert(shared_memory.transient_slot(region, "test transient"))
        assert.is_true(slot >= mapping.FIRST_TRANSIENT)
        assert.equal(slot, shared_memory.transient_slot(region, "test transient"))
    end)

    it("says when no slot is left, and gives smaller ones still", function()
        local small = shared_memory.open("no such dict: slots")
        assert.is_false(small.shared)
        assert(shared_memory.slot(small, "most of it", mapping.FIRST_TRANSIENT - 1000))
        local slot, err = shared_memory.slot(small, "too much", 1000)
        assert.is_nil(slot)
        assert.equal("no slot is left", err)
        assert(shared_memory.slot(small, "little"))
    end)

    it("says when the dict is full, and evicts no name", function()
        local tiny = shared_memory.open("tiny")
        local names, err = {}, nil
        for index = 1, 1000 do
            local name = string.format("test fill %04d %s", index, string.rep("x", 200))
            local slot
            slot, err = shared_memory.slot(tiny, name)
            if not slot then break end
            names[name] = slot
        end
        assert.equal("the lua_shared_dict is full", err)
        for name, slot in pairs(names) do
            assert.equal(slot, shared_memory.slot(tiny, name))
        end
        assert.truthy(ngx.shared.tiny:get("region"))
    end)

    it("shares nothing when a worker is the first to open it", function()
        local late = shared_memory.open("unopened")
        assert.is_false(late.shared)
        assert.is_nil(ngx.shared.unopened:get("region"))
        local slot = assert(shared_memory.slot(late, "test late"))
        shared_memory.add(late, slot, 1)
        assert.equal(1, shared_memory.total(late, slot))
    end)
end)

describe("rows", function()
    local regions = 0

    local function new_region()
        regions = regions + 1
        return shared_memory.open("no such dict: rows " .. regions)
    end

    --- Drops a row as it is now.
    local function drop(region, slot, now)
        region.seen[slot] = rows.activity(region, slot)
        return rows.drop(region, slot, now)
    end

    it("is refused if another version laid it out", function()
        local address, blocks, meaning, rest = ngx.shared.openclaw:get("region"):match("^(%d+) (%d+) (%d+) (.+)$")
        local others = {
            -- Until there were numbers of the meaning.
            address .. " " .. blocks .. " " .. rest,
            address .. " " .. blocks .. " " .. meaning + 1 .. " " .. rest,
        }
        for place, text in ipairs(others) do
            local name = "laid out " .. place
            ngx.shared[name] = { get = function() return text end }
            assert.has_error(function() shared_memory.open(name) end,
                'shared_memory: another version laid out "' .. name .. '": stop nginx and start it again')
            ngx.shared[name] = nil
        end
    end)

    it("are found again by their names", function()
        local region = new_region()
        local slot, generation, made = rows.make(region, "a", 3, 0, 1)
        assert.equal(1, generation)
        assert.is_true(made)
        assert.same({ slot, 1 }, { rows.find(region, "a") })
        assert.equal(0, select("#", rows.find(region, "b")))
        assert.equal(slot + 3, (rows.make(region, "b", 1, 0, 1)))
        assert.same({ slot, 1, false }, { rows.make(region, "a", 3, 0, 1) })
    end)

    it("get other names after they were dropped and have rested", function()
        local region = new_region()
        local slot = rows.make(region, "a", 2, 0, 1)
        shared_memory.add(region, slot, 5)
        region.common[slot + 1] = 6
        mapping.block_at(region.base, 3)[slot + 1] = 7
        lease.announce(region, 3)
        local epoch = rows.epoch(region)
        assert.equal("a", drop(region, slot, 100))
        assert.equal(epoch + 1, rows.epoch(region))
        assert.is_nil((rows.find(region, "a")))
        assert.equal(2, region.generations[slot])
        local other = rows.make(region, "a", 2, 0, 100)
        assert.not_equal(slot, other)
        assert.is_nil(rows.recycle(region, slot, 110))
        assert.equal(epoch + 2, rows.epoch(region))
        assert.equal(0, shared_memory.total(region, slot))
        assert.equal(0, shared_memory.total(region, slot + 1))
        local single = rows.make(region, "c", 1, 0, 110)
        assert.not_equal(slot, single)
        assert.same({ slot, 3, true }, { rows.make(region, "d", 2, 0, 110) })
        assert.equal(other, (rows.find(region, "a")))
    end)

    it("are told apart from those that are free", function()
        local region = new_region()
        assert.same({ 0, mapping.FIRST_TRANSIENT - 64 }, { shared_memory.usage(region) })
        local slot = rows.make(region, "a", 5, 0, 1)
        shared_memory.slot(region, "for good", 2)
        assert.same({ 7, mapping.FIRST_TRANSIENT - 71 }, { shared_memory.usage(region) })
        drop(region, slot, 100)
        assert.same({ 2, mapping.FIRST_TRANSIENT - 66 }, { shared_memory.usage(region) })
        rows.recycle(region, slot, 110)
        rows.make(region, "b", 5, 0, 120)
        assert.same({ 7, mapping.FIRST_TRANSIENT - 71 }, { shared_memory.usage(region) })
    end)

    it("stay when something was counted at the last moment", function()
        local region = new_region()
        local slot = rows.make(region, "a", 1, 0, 1)
        region.seen[slot] = rows.activity(region, slot)
        shared_memory.add(region, slot, 1)
        assert.is_nil(rows.drop(region, slot, 100))
        assert.same({ slot, 3 }, { rows.find(region, "a") })
        assert.equal(100, region.touched[slot])
        assert.equal(1, shared_memory.total(region, slot))
    end)

    it("are no place to count while they are being dropped", function()
        local region = new_region()
        local slot = rows.make(region, "a", 1, 0, 1)
        region.generations[slot] = 2 -- and here its process died
        assert.same({ rows.LOST_SLOT, rows.NEVER }, { rows.find(region, "a") })
        assert.same({ rows.LOST_SLOT, rows.NEVER, false }, { rows.make(region, "a", 1, 0, 1) })
        assert.equal("a", rows.recycle(region, slot, 100))
        assert.is_nil((rows.find(region, "a")))
    end)

    it("are given to one name only, wherever the process that drops them dies", function()
        -- Dies at every step in turn, and lets the next process go on.
        for step = 1, 20 do
            local region = new_region()
            local calls, alive = 0, region.names
            local mortal = setmetatable({}, { __index = function(_, method)
                return function(_, ...)
                    calls = calls + 1
                    if calls == step then error("killed") end
                    return alive[method](alive, ...)
                end
            end })
            local slot = rows.make(region, "a", 1, 0, 1)
            region.names = mortal
            pcall(drop, region, slot, 100)
            pcall(rows.recycle, region, slot, 110)
            region.names = alive
            if region.generations[slot] % 2 == 1 then drop(region, slot, 200) end
            if region.touched[slot] ~= 0 then rows.recycle(region, slot, 210) end
            local given = {}
            for index = 1, 5 do
                local one, _, made = rows.make(region, "new " .. index, 1, 0, 300)
                assert.is_true(made)
                assert.is_nil(given[one])
                given[one] = true
            end
            assert.is_nil((rows.find(region, "a")))
        end
    end)

    it("rest once more where there is no room to list them", function()
        local region = new_region()
        local alive = region.names
        local slot = rows.make(region, "a", 1, 0, 1)
        drop(region, slot, 100)
        region.names = setmetatable({}, { __index = function(_, method)
            return function(_, ...)
                if method == "lpush" then return nil, "no memory" end
                return alive[method](alive, ...)
            end
        end })
        rows.recycle(region, slot, 110)
        region.names = alive
        assert.equal(110, region.touched[slot])
        rows.recycle(region, slot, 120)
        assert.equal(0, region.touched[slot])
        assert.equal(slot, (rows.make(region, "b", 1, 0, 130)))
    end)

    it("that were dropped count no more in a worker that has no block", function()
        local region = new_region()
        local known, block = mapping.create(1, false), mapping.create(1, false)
        local one, other, early = rows.make(region, "one", 2, 0, 1), rows.make(region, "other", 1, 0, 1),
            rows.make(region, "early", 1, 0, 1)
        block[early] = 9
        drop(region, early, 100)
        rows.follow_drops(region, known, block)
        assert.equal(0, block[early])
        block[one], block[one + 1], block[other] = 5, 6, 7
        rows.follow_drops(region, known, block)
        assert.equal(5, block[one])
        drop(region, one, 100)
        rows.follow_drops(region, known, block)
        assert.equal(0, block[one])
        assert.equal(0, block[one + 1])
        assert.equal(7, block[other])
        rows.recycle(region, one, 110)
        rows.make(region, "new", 2, 0, 110)
        block[one] = 8
        rows.follow_drops(region, known, block)
        assert.equal(8, block[one])
    end)
end)

describe("leases", function()
    local function blocks(count)
        local names = local_names()
        names:set("next_transient", mapping.SLOTS)
        return { base = mapping.create(count + areas.AREAS, false), count = count, names = names }
    end

    it("are of the lowest free block", function()
        local mine = blocks(4)
        assert.equal(1, lease.take(mine))
        assert.equal(2, lease.take(mine))
        lease.release(mine, 1)
        assert.equal(1, lease.take(mine))
        assert.equal(3, lease.take(mine))
        assert.is_nil(lease.take(mine))
        assert.equal(3, mine.base[lease.HIGHEST_BLOCK])
    end)

    it("leave counts, and zero what is transient", function()
        local mine = blocks(3)
        lease.take(mine)
        local block = mapping.block_at(mine.base, 1)
        block[100], block[mapping.FIRST_TRANSIENT], block[mapping.SLOTS - 1] = 1, 2, 3
        mapping.block_at(mine.base, 2)[100] = 4
        lease.release(mine, 1)
        assert.equal(1, block[100])
        assert.equal(0, block[mapping.FIRST_TRANSIENT])
        assert.equal(0, block[mapping.SLOTS - 1])
        assert.equal(4, mapping.block_at(mine.base, 2)[100])
    end)

    it("of dead workers are taken back", function()
        local mine = blocks(4)
        lease.take(mine)
        mine.names:set("block:2", "4194303 1") -- past the highest pid there can be
        lease.announce(mine, 2)
        mapping.block_at(mine.base, 2)[mapping.FIRST_TRANSIENT] = 7
        lease.sweep(mine)
        assert.is_nil(mine.names:get("block:2"))
        assert.equal(0, mapping.block_at(mine.base, 2)[mapping.FIRST_TRANSIENT])
        assert.equal(process.identity(), mine.names:get("block:1"))
    end)

    it("are announced again after another worker's note was lost", function()
        local mine = blocks(4)
        lease.take(mine)
        lease.take(mine)
        mine.base[lease.HIGHEST_BLOCK] = 1
        lease.announce(mine, 2)
        assert.equal(2, mine.base[lease.HIGHEST_BLOCK])
        lease.announce(mine, 1)
        assert.equal(2, mine.base[lease.HIGHEST_BLOCK])
    end)
end)

describe("a mapping", function()
    it("is found again from its address", function()
        local base = mapping.create(2, false)
        base[5] = 6
        assert.equal(6, mapping.from_text(mapping.to_text(base))[5])
    end)

    it("adds one block to another", function()
        local base = mapping.create(2, false)
        local from, into = mapping.block_at(base, 0), mapping.block_at(base, 1)
        from[64], into[64], from[mapping.SLOTS - 1] = 1, 2, 5
        mapping.merge(from, into)
        assert.equal(3, into[64])
        assert.equal(5, into[mapping.SLOTS - 1])
    end)
end)
