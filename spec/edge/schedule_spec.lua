local ids = require("resty.openclaw.edge.store.id")
local schedules = require("resty.openclaw.edge.schedule")

local FAR = 1e6

describe("edge: schedules", function()
    it("give ids back in order, whatever they get", function()
        local schedule, waiting, expected, got = {}, {}, {}, {}
        local function by_time(one, other)
            if one.at ~= other.at then return one.at < other.at end
            return one.id < other.id
        end
        for _ = 1, 3000 do
            if math.random() < 0.6 then
                local entry = { id = ids.new(), at = math.random(0, 500) }
                schedules.add(schedule, entry.id, entry.at)
                waiting[#waiting + 1] = entry
            else
                table.sort(waiting, by_time)
                local first = table.remove(waiting, 1)
                local id, at = schedules.first(schedule)
                assert.equal(first and first.id, id)
                assert.equal(first and first.at, at)
                assert.equal(first and first.id, schedules.take(schedule, FAR))
            end
        end
        table.sort(waiting, by_time)
        for index, entry in ipairs(waiting) do expected[index] = entry.id end
        for index = 1, #waiting do got[index] = schedules.take(schedule, FAR) end
        assert.same(expected, got)
        assert.is_nil(schedules.take(schedule, FAR))
        assert.is_nil(schedules.first(schedule))
    end)

    it("give nothing before it is due", function()
        local schedule = {}
        local early, late = ids.new(), ids.new()
        schedules.add(schedule, late, 20)
        schedules.add(schedule, early, 10.5)
        assert.is_nil(schedules.take(schedule, 10.499))
        assert.equal(early, schedules.take(schedule, 10.5))
        assert.is_nil(schedules.take(schedule, 19))
        schedules.drop_first(schedule)
        assert.is_nil(schedules.first(schedule))
        schedules.drop_first(schedule)
    end)
end)
