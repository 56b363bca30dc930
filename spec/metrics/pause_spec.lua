local pause = require("resty.openclaw.metrics.pause").pause

describe("pause", function()
    it("lets others have their turn", function()
        local turns = 0
        local other = ngx.thread.spawn(function()
            for _ = 1, 3 do
                turns = turns + 1
                ngx.sleep(0.001)
            end
        end)
        for _ = 1, 10 do pause() end
        assert.equal(3, turns)
        assert(ngx.thread.wait(other))
    end)

    it("lets pages of one worker go on one at a time", function()
        ngx.update_time()
        local began = ngx.now()
        local threads = {}
        for index = 1, 5 do
            threads[index] = ngx.thread.spawn(function()
                for _ = 1, 8 do pause() end
            end)
        end
        for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
        ngx.update_time()
        -- The first pieces of all begin at once, and no two later ones within a millisecond.
        assert.is_true(ngx.now() - began >= 0.030, "after " .. (ngx.now() - began) .. " s")
    end)

    it("goes on when the clock is set back", function()
        local now, offset = ngx.now, 0
        finally(function() rawset(ngx, "now", now) end)
        rawset(ngx, "now", function() return now() + offset end)
        local paused = ngx.thread.spawn(function() pause() end)
        offset = -3600
        local slept = ngx.thread.spawn(function() ngx.sleep(30) return "too long" end)
        local _, result = ngx.thread.wait(paused, slept)
        assert.is_nil(result)
        ngx.thread.kill(slept)
    end)
end)
