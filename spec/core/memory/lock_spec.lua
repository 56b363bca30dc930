local clock = require("resty.openclaw.core.time.clock")
local lock_of = require("resty.openclaw.core.memory.lock")
local process = require("resty.openclaw.core.process.process_identity")

local dict = ngx.shared.openclaw
local last = 0

local function new_key()
    last = last + 1
    return "lock spec " .. last
end

--- A process that lives as long as the machine, and one that is gone: past the highest pid there can be.
local ALIVE, GONE = "1 ", "4194303 1"

describe("lock", function()
    local exiting = ngx.worker.exiting

    after_each(function() ngx.worker.exiting = exiting end)

    it("is held by one at a time, until it is released", function()
        local key = new_key()
        local first, second = lock_of.new(dict, key, 30), lock_of.new(dict, key, 30)
        assert.is_true((lock_of.try_lock(first)))
        assert.equal(process.identity(), dict:get(key))
        assert.is_true(dict:ttl(key) > 29)
        assert.is_false((lock_of.try_lock(second)))
        assert.is_false((lock_of.try_lock(first)))
        lock_of.unlock(first)
        assert.is_true((lock_of.try_lock(second)))
    end)

    it("is taken from a process that has died, and from no other", function()
        local key = new_key()
        dict:set(key, ALIVE, 30)
        local lock = lock_of.new(dict, key, 30)
        assert.is_false((lock_of.try_lock(lock)))
        lock_of.unlock(lock)
        assert.equal(ALIVE, dict:get(key))
        dict:set(key, GONE, 30)
        lock.looked_at = nil
        assert.is_true((lock_of.try_lock(lock)))
        assert.equal(process.identity(), dict:get(key))
        assert.is_nil(dict:get(key .. " heir"))
    end)

    it("can be taken by a worker that exits", function()
        ngx.worker.exiting = function() return true end
        assert.is_true((lock_of.try_lock(lock_of.new(dict, new_key(), 30))))
    end)

    it("is waited for, and not longer than was asked for", function()
        local key = new_key()
        dict:set(key, ALIVE, 0.05)
        local lock = lock_of.new(dict, key, 30)
        assert.is_true((lock_of.wait_for_lock(lock, 5)))
        local began = clock.now()
        assert.is_false((lock_of.wait_for_lock(lock, 0.1)))
        assert.is_true(clock.now() - began > 0.099) -- 0.1 but for rounding
    end)

    it("says why when the shared dict takes no lock, without waiting", function()
        local full = setmetatable({ safe_add = function() return false, "no memory" end }, { __index = function(_, method)
            return function(_, ...) return dict[method](dict, ...) end
        end })
        assert.same({ false, "no memory" }, { lock_of.wait_for_lock(lock_of.new(full, new_key(), 30), 60) })
    end)
end)
