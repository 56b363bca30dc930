local cjson = require("cjson")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local line = require("resty.openclaw.slow_log.line")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local slow_log = require("resty.openclaw.slow_log")

local null = cjson.null
local logs = require("spec.support.slow_logs")

--- What nginx has written to the slow log since the last call.
local at = 0
local function lines()
    local file = assert(io.open(ngx.config.prefix() .. "slow.log", "rb"))
    file:seek("set", at)
    local text = file:read("*a")
    at = file:seek()
    file:close()
    local found = {}
    for one in text:gmatch("([^\n]*)\n") do found[#found + 1] = one end
    return found
end

--- The one line that a request leaves behind: its fields, and the line itself.
local function slow(path)
    lines()
    http.get(path)
    local found
    eventually(function()
        found = lines()
        return #found > 0
    end)
    assert.equal(1, #found)
    return cjson.decode(found[1]), found[1]
end

--- Asks, and waits until nginx has logged that.
local function ask(path)
    http.get(path)
    slow("/slow_log/plain/marker")
end

local function counted(plugin, route, variant)
    local counter = plugin.requests:labels(route, variant or "")
    return shared_memory.total(counter.region, counter.slot)
end

local function left_out(plugin)
    return shared_memory.total(plugin.left_out.region, plugin.left_out.slot)
end

describe("slow_log", function()
    it("refuses options that are none", function()
        local function refused(sentence, options)
            assert.same({ false, sentence }, { pcall(slow_log.new, options) })
        end
        refused("slow_log must be a table, got 5", 5)
        refused('slow_log: unknown option "second"; did you mean "seconds"?', { second = 5 })
        refused('slow_log.seconds must be a number above 0, got 0', { seconds = 0 })
        refused('slow_log.seconds must be a number above 0, got "5"', { seconds = "5" })
        refused('slow_log.lines_per_minute must be a whole number from 1 up, got 0', { lines_per_minute = 0 })
        refused('slow_log.dict must be the name of a lua_shared_dict of nginx.conf, got "none"', { dict = "none" })
    end)

    it("asks for five seconds unless told otherwise", function()
        local plugin = slow_log.new()
        assert.is_true(math.abs(plugin.least_seconds - 5) < 0.001)
        assert.equal(600, plugin.limit.lines_per_minute)
    end)

    describe("a line", function()
        it("tells of a request without any node", function()
            local fields = slow("/slow_log/plain/caf%C3%A9?key=secret")
            assert.equal("GET", fields.method)
            assert.equal("/slow_log/plain/caf%C3%A9", fields.uri)
            assert.equal(200, fields.status)
            assert.equal("route", fields.route)
            assert.equal("127.0.0.1", fields.client)
            assert.same({}, fields.tries)
            assert.is_true(math.abs(fields.time - ngx.now()) < 5)
            assert.is_true(fields.request_seconds >= 0 and fields.request_seconds < 5)
            assert.is_true(fields.request_bytes > 50 and fields.response_bytes > 50)
            assert.is_false(fields.degraded)
            for _, name in ipairs({
                "node", "variant", "queue_seconds", "first_byte_seconds", "cache", "trace_id", "model",
                "prompt_tokens", "completion_tokens", "finish_reason",
            }) do
                assert.equal(null, fields[name], name)
            end
            assert.matches("^%x+$", fields.request_id)
            assert.is_nil(fields.left_out)
        end)

        it("has what other plugins have found out", function()
            local before = counted(logs.all, "route", "v1")
            local fields = slow("/slow_log/fields")
            assert.equal("id-1", fields.request_id)
            assert.equal("0af7651916cd43dd8448eb211c80319c", fields.trace_id)
            assert.equal("v1", fields.variant)
            assert.is_true(fields.degraded)
            assert.equal(0.25, fields.queue_seconds)
            assert.same({ "pond-7", 12, 340, "stop" }, {
                fields.model, fields.prompt_tokens, fields.completion_tokens, fields.finish_reason,
            })
            assert.equal(before + 1, counted(logs.all, "route", "v1"))
        end)

        it("is one line of valid JSON whatever stands in the fields", function()
            local fields, text = slow("/slow_log/hostile")
            assert.equal('a\nb\r\0\27"\\?', fields.variant)
            assert.equal(("é"):rep(128), fields.model)
            assert.same({ null, null, null }, { fields.queue_seconds, fields.prompt_tokens, fields.completion_tokens })
            assert.is_nil(text:find("[%c\255]"))
            for _, path in ipairs({ '"\\', "\255\254", "%01%1b", "%0a%0d", "%22", "?\"" }) do
                local _, of_path = slow("/slow_log/plain/" .. path)
                assert.is_nil(of_path:find("[%c\254\255]"))
            end
            assert.equal(2048, #slow("/slow_log/plain/" .. ("x"):rep(5000)).uri)
        end)

        it("tells of the node that answered", function()
            local fields = slow("/slow_log/one_node")
            assert.equal("127.0.0.1:18087", fields.node)
            assert.equal(1, #fields.tries)
            local try = fields.tries[1]
            assert.equal("127.0.0.1:18087", try.node)
            assert.equal(200, try.status)
            assert.is_true(try.connect_seconds >= 0 and try.connect_seconds <= try.header_seconds)
            assert.is_true(try.header_seconds <= try.response_seconds)
            assert.equal(try.header_seconds, fields.first_byte_seconds)
        end)

        it("tells of every try of a request that was retried", function()
            local fields = slow("/slow_log/retried")
            assert.equal(200, fields.status)
            assert.equal("127.0.0.1:18087", fields.node)
            assert.equal(3, #fields.tries)
            local by_node = {}
            for _, try in ipairs(fields.tries) do by_node[try.node] = try end
            assert.equal(502, by_node["127.0.0.1:1"].status)
            assert.equal(null, by_node["127.0.0.1:1"].connect_seconds)
            assert.equal(null, by_node["127.0.0.1:1"].header_seconds)
            assert.is_number(by_node["127.0.0.1:1"].response_seconds)
            assert.equal(503, by_node["127.0.0.1:18088"].status)
            assert.is_number(by_node["127.0.0.1:18088"].header_seconds)
            assert.equal(200, by_node["127.0.0.1:18087"].status)
            assert.equal(by_node["127.0.0.1:18087"].header_seconds, fields.first_byte_seconds)
        end)

        it("tells of every try across an internal redirect", function()
            local fields = slow("/slow_log/redirected")
            assert.equal("/slow_log/redirected", fields.uri)
            assert.same({ "127.0.0.1:1", "127.0.0.1:18087" }, { fields.tries[1].node, fields.tries[2].node })
            assert.same({ 502, 200 }, { fields.tries[1].status, fields.tries[2].status })
            assert.is_number(fields.first_byte_seconds)
        end)

        it("tells of a request that failed", function()
            local fields = slow("/slow_log/failed")
            assert.equal(502, fields.status)
            assert.same({ 502, null, null }, {
                fields.tries[1].status, fields.tries[1].header_seconds, fields.first_byte_seconds,
            })
        end)
    end)

    it("passes over what does not take long", function()
        local before = counted(logs.timed, "timed")
        ask("/slow_log/timed?seconds=0")
        assert.equal(before, counted(logs.timed, "timed"))
        -- A little more: timers go by another clock than the times of requests.
        local fields = slow("/slow_log/timed?seconds=0.15")
        assert.equal("timed", fields.route)
        assert.is_true(fields.request_seconds >= 0.1)
        assert.equal(before + 1, counted(logs.timed, "timed"))
    end)

    describe("past its lines of a minute", function()
        local names = ngx.shared.more_figures

        before_each(function()
            names:delete("slow_log:lines")
            names:delete("slow_log:left_out")
        end)

        it("leaves requests out, and tells how many in the next line", function()
            local before, lost = counted(logs.limited, "limited"), left_out(logs.limited)
            for _ = 1, 3 do assert.is_nil(slow("/slow_log/limited").left_out) end
            for _ = 1, 5 do ask("/slow_log/limited") end
            assert.equal(before + 8, counted(logs.limited, "limited"))
            assert.equal(lost + 5, left_out(logs.limited))
            -- The minute is over.
            assert.is_true(names:ttl("slow_log:lines") <= 60)
            names:delete("slow_log:lines")
            assert.equal(5, slow("/slow_log/limited").left_out)
            assert.is_nil(slow("/slow_log/limited").left_out)
        end)

        it("never tells twice of what was left out", function()
            local limit = require("resty.openclaw.slow_log.limit")
            for _ = 1, 5 do limit.leave_out(logs.limited.limit) end
            -- Another worker comes in between.
            local real, raced = logs.limited.limit.names
            local racing = setmetatable({}, {
                __index = {
                    get = function(_, key)
                        local value = real:get(key)
                        if not raced then raced = limit.take_left_out({ names = real }) end
                        return value
                    end,
                    incr = function(_, ...) return real:incr(...) end,
                },
            })
            assert.equal(0, limit.take_left_out({ names = racing }))
            assert.equal(5, raced)
            assert.equal(0, limit.take_left_out(logs.limited.limit))
            limit.leave_out(logs.limited.limit)
            assert.equal(1, limit.take_left_out(logs.limited.limit))
        end)
    end)

    describe("when it fails", function()
        local function faults(plugin, kind)
            local counter = plugin.faults.family:labels("slow_log", kind)
            return shared_memory.total(counter.region, counter.slot)
        end

        it("counts that it could not write, and does not raise", function()
            local write, before = line.write, faults(logs.all, "cannot_write")
            line.write = function() error("oops") end
            http.get("/slow_log/plain")
            eventually(function() return faults(logs.all, "cannot_write") == before + 1 end)
            line.write = write
            slow("/slow_log/plain")
        end)

        it("leaves out what nobody can count", function()
            local plugin = slow_log.new({ seconds = 0.0001 })
            plugin.limit = {
                lines_per_minute = 10,
                names = {
                    incr = function() return nil, "not found" end,
                    safe_add = function() return nil, "no memory" end,
                },
            }
            local before, lost = faults(plugin, "cannot_count"), left_out(plugin)
            local real = logs.all
            logs.all = plugin
            http.get("/slow_log/plain")
            eventually(function() return faults(plugin, "cannot_count") == before + 1 end)
            logs.all = real
            assert.equal(lost + 1, left_out(plugin))
            assert.same({}, lines())
        end)

        it("does nothing where there is no request", function()
            logs.all:log("nowhere")
            assert.equal(1, counted(logs.all, "nowhere"))
        end)
    end)
end)
