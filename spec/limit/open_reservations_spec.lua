local buckets = require("resty.openclaw.limit.bucket")
local clock = require("resty.openclaw.core.time.clock")
local process_identity = require("resty.openclaw.core.process.process_identity")
local rates = require("resty.openclaw.limit.rate")
local reservations = require("resty.openclaw.limit.open_reservations")

describe("limit.open_reservations", function()
    local dict = ngx.shared.openclaw_limit
    local rate = rates.of_tokens("", 1000, "day", 1000)
    local identity = process_identity.identity
    local notes, now

    --- The notes of another worker.
    local function worker(who)
        process_identity.identity = function() return who end
        return { dict = dict, highest = 0, free = {}, free_count = 0, ends = {} }
    end

    --- The number of its note, and when it has leaked.
    local function reserve(key, tokens)
        local level = buckets.take(dict, key, rate, now, tokens).level
        local seconds = tokens * rate.interval
        return reservations.note(notes, key, seconds, now + level + seconds, now), now + level + seconds
    end

    local function tokens_in(key) return buckets.level(dict, key, clock.now()) / rate.interval end

    local function sweep()
        dict:delete("\nsweep")
        reservations.sweep(notes)
    end

    before_each(function()
        dict:flush_all()
        now = clock.now()
        notes = worker("4194399 1")
    end)

    after_each(function() process_identity.identity = identity end)

    it("gives back what a dead worker has reserved, and no more", function()
        local first, ends_at = reserve("one", 100)
        reserve("one", 200)
        reserve("two\nlines", 300)
        reservations.forget(notes, first, ends_at)
        sweep()
        assert.near(100, tokens_in("one"), 0.1)
        assert.near(0, tokens_in("two\nlines"), 0.1)
        assert.equal(0, dict:llen("\nworkers"))
        sweep()
        assert.near(100, tokens_in("one"), 0.1)
        for _, key in ipairs(dict:get_keys(0)) do assert.is_nil(key:find("4194399", 1, true)) end
    end)

    it("leaves those of living workers alone", function()
        notes = worker(identity())
        reserve("one", 100)
        sweep()
        sweep()
        assert.near(100, tokens_in("one"), 0.1)
        assert.equal(1, dict:llen("\nworkers"))
    end)

    it("sweeps about once a second in all workers together", function()
        reserve("one", 100)
        dict:set("\nsweep", 1)
        reservations.sweep(notes)
        assert.near(100, tokens_in("one"), 0.1)
    end)

    it("gives back only what has not leaked yet", function()
        assert.equal(7, reservations.unleaked(7, 1010, 1000))
        assert.equal(3, reservations.unleaked(7, 1010, 1007))
        assert.equal(0, reservations.unleaked(7, 1010, 1020))
        now = clock.now() - 500 * rate.interval
        reserve("one", 600)
        sweep()
        assert.near(0, tokens_in("one"), 0.1)
        -- 500 of the 600 tokens have leaked, so the moment is now, and not before.
        assert.near(clock.now(), (dict:get("one")), 1)
    end)

    it("uses its numbers again, and notes a bounded number", function()
        local first, ends_at = reserve("one", 1)
        assert.equal(1, first)
        assert.equal(2, (reserve("one", 1)))
        reservations.forget(notes, 1, ends_at)
        reservations.forget(notes, 1, ends_at)
        assert.equal(1, (reserve("one", 1)))
        -- The number is another reservation's now.
        reservations.forget(notes, 1, ends_at)
        assert.equal(3, (reserve("one", 1)))
        for _ = 4, 4096 do reservations.note(notes, "many", 1, now + 1, now) end
        assert.equal(4096, notes.highest)
        assert.equal(0, reservations.note(notes, "many", 1, now + 1, now))
        -- Those that have leaked, and that nobody has ended, are free.
        assert.is_true(reservations.note(notes, "many", 1, now + 3, now + 2) > 3)
    end)
end)
