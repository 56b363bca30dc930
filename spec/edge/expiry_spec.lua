local clock = require("resty.openclaw.core.time.clock")
local edge = require("spec.support.edge_jobs")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: expiry removes", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("jobs in time, also while another job takes long", function()
        local jobs, turn, dispatcher = edge.open({ max_age_seconds = 100 })
        edge.held = true
        edge.behave = function()
            while edge.held do ngx.sleep(0.001) end
            ngx.say("late")
        end
        local slow = edge.lay(jobs, nil, "x", edge.old_id(90))
        edge.work(turn, function() return #edge.seen == 1 end)
        edge.link_is_up = false
        local waiting = edge.lay(jobs, nil, "x", edge.old_id(80))
        dispatcher.scan.count_at = nil
        turn()
        edge.later(30)
        edge.work(turn, function() return not stores.has(jobs.store, "pending", waiting) end)
        edge.held = false
        assert.equal("late\n", edge.done(turn, slow).body)
    end)

    it("jobs that are too old", function()
        local jobs, turn = edge.open({ max_age_seconds = 100 })
        local old, young = {}, edge.lay(jobs, nil, "x", edge.old_id(90))
        edge.link_is_up = false
        for index = 1, 40 do old[index] = edge.lay(jobs, nil, "x", edge.old_id(100 + index)) end
        edge.work(turn, function() return #edge.names(jobs, "pending") == 1 end)
        assert.equal(40, edge.counted(jobs, "expired"))
        local answer = edge.get(old[1])
        assert.same({ 410, "job_expired" }, { answer.status, edge.code(answer) })
        assert.equal(202, edge.get(young).status)
        turn()
        assert.is_true(math.abs(edge.figure(jobs, "openclaw_edge_oldest_seconds") - 90) < 5)
        assert.equal(1, usages.jobs(jobs.usage))
    end)

    it("responses that were stored for `keep_seconds`", function()
        local jobs, turn = edge.open({ keep_seconds = 50 })
        local old, young = edge.old_id(1000), edge.old_id(999)
        edge.lay_response(jobs, old, { finished = ngx.now() - 51 })
        edge.lay_response(jobs, young, { finished = ngx.now() - 40 })
        edge.work(turn, function() return #edge.names(jobs, "done") == 1 end)
        assert.equal(410, edge.get(old).status)
        assert.equal(200, edge.get(young).status)
        edge.later(20)
        edge.work(turn, function() return #edge.names(jobs, "done") == 0 end)
    end)

    it("nothing that only looks old, as the clock was changed", function()
        local jobs, turn = edge.open({ max_age_seconds = 100, keep_seconds = 50 })
        local answered = edge.keep()
        assert.equal(200, edge.done(turn, answered).status)
        edge.link_is_up = false
        local job = edge.keep()
        local of_another_boot = edge.lay(jobs, { boot = "x", uptime = clock.now() }, "x")
        edge.set_clock(1e8)
        edge.work(turn, function() return not stores.has(jobs.store, "pending", of_another_boot) end)
        edge.idle(turn)
        assert.same({ 202, 200 }, { edge.get(job).status, edge.get(answered).status })
        assert.is_true(edge.figure(jobs, "openclaw_edge_oldest_seconds") < 50)
        -- Another worker, which knows nothing of them.
        local _, other = edge.open({ max_age_seconds = 100, keep_seconds = 50, store = jobs.settings.store })
        turn(true)
        for _ = 1, 3 do edge.idle(other) end
        assert.same({ 202, 200 }, { edge.get(job).status, edge.get(answered).status })
        -- Their time comes all the same.
        edge.set_clock(1e8 + 101)
        edge.go_on(101)
        edge.work(other, function() return edge.get(job).status ~= 202 and edge.get(answered).status ~= 200 end)
    end)

    it("no job that is being sent", function()
        local jobs, turn = edge.open({ max_age_seconds = 100 })
        edge.held = true
        edge.behave = function()
            while edge.held do ngx.sleep(0.001) end
            ngx.say("late")
        end
        local id = edge.lay(jobs, nil, "x", edge.old_id(90))
        edge.work(turn, function() return #edge.seen == 1 end)
        edge.set_clock(20)
        edge.idle(turn)
        edge.held = false
        assert.equal("late\n", edge.done(turn, id).body)
    end)
end)
