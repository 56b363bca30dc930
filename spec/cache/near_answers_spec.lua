local bit = require("bit")
local clock = require("resty.openclaw.core.time.clock")
local now = clock.now
local heads = require("resty.openclaw.cache.answer_head")
local kept_answers = require("resty.openclaw.cache.kept_answers")
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local near_answers = require("resty.openclaw.cache.near_answers")
local near_index = require("resty.openclaw.cache.near_index")

local dict = ngx.shared.openclaw_answers
local SCOPE, OTHER = ("5a"):rep(32), ("c3"):rep(32)
local KEY = ("0123456789abcdef"):rep(4)
local HEAD = heads.write({ status = 200, made_at = 1700000000, fields = {} })
local SCENE, NEAR = "96cbe9307415cd66", "96cbe9307415cd61"
local count = 0

--- Those of a route in a region of its own.
local function new_answers()
    count = count + 1
    return near_answers.new(metric_registry.open("no such dict: near_answers_spec " .. count), "camera")
end

local function picture(hash, fields)
    local near = { hash = hash, distance = 4, seconds = 60, scope = SCOPE }
    for name, value in pairs(fields or {}) do near[name] = value end
    near.low, near.high = near_index.masked(hash, near.scope:sub(1, 16))
    return near
end

--- Keeps an answer; returns its name.
local function keep(text)
    count = count + 1
    local name = "1-2/" .. count
    assert(kept_answers.keep(dict, name, HEAD, text, 60))
    return name
end

local function find(answers, near, seconds)
    return near_answers.find(answers, dict, near, seconds or near.seconds)
end

describe("cache.near_answers", function()
    local answers, at

    after_each(function() clock.now = now end)

    before_each(function()
        at = 500000.25
        clock.now = function() return at end
        answers = new_answers()
    end)

    local function add(text, near, key, age)
        local name = keep(text)
        near_answers.add(answers, dict, near, key or KEY, name, 60, age or 0)
        return name
    end

    it("have the answer to nearly the same picture, and how near it is", function()
        add("a pond", picture(SCENE))
        local found = find(answers, picture(NEAR))
        assert.equal("a pond", found.body)
        assert.equal(200, found.head.status)
        assert.equal(3, found.distance)
        assert.equal(0, find(answers, picture(SCENE)).distance)
        assert.is_nil(find(answers, picture(NEAR, { distance = 2 })))
    end)

    it("have none of what is asked otherwise or by another one", function()
        add("a pond", picture(SCENE))
        assert.is_nil(find(answers, picture(SCENE, { scope = OTHER })))
        -- Not even if only the end differs, so that the index takes them for one.
        assert.is_nil(find(answers, picture(SCENE, { scope = SCOPE:sub(1, -2) .. "b" })))
    end)

    it("are as old as they were when they came from another gateway", function()
        add("a pond", picture(SCENE), KEY, 50)
        assert.equal("a pond", find(answers, picture(SCENE)).body)
        at = at + 10
        assert.equal("a pond", find(answers, picture(SCENE)).body)
        at = at + 0.1
        assert.is_nil(find(answers, picture(SCENE)))
    end)

    it("end to the millisecond", function()
        add("a pond", picture(SCENE))
        at = at + 10
        assert.equal("a pond", find(answers, picture(SCENE), 10).body)
        at = at + 0.001
        assert.is_nil(find(answers, picture(SCENE), 10))
        -- It was not forgotten: another client may take it.
        assert.equal("a pond", find(answers, picture(SCENE), 11).body)
    end)

    it("that were forgotten are taken out, and the next one is found", function()
        local name = add("a pond", picture(SCENE))
        add("a lake", picture(NEAR))
        dict:delete(name .. " body")
        assert.equal("a lake", find(answers, picture(SCENE)).body)
        dict:set(name .. " body", "a pond")
        assert.equal("a lake", find(answers, picture(SCENE)).body)
    end)

    it("are given up after some that were forgotten", function()
        for _ = 1, 20 do dict:delete(add("a pond", picture(SCENE)) .. " head") end
        add("a lake", picture(NEAR))
        -- Four in each request.
        for _ = 1, 5 do assert.is_nil(find(answers, picture(SCENE))) end
        assert.equal("a lake", find(answers, picture(SCENE)).body)
    end)

    it("that were purged alone are none", function()
        add("a pond", picture(SCENE))
        local keys = { [KEY] = 7 }
        local purges = { all = { keys = keys } }
        assert.is_nil(find(answers, picture(SCENE, { purges = purges })))
        add("a lake", picture(SCENE), OTHER)
        assert.equal("a lake", find(answers, picture(SCENE, { purges = purges })).body)
    end)

    it("are right whatever the index says", function()
        local near = picture(SCENE)
        add("a pond", picture(("f"):rep(16)))
        -- As after two workers have written at the same time: the number is that of another hash.
        local ring = answers.index.ring
        for slot = 0, 3 do ring.low[slot], ring.high[slot] = near.low, near.high end
        assert.is_nil(find(answers, near))
        -- Of another scope.
        add("a lake", picture(SCENE, { scope = OTHER }))
        ring.low[2], ring.high[2] = near.low, near.high
        assert.is_nil(find(answers, near))
        -- Nothing was noted under the number.
        local number = near_index.next(answers.index)
        near_index.put(answers.index, number, near.low, near.high)
        assert.is_nil(find(answers, near))
    end)

    it("are right whatever is in the memory", function()
        add("a pond", picture(("f"):rep(16)))
        local ring, near = answers.index.ring, picture(SCENE)
        for _ = 1, 200 do
            local slot = math.random(0, near_index.SIZE - 1)
            ring.low[slot], ring.high[slot] = near.low, near.high
            ring.numbers[slot] = bit.tobit(math.random(0, 0xffffffff))
            ring.times[slot] = bit.tobit(math.random(0, 0xffffffff))
            assert.is_nil(find(answers, near))
        end
        add("a lake", near)
        local found = find(answers, near)
        assert.is_true(found == nil or found.body == "a lake")
    end)

    it("are counted by distance, and together", function()
        near_answers.count(answers, 3)
        near_answers.count(answers, 3)
        near_answers.count(answers, 0)
        assert.equal(2, metric_handles.total(answers.family:labels("camera", "3")))
        assert.equal(1, metric_handles.total(answers.family:labels("camera", "0")))
        assert.equal(3, metric_handles.total(answers.total))
    end)
end)
