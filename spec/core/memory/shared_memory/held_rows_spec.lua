local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local lease = require("resty.openclaw.core.memory.shared_memory.lease")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local regions = 0

--- A region in which nobody else counts, and a function that lets so many seconds pass and then looks at its rows.
local function new_region()
    regions = regions + 1
    local region = shared_memory.open("no such dict: held " .. regions)
    local now = 100
    local function after(seconds)
        now = now + seconds
        local dropped = {}
        held_rows.sweep(region, now, function(name) table.insert(dropped, name) end, function() return true end)
        return table.concat(dropped, " ")
    end
    return region, after
end

local function take(region, name, count, kept)
    return assert(held_rows.take(region, name, count or 3, kept or 0, 100))
end

--- Holds a row in another worker's block; returns how that worker lets go of it.
local function hold_elsewhere(region, row, block)
    lease.announce(region, block)
    local other = mapping.block_at(region.base, block)
    other[row.slot] = other[row.slot] + 1
    return function() other[row.slot] = other[row.slot] - 1 end
end

describe("held rows", function()
    it("are one for a name", function()
        local region = new_region()
        local row = take(region, "a")
        assert.is_true(row.slot >= mapping.FIRST_TRANSIENT)
        assert.equal(row.slot, take(region, "a").slot)
        assert.equal(row.slot + 3, take(region, "b").slot)
    end)

    it("go to other names some time after the last worker let go of them", function()
        local region, after = new_region()
        local row = take(region, "a")
        local let_go = hold_elsewhere(region, row, 3)
        region.common[row.slot], region.mine[row.slot + 1] = 7, 8
        held_rows.release(region, row)
        assert.equal("", after(1000))
        let_go()
        assert.equal("", after(held_rows.UNHELD_SECONDS - 1))
        assert.equal("a", after(1))
        assert.is_false(held_rows.is_current(region, row))
        local other = take(region, "a")
        assert.not_equal(row.slot, other.slot)
        after(rows.REST_SECONDS)
        local third = take(region, "b")
        assert.equal(row.slot, third.slot)
        assert.is_true(third.generation > row.generation)
        assert.equal(0, shared_memory.total(region, third.slot + 1))
        assert.equal(0, region.common[third.slot])
        assert.is_true(held_rows.is_current(region, other))
    end)

    it("are its own for who comes back soon", function()
        local region, after = new_region()
        local row = take(region, "a")
        held_rows.release(region, row)
        after(held_rows.UNHELD_SECONDS - 1)
        local again = take(region, "a")
        assert.same({ row.slot, row.generation }, { again.slot, again.generation })
        assert.equal("", after(1000))
    end)

    it("are nobody's any more for who comes too late, who then changes nothing", function()
        local region, after = new_region()
        local row = take(region, "a")
        held_rows.release(region, row)
        after(held_rows.UNHELD_SECONDS)
        after(rows.REST_SECONDS)
        local other = take(region, "b")
        assert.equal(row.slot, other.slot)
        assert.is_false(held_rows.hold(region, row))
        held_rows.release(region, row)
        assert.equal(1, region.mine[row.slot])
    end)

    it("stay when a worker comes to hold them at the last moment", function()
        local region, after = new_region()
        local row = take(region, "a")
        held_rows.release(region, row)
        local get = region.names.get
        local let_go
        region.names.get = function(names, key)
            -- Between the new generation and the second look for holders.
            if not let_go and key == "name:" .. row.slot then let_go = hold_elsewhere(region, row, 2) end
            return get(names, key)
        end
        assert.equal("", after(held_rows.UNHELD_SECONDS))
        region.names.get = nil
        assert.is_function(let_go)
        assert.is_true(held_rows.is_current(region, row))
        assert.equal("", after(1000))
        let_go()
        assert.equal("a", after(held_rows.UNHELD_SECONDS))
    end)

    it("go when the worker that held them has died, and keep what is to be kept until then", function()
        local region, after = new_region()
        local row = take(region, "a", 4, 2)
        held_rows.release(region, row)
        hold_elsewhere(region, row, 2)
        local block = mapping.block_at(region.base, 2)
        for offset = 1, 3 do block[row.slot + offset] = 5 end
        after(1)
        lease.release(region, 2)
        assert.same({ 0, 0, 5, 5 }, { block[row.slot], block[row.slot + 1], block[row.slot + 2], block[row.slot + 3] })
        assert.equal("a", after(held_rows.UNHELD_SECONDS))
    end)

    it("that were made in init are held by each worker that asks", function()
        local region, after = new_region()
        local real = ngx.get_phase
        ngx.get_phase = function() return "init" end
        local row = take(region, "a")
        ngx.get_phase = real
        assert.is_false(row.is_held)
        after(held_rows.UNHELD_SECONDS - 1)
        assert.is_true(held_rows.hold(region, row))
        assert.is_true(held_rows.hold(region, row))
        assert.equal(1, region.mine[row.slot])
        assert.equal("", after(1000))
    end)

    it("are counted, those that are free apart", function()
        local region, after = new_region()
        local room = mapping.SLOTS - mapping.FIRST_TRANSIENT
        local row = take(region, "a")
        assert(shared_memory.transient_slot(region, "for good"))
        assert.same({ 4, room - 4 }, { shared_memory.usage(region, rows.TRANSIENT) })
        held_rows.release(region, row)
        after(held_rows.UNHELD_SECONDS)
        assert.same({ 1, room - 1 }, { shared_memory.usage(region, rows.TRANSIENT) })
    end)

    it("are refused with a reason where there is no room", function()
        local region = new_region()
        take(region, "a", mapping.SLOTS - mapping.FIRST_TRANSIENT - 1)
        local row, err = held_rows.take(region, "b", 2, 0, 100)
        assert.is_nil(row)
        assert.equal("no slot is left", err)
    end)
end)
