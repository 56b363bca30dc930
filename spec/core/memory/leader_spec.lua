local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local leader_of = require("resty.openclaw.core.memory.leader")
local local_names = require("resty.openclaw.core.memory.shared_memory.names").local_names
local process = require("resty.openclaw.core.process.process_identity")

local dict = ngx.shared.openclaw
local last = 0

--- A name that no other spec has used, and its key.
local function new_name()
    last = last + 1
    return "spec " .. last, "leader:spec " .. last
end

--- A process that lives as long as the machine, and one that is gone: past the highest pid there can be.
local ALIVE, GONE = "1 ", "4194303 1"

describe("leader", function()
    local exiting, kill = ngx.worker.exiting, process.is_alive

    after_each(function()
        ngx.worker.exiting, process.is_alive = exiting, kill
    end)

    it("leads where nobody does, and goes on leading", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name)
        for _ = 1, 3 do assert.is_true((leader:leads())) end
        assert.equal(process.identity(), dict:get(key))
        assert.is_true(dict:ttl(key) > 2.9 and dict:ttl(key) <= 3)
    end)

    it("knows works of other names apart", function()
        local name, key = new_name()
        dict:set(key, ALIVE)
        assert.is_false((leader_of.new(dict, name):leads()))
        assert.is_true((leader_of.new(dict, (new_name())):leads()))
    end)

    it("follows nobody who is alive", function()
        local name, key = new_name()
        dict:set(key, ALIVE, 30)
        local leader = leader_of.new(dict, name)
        assert.is_false((leader:leads()))
        leader.lock.looked_at = 0
        assert.is_false((leader:leads()))
        assert.equal(ALIVE, dict:get(key))
    end)

    it("follows a process that is gone, long before its lease ends", function()
        local name, key = new_name()
        dict:set(key, GONE, 30)
        local leader = leader_of.new(dict, name)
        assert.is_true((leader:leads()))
        assert.equal(process.identity(), dict:get(key))
        assert.is_true(dict:ttl(key) <= 3)
        assert.is_nil(dict:get(key .. " heir"))
    end)

    it("leaves the succession to who began with it", function()
        local name, key = new_name()
        dict:set(key, GONE, 30)
        dict:set(key .. " heir", 1, 30)
        local leader = leader_of.new(dict, name)
        assert.is_false((leader:leads()))
        assert.equal(GONE, dict:get(key))
    end)

    it("does not take the lead from the heir of who is gone", function()
        local name, key = new_name()
        dict:set(key, GONE, 30)
        process.is_alive = function()
            dict:set(key, ALIVE, 30) -- between the look and the succession another was faster
            return false
        end
        local leader = leader_of.new(dict, name)
        assert.is_false((leader:leads()))
        assert.equal(ALIVE, dict:get(key))
        assert.is_nil(dict:get(key .. " heir"))
    end)

    it("looks whether the leader is alive four times a second at most", function()
        local name, key = new_name()
        local looks = 0
        process.is_alive = function()
            looks = looks + 1
            return true
        end
        dict:set(key, ALIVE, 30)
        local leader = leader_of.new(dict, name)
        for _ = 1, 100 do leader:leads() end
        assert.equal(1, looks)
        leader.lock.looked_at = leader.lock.looked_at - 0.26
        leader:leads()
        assert.equal(2, looks)
    end)

    it("follows a leader that hangs when its lease ends", function()
        local name, key = new_name()
        dict:set(key, ALIVE, 0.05)
        local leader = leader_of.new(dict, name)
        assert.is_false((leader:leads()))
        assert.is_true(eventually(function() return (leader:leads()) end))
    end)

    it("renews its lease well before it ends, and not more often than it must", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name, 30)
        leader:leads()
        dict:expire(key, 7)
        leader.renewed_at = clock.now() - 9.5
        assert.is_true((leader:leads()))
        assert.is_true(dict:ttl(key) <= 7)
        leader.renewed_at = clock.now() - 10.5
        assert.is_true((leader:leads()))
        assert.is_true(dict:ttl(key) > 29)
    end)

    it("goes by the clock that nobody sets", function()
        local leader = leader_of.new(dict, (new_name()), 30)
        local now = stub(ngx, "now").returns(0)
        assert.is_true((leader:leads()))
        now.returns(1e10)
        assert.is_true((leader:leads()))
        now:revert()
        assert.is_true(math.abs(leader.renewed_at - clock.now()) < 10)
    end)

    it("that was held up must win the lead anew", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name)
        assert.is_true((leader:leads()))
        dict:set(key, ALIVE, 30)
        assert.is_false((leader:leads()))
        assert.equal(ALIVE, dict:get(key))
        dict:delete(key)
        assert.is_true((leader:leads()))
    end)

    it("that was held up sees that its time is over, though nginx's clock stood still", function()
        local leader = leader_of.new(dict, (new_name()), 0.02)
        leader:leads()
        local won_at, began = leader.renewed_at, os.clock()
        repeat until os.clock() - began > 0.03
        assert.equal(won_at, clock.now())
        assert.is_true((leader:leads()))
        assert.is_true(leader.renewed_at >= won_at + 0.02)
    end)

    it("is not the leader when another takes the lease just before it is renewed", function()
        local name, key = new_name()
        local leader
        local others = setmetatable({
            expire = function(_, ...)
                dict:set(key, ALIVE, 1)
                return dict:expire(...)
            end,
        }, { __index = function(_, method) return function(_, ...) return dict[method](dict, ...) end end })
        leader = leader_of.new(others, name)
        assert.is_true((leader:leads()))
        leader.renewed_at = 0
        assert.is_false((leader:leads()))
        assert.equal(ALIVE, dict:get(key))
    end)

    it("resigns at once", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name)
        leader:leads()
        leader:resign()
        assert.is_nil(dict:get(key))
        leader:resign()
        assert.is_true((leader:leads()))
    end)

    it("gives up no lease but its own", function()
        local name, key = new_name()
        dict:set(key, ALIVE, 30)
        leader_of.new(dict, name):resign()
        assert.equal(ALIVE, dict:get(key))
    end)

    it("is none in a worker that exits", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name)
        leader:leads()
        ngx.worker.exiting = function() return true end
        assert.is_false((leader:leads()))
        assert.is_nil(dict:get(key))
        assert.is_false((leader:leads()))
        assert.is_nil(dict:get(key))
    end)

    it("made in the master, is each worker's own", function()
        local name, key = new_name()
        local leader = leader_of.new(dict, name)
        leader.lock.pid, leader.lock.me = 1, "1 "
        leader:leads()
        assert.equal(process.identity(), dict:get(key))
    end)

    it("says why when the shared dict takes no lease", function()
        local full = ngx.shared.tiny
        local leader = leader_of.new({
            get = function(_, key) return full:get(key) end,
            safe_add = function(_, key, _, seconds) return full:safe_add(key, ("x"):rep(20000), seconds) end,
        }, (new_name()))
        local leads, err = leader:leads()
        assert.is_false(leads)
        assert.equal("no memory", err)
    end)

    it("leads by itself where nothing is shared", function()
        local leader = leader_of.new(local_names(), (new_name()))
        assert.is_true((leader:leads()))
        leader.renewed_at = 0
        assert.is_true((leader:leads()))
        leader:resign()
        assert.is_true((leader:leads()))
    end)
end)
