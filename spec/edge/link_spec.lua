local clock = require("resty.openclaw.core.time.clock")
local links = require("resty.openclaw.edge.link")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local real_now = clock.now
local now
local registries = 0

--- A registry that nobody else has.
local function new_registry()
    registries = registries + 1
    return metric_registry.open("edge link " .. registries)
end

local function new_link(options, is_cut)
    options = options or {}
    return links.new(options.registry or new_registry(), "pond", {
        fall = options.fall or 3,
        rise = options.rise or 2,
        probe_seconds = options.probe_seconds or 1,
    }, is_cut)
end

local function fail(link, times)
    for _ = 1, times or 1 do
        now = now + 0.01
        links.failed(link, now - 0.005)
    end
end

local function answer(link, times)
    for _ = 1, times or 1 do
        now = now + 0.01
        links.answered(link, now)
    end
end

local function changes(link)
    local function total(counter) return shared_memory.total(counter.region, counter.slot) end
    return { up = total(link.went_up), down = total(link.went_down) }
end

describe("a link", function()
    before_each(function()
        now = 1000
        clock.now = function() return now end -- luacheck: ignore
    end)

    after_each(function()
        clock.now = real_now -- luacheck: ignore
    end)

    it("is up in the beginning", function()
        local link = new_link()
        assert.is_true(links.is_up(link))
        assert.is_true(links.may_try(link))
        assert.is_true(links.may_try(link))
        assert.same({ up = 0, down = 0 }, changes(link))
    end)

    it("goes down after so many attempts without a response, and not before", function()
        local link = new_link({ fall = 3 })
        fail(link, 2)
        assert.is_true(links.is_up(link))
        fail(link)
        assert.is_false(links.is_up(link))
        fail(link, 5)
        assert.same({ up = 0, down = 1 }, changes(link))
    end)

    it("stays up while there are responses among them", function()
        local link = new_link({ fall = 2 })
        for _ = 1, 5 do
            fail(link)
            answer(link)
        end
        assert.is_true(links.is_up(link))
        fail(link, 2)
        assert.is_false(links.is_up(link))
    end)

    it("is up again after so many responses in a row", function()
        local link = new_link({ fall = 1, rise = 3 })
        fail(link)
        answer(link, 2)
        fail(link)
        answer(link, 2)
        assert.is_false(links.is_up(link))
        answer(link)
        assert.is_true(links.is_up(link))
        assert.same({ up = 1, down = 1 }, changes(link))
        fail(link)
        assert.is_false(links.is_up(link))
    end)

    it("learns nothing from a failure that began before others were answered", function()
        local link = new_link({ fall = 1 })
        answer(link)
        links.failed(link, now - 0.5)
        assert.is_true(links.is_up(link))
        links.failed(link, now)
        assert.is_false(links.is_up(link))
    end)

    it("learns nothing of what began before it was up again", function()
        local link = new_link({ fall = 1, rise = 1 })
        local before = now
        fail(link)
        answer(link)
        assert.is_true(links.is_up(link))
        now = now + 10
        links.failed(link, before)
        assert.is_true(links.is_up(link))
    end)

    it("learns nothing from a response that began before it failed", function()
        local link = new_link({ fall = 2, rise = 1 })
        local before = now
        fail(link)
        links.answered(link, before)
        fail(link)
        assert.is_false(links.is_up(link))
        links.answered(link, before)
        assert.is_false(links.is_up(link))
        links.answered(link, now)
        assert.is_true(links.is_up(link))
    end)

    it("is written to only now and then while all is well", function()
        local link = new_link()
        local writes = 0
        local record = link.record
        link.record = setmetatable({}, {
            __index = function(_, place) return record[place] end,
            __newindex = function(_, place, value)
                writes = writes + 1
                record[place] = value
            end,
        })
        answer(link)
        assert.is_true(writes > 0)
        writes = 0
        answer(link, 90)
        assert.equal(0, writes)
        now = now + 1
        answer(link)
        assert.is_true(writes > 0)
    end)

    it("lets one attempt through now and then while it is down", function()
        local link = new_link({ fall = 1, probe_seconds = 2 })
        fail(link)
        assert.is_false(links.may_try(link))
        now = now + 1.99
        assert.is_false(links.may_try(link))
        now = now + 0.01
        assert.is_true(links.may_try(link))
        assert.is_false(links.may_try(link))
        now = now + 2
        assert.is_true(links.may_try(link))
    end)

    it("leaves the attempt to others as long as it is asked to", function()
        local link = new_link({ fall = 1, probe_seconds = 1 })
        assert.is_true(links.may_try_live(link, 10))
        fail(link)
        now = now + 5
        assert.is_false(links.may_try_live(link, 10))
        assert.is_true(links.may_try(link))
        now = now + 10.99
        assert.is_false(links.may_try_live(link, 10))
        now = now + 0.01
        assert.is_true(links.may_try_live(link, 10))
        assert.is_false(links.may_try(link))
    end)

    describe("and jobs that get no response", function()
        local function be_unanswered(link, is_first)
            now = now + 0.01
            return links.unanswered(link, now - 0.005, is_first)
        end

        it("does not go down by them while clients are answered", function()
            local link = new_link({ fall = 3 })
            answer(link)
            for _ = 1, 30 do
                now = now + 1
                assert.is_true(be_unanswered(link, true))
            end
            assert.is_true(links.is_up(link))
            -- For a while only jobs get responses.
            for _ = 1, 100 do
                now = now + 1
                links.answered(link, now, false)
            end
            for _ = 1, 3 do be_unanswered(link, true) end
            assert.is_false(links.is_up(link))
        end)

        it("goes down by several of them that were never unanswered before, when there is nothing else to tell", function()
            local link = new_link({ fall = 3 })
            for _ = 1, 10 do assert.is_true(be_unanswered(link, false)) end
            assert.is_true(be_unanswered(link, true))
            assert.is_true(be_unanswered(link, true))
            assert.is_true(links.is_up(link))
            assert.is_true(be_unanswered(link, true))
            assert.is_false(links.is_up(link))
            assert.is_false(be_unanswered(link, true))
        end)

        it("is not kept down by them", function()
            local link = new_link({ fall = 1, rise = 2 })
            fail(link)
            answer(link)
            be_unanswered(link, true)
            answer(link)
            assert.is_true(links.is_up(link))
        end)

        it("lets clients try after some of them, one at a time unless they are answered", function()
            local link = new_link({ fall = 1, rise = 3, probe_seconds = 1 })
            fail(link)
            now = now + 1
            for _ = 1, 3 do
                assert.is_false(links.may_try_live(link, 10))
                assert.is_true(links.may_try(link))
                be_unanswered(link, true)
                now = now + 1
            end
            assert.is_true(links.may_try_live(link, 10))
            now = now + 1
            assert.is_false(links.may_try_live(link, 10))
            answer(link)
            for _ = 1, 2 do
                assert.is_true(links.may_try_live(link, 10))
                assert.is_false(links.may_try_live(link, 10))
                now = now + 1
                answer(link)
            end
            assert.is_true(links.is_up(link))
        end)
    end)

    it("has turns of their own for what goes on in the background", function()
        local link = new_link({ fall = 1 })
        assert.is_true(links.may_try_in_background(link))
        fail(link)
        assert.is_false(links.may_try_in_background(link))
        now = now + 1
        assert.is_true(links.may_try(link))
        assert.is_true(links.may_try_in_background(link))
        assert.is_false(links.may_try_in_background(link))
    end)

    it("does not let two workers through that come at one moment", function()
        local link = new_link({ fall = 1 })
        fail(link)
        now = now + 1
        link.names:safe_add(link.trial_key, 1, 60)
        assert.is_false(links.may_try(link))
        link.names:delete(link.trial_key)
        assert.is_true(links.may_try(link))
    end)

    it("still lets attempts through when the dict is full", function()
        local link = new_link({ fall = 1 })
        fail(link)
        now = now + 1
        link.names = setmetatable({ safe_add = function() return nil, "no memory" end }, { __index = link.names })
        assert.is_true(links.may_try(link))
        assert.is_false(links.may_try(link))
    end)

    it("is the same for all who name it", function()
        local registry = new_registry()
        local link, other = new_link({ registry = registry, fall = 1 }), new_link({ registry = registry })
        fail(link)
        assert.is_false(links.is_up(other))
    end)

    it("shows whether it is up, once", function()
        local registry = new_registry()
        local link = new_link({ registry = registry, fall = 1 })
        new_link({ registry = registry })
        local function shown()
            local lines = {}
            for _, collector in ipairs(registry.collectors) do
                if collector.name == "openclaw_edge_link_up" then
                    collector.collect(function(labels, value) lines[#lines + 1] = labels .. " " .. value end)
                end
            end
            return lines
        end
        assert.same({ '{route="pond"} 1' }, shown())
        fail(link)
        assert.same({ '{route="pond"} 0' }, shown())
    end)

    it("refuses to be where there is no memory left", function()
        local registry = new_registry()
        local fillers = 0
        for _, count in ipairs({ 1000, 1 }) do
            while shared_memory.slot(registry.region, "filler " .. fillers, count) do fillers = fillers + 1 end
        end
        local ok, err = pcall(new_link, { registry = registry })
        assert.is_false(ok)
        assert.equal("edge: no shared memory for the link of pond: no slot is left", err)
    end)
end)

describe("health checks of a link", function()
    local is_cut

    before_each(function()
        now = 1000
        clock.now = function() return now end -- luacheck: ignore
        is_cut = false
    end)

    after_each(function()
        clock.now = real_now -- luacheck: ignore
    end)

    local function checked_link(options)
        return new_link(options, function() return is_cut end)
    end

    it("are believed at once", function()
        local link = checked_link()
        assert.is_true(links.is_up(link))
        is_cut = true
        assert.is_false(links.is_up(link))
        assert.is_false(links.may_try(link))
        is_cut = false
        assert.is_true(links.is_up(link))
        assert.same({ up = 1, down = 1 }, changes(link))
    end)

    it("do not keep a link down that responds", function()
        local link = checked_link({ rise = 2 })
        is_cut = true
        assert.is_false(links.is_up(link))
        answer(link, 2)
        assert.is_true(links.is_up(link))
        fail(link, 3)
        assert.is_false(links.is_up(link))
        assert.same({ up = 1, down = 2 }, changes(link))
    end)

    it("have no effect on a link without responses", function()
        local link = checked_link({ fall = 2 })
        fail(link, 2)
        assert.is_false(links.is_up(link))
        now = now + 100
        assert.is_false(links.is_up(link))
    end)

    it("are believed rather than attempts that began before", function()
        local link = checked_link({ fall = 1 })
        is_cut = true
        assert.is_false(links.is_up(link))
        local before = now
        now = now + 1
        is_cut = false
        assert.is_true(links.is_up(link))
        links.failed(link, before)
        assert.is_true(links.is_up(link))
        links.failed(link, now)
        assert.is_false(links.is_up(link))
    end)

    it("bring it back when they find again what they had lost", function()
        local link = checked_link({ fall = 2 })
        fail(link, 2)
        is_cut = true
        assert.is_false(links.is_up(link))
        is_cut = false
        assert.is_true(links.is_up(link))
        assert.same({ up = 1, down = 1 }, changes(link))
    end)
end)
