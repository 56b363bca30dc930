local checked = require("spec.support.checked")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local left_out = require("resty.openclaw.balancer.left_out")
local new_peers = require("spec.support.new_peers")

local NOW = 1000

describe("balancer.left_out", function()
    local function why(peer, now) return { left_out.reason(peer, now or NOW), left_out.seconds(peer, now or NOW) } end

    it("says nothing of a peer that is well", function()
        assert.same({}, why(new_peers({ 1 })[1]))
    end)

    it("says that a peer is busy, and for how long", function()
        local peer = new_peers({ 1 })[1]
        outlier_detection.note_busy(peer.record, NOW, 7)
        assert.same({ "busy", 7 }, why(peer))
        assert.same({}, why(peer, NOW + 8))
    end)

    it("says that requests failed, also while one tries it", function()
        local peer = new_peers({ 1 })[1]
        for _ = 1, 3 do outlier_detection.failed(peer.record, NOW, 0.5) end
        assert.same({ "failed_requests", 5 }, why(peer))
        assert.same({ "failed_requests", 0 }, why(peer, NOW + 6))
        outlier_detection.note_busy(peer.record, NOW + 6, 9)
        assert.same({ "busy", 9 }, why(peer, NOW + 6))
    end)

    it("says that checks failed, or that it drains, which ends with no time", function()
        local peer = new_peers({ 1 })[1]
        checked.down(peer)
        outlier_detection.note_busy(peer.record, NOW, 7)
        assert.same({ "failed_checks" }, why(peer))
        peer.is_draining = true
        assert.same({ "draining" }, why(peer))
        for _, reason in ipairs({ "failed_checks", "draining" }) do
            local known = false
            for _, other in ipairs(left_out.REASONS) do known = known or other == reason end
            assert.is_true(known)
        end
    end)
end)
