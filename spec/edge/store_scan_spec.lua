local clock = require("resty.openclaw.core.time.clock")
local edge = require("spec.support.edge_jobs")
local ids = require("resty.openclaw.edge.store.id")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: a scan of the store", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("corrects the counts", function()
        local jobs, turn = edge.open()
        usages.correct(jobs.usage, 7, 7000)
        edge.link_is_up = false
        local id = edge.lay(jobs)
        edge.work(turn, function() return usages.jobs(jobs.usage) == 1 end)
        assert.equal(stores.size(jobs.store, "pending", id), usages.bytes(jobs.usage))
        -- Also later, when it is time.
        usages.correct(jobs.usage, 3, 3000)
        edge.idle(turn)
        assert.equal(4, usages.jobs(jobs.usage))
        local now = clock.now()
        edge.replace(clock, "now", function() return now + 61 end)
        edge.work(turn, function() return usages.jobs(jobs.usage) == 1 end)
        assert.equal(stores.size(jobs.store, "pending", id), usages.bytes(jobs.usage))
    end)

    it("does not miscount what comes and goes meanwhile", function()
        local jobs, turn, dispatcher = edge.open()
        edge.link_is_up = false
        -- One is being written; many were there before, of which the dict knows nothing.
        usages.reserve(jobs.usage, ids.new(), 100)
        turn()
        assert.same({ 1, 100 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        for _ = 1, 5 do edge.lay(jobs) end
        dispatcher.scan.count_at = nil
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
        -- The one who wrote is gone for good.
        local now = clock.now()
        edge.replace(clock, "now", function() return now + 61 end)
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
        usages.reserve(jobs.usage, ids.new(), 100)
        dispatcher.scan.count_at = nil
        turn()
        assert.equal(6, usages.jobs(jobs.usage))
        edge.replace(clock, "now", function() return now + 200 end)
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
    end)

    it("removes abandoned files every two minutes", function()
        local jobs, turn = edge.open()
        local function begin_one()
            local id = ids.time_text(ngx.now() - 601) .. "-" .. ("0"):rep(32)
            assert.is_nil(stores.append(jobs.store, id, "x", 1))
        end
        local function is_swept() return #edge.names(jobs, "incoming") == 0 end
        begin_one()
        edge.work(turn, is_swept)
        begin_one()
        turn()
        assert.is_false(is_swept())
        edge.go_on(121)
        edge.work(turn, is_swept)
    end)
end)
