local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local places = require("resty.openclaw.redis_client.places")

describe("redis_client.places", function()
    local now, moment = clock.now, nil

    before_each(function()
        moment = 1000
        clock.now = function() return moment end
    end)

    after_each(function() clock.now = now end)

    --- Takes a place in a light thread.
    local function take(its_places, deadline)
        local result = {}
        result.thread = ngx.thread.spawn(function()
            result.place = its_places:take(10, deadline)
            result.done = true
        end)
        return result
    end

    it("are as many as were made, until some are given back", function()
        local its_places = places.new(2)
        assert.equal(1, its_places:take(10, moment))
        assert.equal(2, its_places:take(10, moment))
        assert.is_nil(its_places:take(10, moment))
        its_places:give_back(2)
        assert.equal(2, its_places:take(10, moment))
        assert.is_nil(its_places:take(10, moment))
    end)

    it("are waited for, first come first served", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        local first, second = take(its_places, moment + 60), take(its_places, moment + 60)
        ngx.sleep(0.01)
        assert.is_nil(first.done or second.done)
        its_places:give_back(1)
        eventually(function() return first.done end)
        ngx.sleep(0.01)
        assert.is_nil(second.done)
        its_places:give_back(1)
        eventually(function() return second.done end)
        assert.same({ 1, 1 }, { first.place, second.place })
    end)

    it("are waited for until the deadline", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        local late = take(its_places, moment + 0.05)
        ngx.sleep(0.01)
        moment = moment + 0.05
        eventually(function() return late.done end)
        assert.is_nil(late.place)
    end)

    it("are not waited for in a circle when less than a millisecond is left", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        assert.is_nil(its_places:take(10, moment + 0.0004))
    end)

    it("are free again when the time of who took them is over", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        moment = moment + 9.9
        assert.is_nil(its_places:take(10, moment))
        moment = moment + 0.1
        assert.equal(1, its_places:take(10, moment))
    end)

    it("go to the next where one that waited was ended", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        local first, second = take(its_places, moment + 60), take(its_places, moment + 60)
        ngx.thread.kill(first.thread)
        its_places:give_back(1)
        eventually(function() return second.done end)
        assert.equal(1, second.place)
        its_places:give_back(1)
        -- Nobody waits, so nothing is left over that would let a later one through.
        assert.equal(0, its_places.gate:count())
    end)

    it("are not waited for by any number", function()
        local its_places = places.new(1)
        its_places:take(10, moment)
        local all = {}
        for number = 1, 1001 do all[number] = take(its_places, moment + 60) end
        assert.is_true(all[1001].done)
        assert.is_nil(all[1001].place)
        assert.is_nil(all[1000].done)
        for number = 1, 1000 do ngx.thread.kill(all[number].thread) end
    end)
end)
