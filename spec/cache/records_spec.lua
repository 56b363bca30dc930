local records = require("resty.openclaw.cache.records")

local dict = ngx.shared.openclaw_answers
local count = 0

--- A key of which nothing is known.
local function new_key()
    count = count + 1
    return "records_spec " .. count
end

describe("cache.records", function()
    it("say nothing of a key without a record", function()
        assert.same({ nil, records.NONE, false }, { records.look(dict, new_key()) })
    end)

    it("say where an answer is", function()
        local key = new_key()
        records.note_stored(dict, key, 1700000000.5, 0)
        assert.same({ 1700000000.5, records.STORED, false }, { records.look(dict, key) })
        records.note_live(dict, key, "a name", 10)
        assert.same({ "a name", records.LIVE, false }, { records.look(dict, key) })
        records.note_kept(dict, key, "another", 10)
        assert.same({ "another", records.KEPT, false }, { records.look(dict, key) })
        records.note_passing(dict, key)
        assert.equal(records.PASSING, select(2, records.look(dict, key)))
    end)

    it("end with the time of the answer, or never", function()
        local endless, short = new_key(), new_key()
        records.note_stored(dict, endless, 1)
        records.note_likely(dict, short, 1, 0.05)
        assert.equal(0, dict:ttl(endless))
        assert.is_true(dict:ttl(short) > 0)
        require("spec.support.eventually")(function() return select(2, records.look(dict, short)) == records.NONE end, "the record ends")
        assert.equal(records.STORED, select(2, records.look(dict, endless)))
    end)

    it("say whether there was an answer whose time is over", function()
        local eventually = require("spec.support.eventually")
        local function ended(note)
            local key = new_key()
            note(key)
            eventually(function() return select(2, records.look(dict, key)) == records.NONE end, "the record ends")
            return { records.look(dict, key) }
        end
        assert.same({ nil, records.NONE, true }, ended(function(key) records.note_likely(dict, key, 1, 0.01) end))
        assert.same({ nil, records.NONE, true }, ended(function(key) records.note_kept(dict, key, "a name", 0.01) end))
        assert.same({ nil, records.NONE, false }, ended(function(key) records.note_live(dict, key, "a name", 0.01) end))
    end)

    it("of doubt are two at most before nobody waits any more", function()
        local key = new_key()
        records.note_doubt(dict, key)
        assert.equal(records.DOUBT, select(2, records.look(dict, key)))
        records.note_doubt(dict, key)
        assert.equal(records.PASSING, select(2, records.look(dict, key)))
        assert.is_true(dict:ttl(key) <= 5)
        -- One that was stored in between is no doubt.
        local other = new_key()
        records.note_doubt(dict, other)
        records.note_stored(dict, other, 1, 10)
        records.note_doubt(dict, other)
        assert.equal(records.DOUBT, select(2, records.look(dict, other)))
    end)

    it("of a dead leader never replace what is known", function()
        local key = new_key()
        records.note_lost(dict, key)
        assert.equal(records.LOST, select(2, records.look(dict, key)))
        records.note_kept(dict, key, "a name", 10)
        records.note_lost(dict, key)
        assert.same({ "a name", records.KEPT, false }, { records.look(dict, key) })
    end)

    it("are forgotten only by who has written them", function()
        local key = new_key()
        records.note_live(dict, key, "mine", 10)
        records.forget(dict, key, "another's")
        assert.equal(records.LIVE, select(2, records.look(dict, key)))
        records.forget(dict, key, "mine")
        assert.equal(records.NONE, select(2, records.look(dict, key)))
        records.forget(dict, key, "mine")
    end)
end)
