local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local files = require("resty.openclaw.files")
local ids = require("resty.openclaw.edge.store.id")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

--- The job ends; what the page says of it then.
local function done(turn, id)
    edge.work(turn, function() return stores.has(edge.jobs.store, "done", id) and not stores.has(edge.jobs.store, "pending", id) end, "the end of " .. id)
    return edge.get(id)
end

describe("edge: the delivery of jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("sends the request as it came, with its mark, and keeps the answer", function()
        local jobs, turn = edge.open()
        local body = ("0123456789abcdef"):rep(40000)
        edge.behave = function(request)
            ngx.status = 201
            ngx.header["Content-Type"] = "application/x-pond"
            ngx.print("answer to ", ngx.md5(request.body))
        end
        local id = edge.keep(body, { Accept = "a/b", ["Content-Type"] = "image/png", Authorization = "secret", Cookie = "secret" })
        assert.equal(202, edge.get(id).status)
        local answer = done(turn, id)
        assert.equal(200, answer.status)
        assert.equal("201", answer.header("X-OpenClaw-Status"))
        assert.equal("application/x-pond", answer.header("Content-Type"))
        assert.equal("answer to " .. ngx.md5(body), answer.body)
        assert.equal(1, #edge.seen)
        local seen = edge.seen[1]
        assert.same({ "POST", "/api/analyze?x=%20y", true }, { seen.method, seen.uri, seen.is_delivery })
        assert.equal(id, seen.headers["idempotency-key"])
        assert.same({ "a/b", "image/png", "gateway" }, { seen.headers.accept, seen.headers["content-type"], seen.headers.host })
        assert.is_nil(seen.headers.authorization)
        assert.is_nil(seen.headers.cookie)
        assert.same({}, edge.names(jobs, "pending"))
        assert.same({}, edge.names(jobs, "incoming"))
        assert.equal(0, usages.jobs(jobs.usage))
        assert.equal(0, usages.bytes(jobs.usage))
    end)
end)
