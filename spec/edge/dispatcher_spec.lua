local backlogs = require("resty.openclaw.edge.backlog")
local clock = require("resty.openclaw.core.time.clock")
local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: the dispatcher", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("does not raise when the folder cannot be made", function()
        local told = {}
        edge.replace(ngx, "log", function(_, ...) told[#told + 1] = table.concat({ ... }) end)
        edge.open({ store = "/no/such/folder/store" })
        assert.equal("edge: store: cannot make the folder: No such file or directory: /no/such/folder/store", told[1])
    end)

    it("takes the oldest first, also of those it finds on the disk", function()
        local jobs, turn = edge.open({ concurrency = 1 })
        local laid = {}
        for index = 1, 20 do laid[index] = edge.lay(jobs, nil, "x", edge.old_id(1000 - index * 10)) end
        laid[21] = edge.keep()
        edge.work(turn, function() return #edge.names(jobs, "done") == 21 end)
        for index, id in ipairs(laid) do assert.equal(id, edge.seen[index].headers["idempotency-key"]) end
    end)

    it("begins no more than its rate allows, also after a pause", function()
        local jobs, turn, dispatcher = edge.open({ rate = 5, concurrency = 100 })
        local now = clock.now()
        edge.replace(clock, "now", function() return now end)
        for _ = 1, 10 do edge.lay(jobs) end
        local function begun()
            turn()
            return #edge.names(jobs, "done") + backlogs.sending_count(dispatcher.delivery.backlog)
        end
        assert.equal(1, begun())
        now = now + 0.1
        assert.equal(1, begun())
        now = now + 0.11
        assert.equal(2, begun())
        now = now + 3600
        assert.equal(3, begun())
        now = now + 0.21
        assert.equal(4, begun())
    end)

    it("sends no more than `concurrency` at a time", function()
        local jobs, turn = edge.open({ concurrency = 3 })
        edge.behave = function() ngx.sleep(0.02) end
        for _ = 1, 10 do edge.lay(jobs) end
        edge.work(turn, function() return #edge.names(jobs, "done") == 10 end)
        assert.equal(3, edge.most_sending)
        assert.equal(10, #edge.seen)
    end)

    it("waits when there is no room for responses", function()
        local jobs, turn = edge.open({ max_bytes = 30000, max_answer_bytes = 10000, keep_seconds = 60 })
        edge.behave = function() ngx.print(("x"):rep(10000)) end
        for _ = 1, 5 do edge.lay(jobs) end
        edge.work(turn, function() return #edge.names(jobs, "done") == 2 end)
        edge.idle(turn)
        assert.equal(2, #edge.seen)
        assert.is_true(usages.response_bytes(jobs.usage) <= 30000)
        edge.later(70)
        edge.work(turn, function() return #edge.seen == 4 end)
        edge.idle(turn)
        assert.equal(4, #edge.seen)
    end)

    describe("several workers", function()
        it("do not deliver at the same time", function()
            local first, first_turn, first_dispatcher = edge.open()
            local _, second_turn, second_dispatcher = edge.open({ store = first.settings.store })
            first_turn()
            for _ = 1, 10 do edge.lay(first) end
            edge.idle(second_turn)
            assert.equal(0, #edge.seen)
            assert.is_nil(second_dispatcher.lock)
            first_turn(true)
            assert.is_nil(first_dispatcher.lock)
            second_dispatcher.tried_at = nil
            edge.work(second_turn, function() return #edge.names(first, "done") == 10 end)
            assert.equal(10, #edge.seen)
        end)

        it("take over while the one that exits finishes its attempts", function()
            local first, first_turn = edge.open({ concurrency = 2 })
            edge.behave = function(request)
                while edge.held and request.number <= 2 do ngx.sleep(0.001) end
                ngx.say("answer ", request.number)
            end
            edge.held = true
            local laid = {}
            for index = 1, 4 do laid[index] = edge.lay(first, nil, "x", edge.old_id(100 - index)) end
            edge.work(first_turn, function() return #edge.seen == 2 end)
            first_turn(true)
            local _, second_turn, second_dispatcher = edge.open({ store = first.settings.store })
            edge.work(second_turn, function() return #edge.names(first, "done") == 2 end)
            assert.equal(4, #edge.seen)
            assert.same({ laid[1], laid[2] }, edge.names(first, "pending"))
            edge.held = false
            edge.set_clock(5)
            edge.work(second_turn, function() return #edge.names(first, "done") == 4 and second_dispatcher.delivery.responses.count == 4 end)
            assert.equal(4, #edge.seen)
            assert.same({}, edge.names(first, "pending"))
            assert.equal("answer 1\n", edge.get(laid[1]).body)
        end)

        it("take over when one is killed", function()
            local jobs, turn, dispatcher = edge.open()
            local lock = jobs.settings.store .. "/lock"
            execute(("sh -c 'echo $$ > %s.pid; exec 9>%s; flock 9; touch %s.held; exec sleep 60' & :"):format(lock, lock, lock))
            eventually(function() return io.open(lock .. ".held") end)
            local id = edge.lay(jobs)
            edge.idle(turn)
            assert.equal(0, #edge.seen)
            local file = io.open(lock .. ".pid")
            assert.is_true(execute("kill -9 " .. file:read("*n")))
            file:close()
            eventually(function()
                dispatcher.tried_at = nil
                turn()
                return edge.is_done(jobs, id)
            end)
        end)

        it("begin nothing when they exit", function()
            local jobs, turn = edge.open()
            edge.lay(jobs)
            turn(true)
            ngx.sleep(0.02)
            assert.equal(0, #edge.seen)
            edge.replace(ngx.worker, "exiting", function() return true end)
            edge.idle(turn)
            assert.equal(0, #edge.seen)
        end)
    end)

    it("publishes what is stored", function()
        local jobs, turn = edge.open()
        edge.link_is_up = false
        local id = edge.keep("x")
        turn()
        local usage = jobs.usage
        local function bytes(shelf) return stores.size(jobs.store, shelf, id) end
        assert.same({ 1, 0, 0, bytes("pending"), 0 }, { usages.jobs(usage), usages.responses(usage), usages.failed(usage), usages.bytes(usage), usages.response_bytes(usage) })
        assert.is_true(usages.oldest_seconds(usage) >= 0 and usages.oldest_seconds(usage) < 10)
        edge.link_is_up = true
        edge.work(turn, function() return usages.responses(usage) == 1 end)
        assert.same({ 0, bytes("done"), 0 }, { usages.jobs(usage), usages.response_bytes(usage), usages.oldest_seconds(usage) })
    end)
end)
