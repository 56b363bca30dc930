local edge = require("spec.support.edge_jobs")
local http = require("spec.support.http")
local on_disk = require("spec.support.disk")
local tokens = require("resty.openclaw.edge.delivery_token")

describe("edge: the delivery token", function()
    before_each(edge.reset)
    after_each(edge.restore)

    local function mode(path)
        local pipe = io.popen("stat -c %a " .. path)
        local text = pipe:read("*l")
        pipe:close()
        return text
    end

    --- Whether a store's deliveries are known by that secret.
    local function knows(jobs, secret)
        local its_match
        edge.behave = function() its_match = tokens.matches(jobs.token) end
        http.post_to(18200, "/", "x", { ["X-OpenClaw-Delivery"] = secret })
        return its_match
    end

    it("is shared by two gateways with one store, and no others", function()
        local jobs, other = edge.open(), edge.open()
        local path = jobs.settings.store .. "/secret"
        assert.is_false(knows(jobs, ("0"):rep(64)))
        local secret = tokens.read_or_create(jobs.token)
        assert.matches("^%x+$", secret)
        assert.same({ 64, "600" }, { #secret, mode(path) })
        local same = edge.open({ store = jobs.settings.store })
        assert.equal(secret, tokens.read_or_create(same.token))
        assert.is_true(knows(same, secret))
        assert.not_equal(secret, tokens.read_or_create(other.token))
        assert.is_false(knows(other, secret))
    end)

    it("is created anew when it is torn, or when others may read it", function()
        local jobs = edge.open()
        local path = jobs.settings.store .. "/secret"
        local before = tokens.read_or_create(jobs.token)
        for index, damage in ipairs({ ": > %s", "printf x > %s", "chmod 644 %s", "head -c 64 /dev/zero > %s" }) do
            on_disk.shell(damage, path)
            local secret = tokens.read_or_create(jobs.token)
            assert.not_equal(before, secret)
            assert.equal("600", mode(path))
            edge.go_on(2 * index)
            assert.is_true(knows(jobs, secret))
            assert.is_false(knows(jobs, before))
            before = secret
        end
        assert.same({}, edge.names(jobs, "incoming"))
    end)
end)
