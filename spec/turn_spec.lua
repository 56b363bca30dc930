local turn = require("resty.openclaw.turn")

describe("turn", function()
    it("lets others work before it goes on", function()
        local order = {}
        local other = ngx.thread.spawn(function()
            turn.pass()
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
            turn.pass()
            turns = turns + 1
        until #order == 2 or turns == 10000
        ngx.thread.wait(other)
        ngx.thread.wait(reader)
        sock:close()
        assert.is_true(turns < 10000)
    end)
end)
