local chunk = require("resty.openclaw.core.request.response_chunk")
local envelope = require("resty.openclaw.image.envelope")
local request_state = require("resty.openclaw.core.request.request_state")

--- Has chunks of so many bytes come, the last of them marked as the last; returns what is put around each, by its place.
local function sent_around(state, chunks)
    local around, place = {}, 0
    stub(request_state, "present").returns(state)
    stub(chunk, "bytes").invokes(function() return chunks[place] end)
    stub(chunk, "look").invokes(function()
        if chunks[place] == 0 then return nil, 0 end
        return "memory", chunks[place]
    end)
    stub(chunk, "is_last").invokes(function() return place == #chunks end)
    stub(chunk, "surround").invokes(function(before, _, _, after) around[place] = before .. "|" .. after end)
    for index = 1, #chunks do
        place = index
        envelope.body_filter(envelope.new_hook())
    end
    return around
end

describe("envelope", function()
    local originals = {}

    before_each(function()
        for _, name in ipairs({ "bytes", "look", "is_last", "surround" }) do originals[name] = chunk[name] end
        originals.present = request_state.present
    end)

    after_each(function()
        for _, name in ipairs({ "bytes", "look", "is_last", "surround" }) do chunk[name] = originals[name] end
        request_state.present = originals.present
    end)

    it("ends with the last byte, though nginx says later that it was", function()
        local around = sent_around({ envelope_head = "{", envelope_left = 10 }, { 4, 0, 3, 3, 0 })
        assert.same({ [1] = "{|", [4] = "|}" }, around)
    end)

    it("ends a response of one chunk in one go", function()
        assert.same({ "{|}" }, sent_around({ envelope_head = "{", envelope_left = 10 }, { 10, 0 }))
    end)

    it("ends where nginx says so if the length is not known", function()
        assert.same({ "{|", [3] = "|}" }, sent_around({ envelope_head = "{" }, { 4, 3, 0 }))
    end)

    it("leaves a long chunk at the end as it is", function()
        local state = { envelope_head = "{", envelope_left = 200004 }
        assert.same({ "{|", [3] = "|}" }, sent_around(state, { 4, 200000, 0 }))
        assert.same({ "{|}" }, sent_around({ envelope_head = "{", envelope_left = 200000 }, { 200000, 0 }))
    end)

    it("has no end twice, and none without a head", function()
        assert.same({ "{|}" }, sent_around({ envelope_head = "{", envelope_left = 4 }, { 4, 0, 0, 0 }))
        assert.same({}, sent_around({ envelope_left = 4 }, { 4, 0 }))
    end)
end)
