local free_tries = require("resty.openclaw.balancer.free_tries")
local http = require("spec.support.http")
local nodes = require("spec.support.nodes")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")

local OPENRESTY = "--prefix=/usr/local/openresty/nginx --add-module=../ngx_lua-0.10.30 --with-pcre-jit"
local DEBIAN = "--prefix=/usr/share/nginx --add-dynamic-module=/build/nginx/debian/modules/http-lua"

describe("balancer.free_tries", function()
    local usual = free_tries.platform.takes_back

    before_each(function()
        nodes.reset()
        for _, name in ipairs({ "single", "one_try" }) do
            spec_balancers[name].budget.tokens = 50
            for _, peer in ipairs(spec_balancers[name].pool.peers) do outlier_detection.reset(peer.record) end
        end
    end)

    after_each(function() free_tries.platform.takes_back = usual end)

    it("knows where they are taken back", function()
        assert.is_true(free_tries.is_taken_back(1029002, 10030, OPENRESTY))
        assert.is_true(free_tries.is_taken_back(1031000, 10031, OPENRESTY))
        assert.is_false(free_tries.is_taken_back(1025003, 10026, OPENRESTY))
        assert.is_false(free_tries.is_taken_back(1027001, 10028, OPENRESTY))
        assert.is_false(free_tries.is_taken_back(1031000, 10031, DEBIAN))
    end)

    -- Debian's nginx has no such patch, and goes on to grant its try. That one is asked for beforehand can be seen there.
    describe("where they are taken back", function()
        local function sent() return nodes.count(18101) end

        local function asked_for(work)
            local nginx_balancer = require("ngx.balancer")
            local set_more_tries, count = nginx_balancer.set_more_tries, 0
            nginx_balancer.set_more_tries = function(tries)
                count = count + tries
                return set_more_tries(tries)
            end
            work()
            nginx_balancer.set_more_tries = set_more_tries
            return count
        end

        it("asks for one more try of the same node beforehand", function()
            free_tries.platform.takes_back = false
            assert.equal(0, asked_for(function() http.get("/retried/single") end))
            free_tries.platform.takes_back = true
            assert.equal(1, asked_for(function() http.get("/retried/single") end))
            assert.equal(0, asked_for(function() http.get("/retried/one_try") end))
        end)

        it("uses the same node again, once, when the connection was closed", function()
            free_tries.platform.takes_back = true
            http.get("/retried/single")
            nodes.reset()
            nodes.behave[18101] = function(count)
                if count == 1 then ngx.exit(444) end
                ngx.say("here again")
            end
            assert.equal("here again\n", http.post("/retried/single", "image").body)
            assert.equal(2, sent())
            nodes.reset()
            nodes.behave[18101] = function() ngx.exit(444) end
            assert.equal(502, http.post("/retried/single", "image").status)
            assert.equal(2, sent())
        end)

        it("ends with the last status when the node answered", function()
            free_tries.platform.takes_back = true
            for _, status in ipairs({ 500, 502, 503, 504 }) do
                nodes.reset()
                nodes.behave[18101] = function() ngx.exit(status) end
                local answer = http.post("/retried/single", "image")
                -- nginx without OpenResty's patches makes 500 of most.
                local patched_only = status ~= 502 and answer.status == 500
                assert.is_true(answer.status == status or patched_only, status .. " became " .. answer.status)
                assert.equal(1, sent())
            end
        end)
    end)
end)
