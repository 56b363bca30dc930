local edge = require("spec.support.edge_jobs")
local execute = require("spec.support.execute")
local on_disk = require("spec.support.disk")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: the end of jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    describe("on a full disk", function()
        after_each(on_disk.unmount)

        --- Jobs on a disk of so many KiB; nothing where none can be mounted.
        local function open_on(kib, options)
            local disk = on_disk.mount(kib)
            if not disk then return pending("only those who may mount can try this") end
            local given = { store = disk .. "/store", concurrency = 1, max_answer_bytes = 32768 }
            for name, value in pairs(options or {}) do given[name] = value end
            local jobs, turn, dispatcher = edge.open(given)
            turn()
            local told = edge.faults(jobs)
            return jobs, turn, disk, told, dispatcher
        end

        --- Stores jobs, and then fills the disk.
        local function keep_last(disk, count)
            local kept = {}
            for index = 1, count or 1 do kept[index] = edge.keep("job " .. index) end
            on_disk.fill(disk)
            return kept
        end

        it("nothing more is accepted, and all is delivered into the room that is reserved", function()
            local jobs, turn, disk, told = open_on(256, { reserve_bytes = 100000 })
            if not jobs then return end
            edge.behave = function(request) ngx.print(("x"):rep(20000), request.body) end
            local kept = keep_last(disk, 4)
            local refused = edge.send("x")
            assert.same({ 503, "not_stored" }, { refused.status, edge.code(refused) })
            assert.matches("^store: cannot store a request: cannot write: No space left on device", told[1])
            assert.same({ 4, 0 }, { usages.jobs(jobs.usage), #edge.names(jobs, "incoming") })
            for index, id in ipairs(kept) do
                assert.equal(("x"):rep(20000) .. "job " .. index, edge.done(turn, id).body)
            end
            -- As long as the reserve is not whole no request takes what there may be.
            execute(("truncate -s -8192 %s/filler"):format(disk))
            edge.later(3)
            turn()
            assert.same({ 503, "not_stored" }, { edge.send("x").status, edge.code(edge.send("x")) })
            on_disk.unfill(disk)
            edge.later(6)
            turn()
            assert.equal(202, edge.send("x").status)
        end)

        it("the largest responses are dropped, with a note in their place, and deliveries go on", function()
            local jobs, turn, disk, _, dispatcher = open_on(320, { reserve_bytes = 0 })
            if not jobs then return end
            edge.behave = function(request)
                local size = request.body == "job 2" and 30000 or 5000
                ngx.print(("x"):rep(size), request.body)
            end
            local kept = {}
            for index = 1, 3 do
                kept[index] = edge.keep("job " .. index)
                assert.equal(200, edge.done(turn, kept[index]).status)
            end
            edge.link_is_up = false
            for index = 4, 6 do kept[index] = edge.keep("job " .. index) end
            on_disk.fill(disk)
            edge.link_is_up = true
            for index = 4, 6 do assert.equal("job " .. index, edge.done(turn, kept[index]).body:match("job %d")) end
            local dropped = edge.get(kept[2])
            assert.same({ 410, "answer_dropped", "200" }, { dropped.status, edge.code(dropped), dropped.header("X-OpenClaw-Status") })
            turn()
            assert.equal(1, edge.figure(jobs, "openclaw_edge_answers_dropped_total"))
            assert.same({ 5, 1 }, { edge.figure(jobs, "openclaw_edge_jobs", 'state="done"'), edge.figure(jobs, "openclaw_edge_jobs", 'state="failed"') })
            local bytes = 0
            for _, name in ipairs(edge.names(jobs, "done")) do bytes = bytes + stores.size(jobs.store, "done", name) end
            assert.equal(bytes, dispatcher.delivery.responses.total_bytes)
            assert.equal(6, #edge.seen)
            -- Their time comes, that of the note too.
            edge.later(3700)
            edge.work(turn, function() return #edge.names(jobs, "done") == 0 end)
            local responses = dispatcher.delivery.responses
            assert.same({ 0, 0, 0 }, { responses.count, responses.failed_count, responses.total_bytes })
        end)

        it("jobs end and expire though there is room for nothing", function()
            local jobs, turn, disk = open_on(128, { reserve_bytes = 0, max_age_seconds = 100 })
            if not jobs then return end
            edge.link_is_up = false
            local kept = keep_last(disk, 2)
            edge.link_is_up, edge.trials = false, 1
            local answer = edge.done(turn, kept[1])
            assert.same({ 410, "answer_dropped", "200" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Status") })
            edge.later(101)
            edge.work(turn, function() return #edge.names(jobs, "pending") == 0 end)
            assert.equal(410, edge.get(kept[2]).status)
            assert.equal(1, #edge.seen)
            assert.same({ 0, 0 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        end)

        it("a token that is lost is written into the room that is reserved", function()
            local jobs, turn, disk = open_on(256, { reserve_bytes = 100000 })
            if not jobs then return end
            local kept = keep_last(disk)
            os.remove(jobs.settings.store .. "/secret")
            on_disk.fill(disk)
            assert.equal("answer 1\n", edge.done(turn, kept[1]).body)
        end)
    end)
end)
