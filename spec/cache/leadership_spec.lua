local leadership = require("resty.openclaw.cache.leadership")
local process_identity = require("resty.openclaw.core.process.process_identity")

local dict = ngx.shared.openclaw_answers
local count = 0

local function new_key()
    count = count + 1
    return "leadership_spec " .. count
end

describe("cache.leadership", function()
    it("gives no two requests the same name, and each the one of this process", function()
        local known = {}
        for _ = 1, 1000 do
            local name = leadership.new_name()
            assert.is_nil(known[name])
            known[name] = true
            assert.equal(process_identity.identity(), name:match("^(.*)/%d+$"))
        end
    end)

    it("belongs to the first until it gives it up", function()
        local key, first, second = new_key(), leadership.new_name(), leadership.new_name()
        assert.is_nil(leadership.present(dict, key))
        assert.same({ true }, { leadership.take(dict, key, first) })
        assert.same({ false }, { leadership.take(dict, key, second) })
        assert.equal(first, leadership.present(dict, key))
        leadership.give_up(dict, key, second)
        assert.equal(first, leadership.present(dict, key))
        leadership.give_up(dict, key, first)
        assert.is_nil(leadership.present(dict, key))
        assert.same({ true }, { leadership.take(dict, key, second) })
        -- The first one is late.
        leadership.give_up(dict, key, first)
        assert.equal(second, leadership.present(dict, key))
        assert.is_true(dict:ttl("lead:" .. key) > 3000)
        leadership.give_up(dict, key, second)
    end)

    it("is taken where the dict is full of what is known of other keys", function()
        local key, name = ("f"):rep(64), leadership.new_name()
        finally(function()
            dict:flush_all()
            dict:flush_expired()
        end)
        local at, forcible = 0, false
        while not forcible do
            at = at + 1
            forcible = select(3, dict:set(("%064d"):format(at), at))
        end
        assert.same({ true }, { leadership.take(dict, key, name) })
        assert.equal(name, leadership.present(dict, key))
    end)

    it("is nobody's where there is no room, which is not the same as another's", function()
        local full = { add = function() return false, "no memory" end }
        assert.same({ false, "no memory" }, { leadership.take(full, "key", "name") })
        local taken = { add = function() return false, "exists" end }
        assert.same({ false }, { leadership.take(taken, "key", "name") })
    end)

    it("ends with the process of the leader", function()
        assert.is_false(leadership.is_dead(leadership.new_name()))
        local pid, ticks = process_identity.identity():match("^(%d+) (%d+)$")
        -- Another process has had this pid before; and one that no process has.
        assert.is_true(leadership.is_dead(pid .. " " .. (tonumber(ticks) - 1) .. "/1"))
        assert.is_true(leadership.is_dead("4194305 1/1"))
        assert.is_true(leadership.is_dead("no name"))
    end)

    it("is looked at ten times a second for each process, however many leaders that has", function()
        local looks, lives = {}, true
        local revert = stub(process_identity, "is_alive", function(who)
            looks[#looks + 1] = who
            return lives
        end)
        finally(function() revert:revert() end)
        local now = 1e9
        for second = 0, 9 do
            for number = 1, 100 do
                assert.is_false(leadership.was_dead("1 2/" .. number, now + second / 100))
                assert.is_false(leadership.was_dead("3 4/" .. number, now + second / 100))
            end
        end
        assert.same({ "1 2", "3 4" }, looks)
        lives = false
        assert.is_false(leadership.was_dead("1 2/1", now + 0.09))
        assert.is_true(leadership.was_dead("1 2/1", now + 0.11))
        assert.is_true(leadership.was_dead("1 2/2", now + 0.11))
        assert.equal(3, #looks)
        assert.is_true(leadership.was_dead("no name", now))
        -- That is long past.
        leadership.was_dead("1 2/1", 1e10)
    end)
end)
