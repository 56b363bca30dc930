local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local rooms = require("resty.openclaw.cache.room")

describe("cache.room", function()
    local registry = metric_registry.open("openclaw")

    --- A dict in which each write is answered so, and how many were counted for it.
    local function watched(name, ...)
        local answer, dict, calls = { ... }, {}, {}
        local function write(_, ...)
            calls[#calls + 1] = { ... }
            return unpack(answer, 1, 3)
        end
        dict.set, dict.add = write, write
        rooms.watch(dict, name, registry)
        local counter = registry.families["openclaw_cache_pushed_out_total"]:labels(name)
        local before = metric_handles.total(counter)
        return dict, calls, function() return metric_handles.total(counter) - before end
    end

    it("counts writes for which others were forgotten", function()
        local dict, calls, count = watched("room_spec pushes", true, nil, true)
        assert.is_true(rooms.set(dict, "key", "value", 0))
        assert.is_true(rooms.set(dict, "key", "value", 5, 2))
        assert.same({ true }, { rooms.add(dict, "key", "value", 7) })
        assert.same({ { "key", "value", 0, 0 }, { "key", "value", 5, 2 }, { "key", "value", 7, 0 } }, calls)
        assert.equal(3, count())
    end)

    it("counts no others", function()
        local dict, _, count = watched("room_spec has room", true, nil, false)
        assert.is_true(rooms.set(dict, "key", "value", 0))
        dict = watched("room_spec has none", false, "no memory", false)
        assert.is_false(rooms.set(dict, "key", "value", 0))
        assert.same({ false, "no memory" }, { rooms.add(dict, "key", "value", 0) })
        assert.equal(0, count())
    end)

    it("counts what a full dict of nginx forgets", function()
        local dict = ngx.shared.openclaw_answers
        local counter = registry.families["openclaw_cache_pushed_out_total"]:labels("room_spec real")
        local function clear()
            dict:flush_all()
            dict:flush_expired()
        end
        finally(clear)
        clear()
        rooms.watch(dict, "room_spec real", registry)
        local before, at = metric_handles.total(counter), 0
        while metric_handles.total(counter) == before and at < 1e6 do
            at = at + 1
            rooms.set(dict, ("%064d"):format(at), at, 0)
        end
        assert.is_nil(dict:get(("%064d"):format(1)))
        assert.equal(at, dict:get(("%064d"):format(at)))
    end)
end)
