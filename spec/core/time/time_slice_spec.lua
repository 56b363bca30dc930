local time_slice = require("resty.openclaw.core.time.time_slice")

describe("time_slice", function()
    it("lets others work before it goes on", function()
        local order = {}
        local other = ngx.thread.spawn(function()
            time_slice.yield_now()
            order[#order + 1] = "other"
        end)
        -- A socket's event comes with the next look at events, or the one after; this thread must not starve it.
        local sock = ngx.socket.tcp()
        local reader = ngx.thread.spawn(function()
            assert(sock:connect("127.0.0.1", 18080))
            order[#order + 1] = "socket"
        end)
        local turns = 0
        repeat
            time_slice.yield_now()
            turns = turns + 1
        until #order == 2 or turns == 10000
        ngx.thread.wait(other)
        ngx.thread.wait(reader)
        sock:close()
        assert.is_true(turns < 10000)
    end)

    it("is given once a millisecond at most, however often it is asked for", function()
        local pauses = 0
        local pause = time_slice.paced(function() pauses = pauses + 1 end)
        ngx.update_time()
        local began = ngx.now()
        repeat pause() until pauses == 20
        ngx.update_time()
        assert.is_true(ngx.now() - began > 0.0185, ngx.now() - began .. " s")
    end)
end)
