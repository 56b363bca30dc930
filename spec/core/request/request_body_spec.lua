local http = require("spec.support.http")

local PORT = 18143

--- Bytes of which no two stretches are alike.
local function body_of(bytes)
    local parts = {}
    for index = 1, math.ceil(bytes / 8) do
        parts[index] = string.format("%08x", index)
    end
    return table.concat(parts):sub(1, bytes)
end

local function pieces(path, body)
    local answer = http.post_to(PORT, path, body)
    assert.equal(200, answer.status)
    local count, longest, no_string, all = answer.body:match("^(%d+)|(%d+)|(%a+)|(.*)$")
    return tonumber(count), tonumber(longest), no_string == "true", all
end

describe("request_body", function()
    for _, path in ipairs({ "/pieces", "/pieces_memory" }) do
        it("visits all of it in order, in pieces of at most 64 KiB: " .. path, function()
            for _, bytes in ipairs({ 1, 65535, 65536, 65537, 524287, 524288, 524289, 1000003 }) do
                local body = body_of(bytes)
                local count, longest, _, all = pieces(path, body)
                assert.equal(math.ceil(bytes / 65536), count)
                assert.equal(math.min(bytes, 65536), longest)
                assert.is_true(body == all, bytes .. " bytes came out otherwise")
            end
        end)

        it("visits nothing of an empty body: " .. path, function()
            assert.equal(0, (pieces(path, "")))
        end)
    end

    for _, path in ipairs({ "/small_pieces", "/small_pieces_memory" }) do
        it("visits smaller pieces for those who want them: " .. path, function()
            local body = body_of(524289)
            local count, longest, _, all = pieces(path, body)
            -- Every slice of 512 KiB ends with a shorter piece.
            assert.is_true(count >= 525 and count <= 526, count)
            assert.equal(1000, longest)
            assert.is_true(body == all)
        end)
    end

    it("makes no Lua string of a body in memory", function()
        -- Fails as soon as any spec's nginx.conf names $request_body: nginx may not be trusted with it then.
        local _, _, no_string = pieces("/pieces_memory", body_of(100000))
        assert.is_true(no_string)
    end)

    for _, path in ipairs({ "/first", "/first_memory" }) do
        it("returns the first bytes and the length: " .. path, function()
            local body = body_of(200000)
            assert.equal("200000|" .. body:sub(1, 24), http.post_to(PORT, path .. "?most=24", body).body)
            assert.equal("200000|" .. body:sub(1, 65536), http.post_to(PORT, path .. "?most=100000", body).body)
            assert.equal("3|abc", http.post_to(PORT, path .. "?most=24", "abc").body)
            assert.equal("0|", http.post_to(PORT, path .. "?most=24", "").body)
            assert.equal("3|", http.post_to(PORT, path .. "?most=0", "abc").body)
        end)
    end
end)
