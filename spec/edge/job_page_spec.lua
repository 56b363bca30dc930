local edge = require("spec.support.edge_jobs")
local files = require("resty.openclaw.core.files.files")
local http = require("spec.support.http")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local stores = require("resty.openclaw.edge.store")

describe("edge: the page of a job", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("sends long responses piece by piece", function()
        local jobs = edge.open()
        local id, body = ids.new(), ("0123456789abcdef"):rep(100000) .. "!"
        local line = records.line({ finished = 1, status = 200, headers = { ["Content-Type"] = "a/b", ["Content-Encoding"] = "pond", Evil = "x" }, body_bytes = #body })
        assert.is_nil(stores.append(jobs.store, id, line .. body, #line + #body))
        assert(stores.finish(jobs.store, id, "done", id))
        local answer = edge.get(id)
        assert.equal(body, answer.body)
        assert.same(
            { 200, "200", "a/b", "pond", tostring(#body), "no-store", "nosniff" },
            {
                answer.status, answer.header("X-OpenClaw-Status"), answer.header("Content-Type"), answer.header("Content-Encoding"),
                answer.header("Content-Length"), answer.header("Cache-Control"), answer.header("X-Content-Type-Options"),
            }
        )
        assert.is_nil(answer.header("Evil"))
        local head = http.raw("HEAD /openclaw/jobs/" .. id .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", edge.PORT)
        assert.same({ 200, "", tostring(#body), "200" }, { head.status, head.body, head.header("Content-Length"), head.header("X-OpenClaw-Status") })
        for _, method in ipairs({ "POST", "DELETE", "PUT" }) do
            local refused = http.raw(method .. " /openclaw/jobs/" .. id .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", edge.PORT)
            assert.same({ 405, "method_not_allowed", "GET, HEAD" }, { refused.status, edge.code(refused), refused.header("Allow") })
        end
    end)

    it("closes the connection when a response is removed meanwhile", function()
        local jobs = edge.open()
        local id, body = ids.new(), ("x"):rep(1000000)
        local line = records.line({ finished = 1, status = 200, headers = {}, body_bytes = #body })
        stores.append(jobs.store, id, line .. body, #line + #body)
        assert(stores.finish(jobs.store, id, "done", id))
        local piece, count = records.piece, 0
        edge.replace(records, "piece", function(...)
            count = count + 1
            if count == 5 then stores.remove(jobs.store, "done", id) end
            return piece(...)
        end)
        local answer = edge.get(id)
        assert.equal(200, answer.status)
        assert.is_true(#answer.body < #body)
    end)

    it("responds 500 when a response is stored and cannot be read", function()
        local jobs, turn = edge.open()
        edge.faults(jobs)
        local id = edge.keep()
        edge.work(turn, function() return edge.get(id).status == 200 end)
        local path = stores.path(jobs.store, "done", id)
        assert.is_nil(files.remove(path))
        assert.is_nil(files.make_folder(path))
        local answer = edge.get(id)
        assert.same({ 500, "answer_unreadable" }, { answer.status, edge.code(answer) })
        -- So it is for the gateway, which looks in the stores of all routes.
        local others = edge.open()
        edge.replace(edge, "page", function()
            require("resty.openclaw.edge").show_job({ { jobs = others }, { jobs = jobs } })
        end)
        assert.equal("answer_unreadable", edge.code(edge.get(id)))
        assert.is_nil(files.remove_folder(path))
        assert.equal("unknown_job", edge.code(edge.get(id)))
    end)

    it("responds 404 or 410 when nothing is stored", function()
        edge.open({ max_age_seconds = 1000, keep_seconds = 100 })
        local function at(seconds)
            local answer = edge.get(ids.time_text(ngx.now() - seconds) .. ids.new():sub(13))
            return { answer.status, edge.code(answer) }
        end
        assert.same({ 404, "unknown_job" }, at(0))
        assert.same({ 404, "unknown_job" }, at(90))
        assert.same({ 404, "unknown_job" }, at(-1000))
        assert.same({ 410, "job_expired" }, at(101))
        assert.same({ 410, "job_expired" }, at(100000000))
    end)

    it("opens no file outside of the folder", function()
        local jobs = edge.open()
        local id = edge.keep("x")
        local opened = {}
        local open, is_gone = files.open, files.is_gone
        edge.replace(files, "open", function(path, ...) opened[#opened + 1] = path return open(path, ...) end)
        edge.replace(files, "is_gone", function(path) opened[#opened + 1] = path return is_gone(path) end)
        for _, text in ipairs({
            "", ".", "..", "../lock", "..%2flock", "%2e%2e/pending/" .. id, "x/../../lock", "%00", id .. "%00", id .. "/", id .. "%0a",
            id:upper(), id:sub(2), "..%5c" .. id, "....//....//etc/passwd", ("a"):rep(5000), id .. "?x", "%ff%fe",
        }) do
            local answer = http.get_from(edge.PORT, "/openclaw/jobs/" .. text)
            if text == id .. "?x" then
                assert.equal(202, answer.status)
            else
                assert.is_true(answer.status >= 400 or answer.status == 202 and text:find("%2e%2e/pending", 1, true), text .. answer.status)
            end
        end
        for _, path in ipairs(opened) do assert.equal(id, path:sub(-#id)) end
        assert.same({ id }, edge.names(jobs, "pending"))
    end)
end)
