local lease = require("resty.openclaw.shared_memory.lease")
local local_names = require("resty.openclaw.shared_memory.names").local_names
local mapping = require("resty.openclaw.shared_memory.mapping")
local process = require("resty.openclaw.shared_memory.process")
local shared_memory = require("resty.openclaw.shared_memory")

describe("shared_memory", function()
    local region = shared_memory.open("openclaw")

    it("is the same for everybody who names the dict", function()
        assert.equal(region, shared_memory.open("openclaw"))
        assert.is_true(region.shared)
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

    it("visits each slot once, going on where it stopped", function()
        local from = shared_memory.each(region, 0, function() end)
        local slots = {
            ["test visit 1"] = assert(shared_memory.slot(region, "test visit 1")),
            ["test visit 2"] = assert(shared_memory.slot(region, "test visit 2", 5)),
            ["test visit 3"] = assert(shared_memory.slot(region, "test visit 3")),
        }
        local seen = {}
        local stop = shared_memory.each(region, from, function(name, slot) seen[name] = slot end)
        assert.same(slots, seen)
        shared_memory.each(region, stop, function(name) error("visited again: " .. name) end)
    end)

    it("visits so many slots at most", function()
        local from = shared_memory.each(region, 0, function() end)
        for index = 1, 5 do shared_memory.slot(region, "test most " .. index) end
        local seen = {}
        local visit = function(name) seen[#seen + 1] = name end
        assert.equal(from + 2, shared_memory.each(region, from, visit, 2))
        assert.equal(from + 4, shared_memory.each(region, from + 2, visit, 2))
        assert.equal(from + 5, shared_memory.each(region, from + 4, visit, 2))
        assert.equal(from + 5, shared_memory.each(region, from + 5, visit, 2))
        assert.equal(5, #seen)
    end)

    it("says when no slot is left, and gives smaller ones still", function()
        local small = shared_memory.open("no such dict: slots")
        assert.is_false(small.shared)
        assert(shared_memory.slot(small, "most of it", 57000))
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

describe("leases", function()
    local function blocks(count)
        return { base = mapping.create(count, false), count = count, names = local_names() }
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

describe("a process", function()
    it("is alive, and known from another one that has its pid", function()
        local me = process.identity()
        assert.is_true(process.is_alive(me))
        assert.is_false(process.is_alive(ngx.worker.pid() .. " 1"))
        assert.is_true(process.is_alive(ngx.worker.pid() .. " "))
        assert.is_false(process.is_alive("4194303 1"))
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
