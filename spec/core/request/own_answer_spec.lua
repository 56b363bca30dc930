local http = require("spec.support.http")
local own_answer = require("resty.openclaw.core.request.own_answer")
local request_state = require("resty.openclaw.core.request.request_state")
local within = require("spec.support.within")

describe("own_answer", function()
    it("is there when it was said, for this request only", function()
        within.work = function()
            local before = own_answer.is_here()
            own_answer.note()
            local after = own_answer.is_here()
            request_state.forget()
            return string.format("mark:%s %s %s:end", before, after, own_answer.is_here())
        end
        local body = http.raw("GET /request/content HTTP/1.1\r\nHost: pond.test\r\nConnection: close\r\n\r\n").body
        assert.equal("false true false", body:match("mark:(.*):end"))
    end)
end)
