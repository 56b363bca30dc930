local cjson = require("cjson")
local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local ids = require("resty.openclaw.edge.store.id")
local stores = require("resty.openclaw.edge.store")

describe("edge: callbacks", function()
    before_each(edge.reset)
    after_each(edge.restore)

    local URL = "http://127.0.0.1:18202/told?a=b"

    local function open(options)
        local given = { callback_hosts = { "127.0.0.1:18202" }, callback_plain = true }
        for name, value in pairs(options or {}) do given[name] = value end
        return edge.open(given)
    end

    local function callbacks(jobs, outcome)
        return edge.figure(jobs, "openclaw_edge_callbacks_total", ('outcome="%s"'):format(outcome))
    end

    it("send what the page responds", function()
        local jobs, turn = open()
        edge.behave = function()
            ngx.status = 201
            ngx.header["Content-Type"] = "text/x-pond"
            ngx.print(("x"):rep(100000))
        end
        local id = edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        local heard = edge.heard[1]
        assert.same({ "POST", "/told?a=b", ("x"):rep(100000) }, { heard.method, heard.uri, heard.body })
        assert.same({ id, "201", "text/x-pond" }, { heard.headers["x-openclaw-job"], heard.headers["x-openclaw-status"], heard.headers["content-type"] })
        assert.is_nil(heard.headers["x-openclaw-delivery"])
        assert.is_nil(edge.seen[1].headers["x-openclaw-callback"])
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(200, edge.get(id).status)
        edge.idle(turn)
        assert.equal(1, #edge.heard)
    end)

    it("are tried again, and follow no redirects", function()
        local jobs, turn = open()
        local told = edge.faults(jobs)
        edge.hear_status = { 500, 302, 404, 204 }
        edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        assert.equal(4, #edge.heard)
        assert.equal(3, callbacks(jobs, "again"))
        for _, heard in ipairs(edge.heard) do assert.equal("/told?a=b", heard.uri) end
        assert.matches("^callback: job %x+%-%x+: status 500$", told[1])
    end)

    it("are given up after eight attempts, also over restarts", function()
        local jobs, turn, dispatcher = open()
        edge.faults(jobs)
        edge.hear_status = 500
        local id = edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return #edge.heard >= 3 end)
        eventually(function() return dispatcher.delivery.callbacks.sending_count == 0 end)
        turn(true)
        local tries = #edge.heard
        assert.equal(tries, stores.size(jobs.store, "callbacks", id))
        local second, second_turn = open({ store = jobs.settings.store })
        edge.faults(second)
        edge.work(second_turn, function() return callbacks(second, "failed") == 1 end)
        assert.equal(8, #edge.heard)
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(200, edge.get(id).status)
    end)

    it("are not sent to a host that is no longer allowed", function()
        local jobs, turn = open()
        local told = edge.faults(jobs)
        edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        jobs.settings.callback_hosts["127.0.0.1:18202"] = nil
        edge.work(turn, function() return callbacks(jobs, "failed") == 1 end)
        assert.equal(0, #edge.heard)
        assert.matches(": its host is not allowed$", told[1])
    end)

    it("are sent for expired jobs", function()
        local jobs, turn = open({ max_age_seconds = 100 })
        edge.link_is_up = false
        local id = edge.lay(jobs, { callback = URL }, "x", edge.old_id(101))
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        assert.equal("job_expired", cjson.decode(edge.heard[1].body).error.code)
        assert.equal("job_expired", edge.heard[1].headers["x-openclaw-error"])
        assert.same({ 410, "job_expired" }, { edge.get(id).status, edge.code(edge.get(id)) })
        assert.equal(1, edge.counted(jobs, "expired"))
    end)

    it("are found after the worker was killed at any moment", function()
        local jobs, turn = open()
        -- The response is stored, the job is still there.
        local one = edge.lay(jobs, { callback = URL })
        edge.lay_response(jobs, one, { callback = URL }, "one")
        edge.put(stores.path(jobs.store, "callbacks", one), "")
        -- The job is gone.
        local two = ids.new()
        edge.lay_response(jobs, two, { callback = URL }, "two")
        edge.put(stores.path(jobs.store, "callbacks", two), "...")
        -- The response is gone as well.
        edge.put(stores.path(jobs.store, "callbacks", ids.new()), "")
        edge.work(turn, function() return callbacks(jobs, "sent") == 2 and callbacks(jobs, "failed") == 1 end)
        local bodies = { edge.heard[1].body, edge.heard[2].body }
        table.sort(bodies)
        assert.same({ "one", "two" }, bodies)
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(0, #edge.seen)
    end)
end)
