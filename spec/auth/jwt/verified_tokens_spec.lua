local verified_tokens = require("resty.openclaw.auth.jwt.verified_tokens")

local NOW = 1700000000
local ALICE, BOB = { identity = "alice" }, { identity = "bob" }

describe("auth.jwt.verified_tokens", function()
    local store

    before_each(function() store = verified_tokens.new() end)

    it("names tokens by their SHA-256", function()
        assert.equal("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", ngx.encode_base64(store:id_of("abc")))
        assert.equal(32, #store:id_of(""))
        assert.not_equal(store:id_of("a"), store:id_of("b"))
        store.sha256.begin = function() return { broken = true } end
        assert.is_nil(store:id_of("abc"))
    end)

    it("knows what it keeps, and nothing else", function()
        local id, other = store:id_of("one"), store:id_of("two")
        assert.is_nil(store:get(id, 0, NOW))
        assert.equal(0, store:count())
        store:keep(id, 0, ALICE, NOW, NOW + 600)
        store:keep(other, 0, BOB, NOW, NOW + 600)
        assert.equal(ALICE, store:get(id, 0, NOW))
        assert.equal(BOB, store:get(other, 0, NOW + 1))
        assert.is_nil(store:get(store:id_of("three"), 0, NOW))
        assert.equal(2, store:count())
    end)

    it("forgets a token after a minute, or when it expires", function()
        store:keep("long", 0, ALICE, NOW, NOW + 600)
        store:keep("short", 0, BOB, NOW, NOW + 5)
        assert.equal(BOB, store:get("short", 0, NOW + 4.9))
        assert.is_nil(store:get("short", 0, NOW + 5))
        assert.equal(ALICE, store:get("long", 0, NOW + 59.9))
        assert.is_nil(store:get("long", 0, NOW + 60))
        store:keep("long", 0, ALICE, NOW + 60, NOW + 600)
        assert.equal(ALICE, store:get("long", 0, NOW + 100))
    end)

    it("asks again when the clock was set back", function()
        store:keep("token", 0, ALICE, NOW, NOW + 600)
        assert.is_nil(store:get("token", 0, NOW - 1))
        assert.equal(ALICE, store:get("token", 0, NOW))
    end)

    it("is empty after the keys have changed", function()
        store:keep("token", 0, ALICE, NOW, NOW + 600)
        assert.is_nil(store:get("token", 1, NOW))
        store:keep("other", 1, BOB, NOW, NOW + 600)
        assert.is_nil(store:get("token", 1, NOW))
        assert.is_nil(store:get("token", 0, NOW))
        assert.equal(BOB, store:get("other", 1, NOW))
        assert.equal(1, store:count())
    end)

    it("keeps ten thousand, and forgets first what was used last long ago", function()
        for place = 1, 10000 do store:keep("token " .. place, 0, ALICE, NOW, NOW + 600) end
        assert.equal(ALICE, store:get("token 1", 0, NOW))
        store:keep("one more", 0, BOB, NOW, NOW + 600)
        assert.equal(10000, store:count())
        assert.equal(ALICE, store:get("token 1", 0, NOW))
        assert.is_nil(store:get("token 2", 0, NOW))
        assert.equal(ALICE, store:get("token 3", 0, NOW))
        assert.equal(BOB, store:get("one more", 0, NOW))
    end)

    it("makes no garbage for a token that it keeps", function()
        local token = ("token"):rep(200)
        store:keep(store:id_of(token), 0, ALICE, NOW, NOW + 600)
        local function look(times)
            for _ = 1, times do store:get(store:id_of(token), 0, NOW) end
        end
        look(1000)
        collectgarbage() collectgarbage()
        collectgarbage("stop")
        local before = collectgarbage("count")
        look(100000)
        local made = collectgarbage("count") - before
        collectgarbage("restart")
        -- What the compiler takes, at most.
        assert.is_true(made < 100, made .. " KB")
    end)
end)
