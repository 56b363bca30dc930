local base64url = require("resty.openclaw.core.bytes.base64url")
local der = require("resty.openclaw.core.bytes.der")
local public_key = require("resty.openclaw.core.bytes.public_key")
local small_order = require("resty.openclaw.core.bytes.small_order")
local token_vectors = require("spec.support.token_vectors")
local cjson = require("cjson")

local ED25519 = {
    ("\0"):rep(32), "\1" .. ("\0"):rep(31), "\236" .. ("\255"):rep(30) .. "\127", "\237" .. ("\255"):rep(30) .. "\127",
    "\238" .. ("\255"):rep(30) .. "\127",
    base64url.decode("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"), base64url.decode("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"),
}
local ED448 = { ("\0"):rep(57), "\1" .. ("\0"):rep(56), "\254" .. ("\255"):rep(27) .. "\254" .. ("\255"):rep(27) .. "\0" }

--- How many of 64 texts anybody can sign for a key, with a point of small order and a zero.
local function forged(curve, key, point)
    local read = public_key.from_der(der.edwards_key(curve, key))
    if not read then return 0 end
    local by = public_key.scheme(nil, nil, 0)
    local signature = point .. ("\0"):rep(#point)
    local accepted = 0
    for text = 1, 64 do
        if public_key.verifies(read, by, signature, "text " .. text) then accepted = accepted + 1 end
    end
    return accepted
end

local function with_sign(key)
    return key:sub(1, -2) .. string.char(key:byte(-1) % 128 + 128)
end

describe("small_order", function()
    it("knows the keys of Ed25519 that anybody can sign for", function()
        for place, key in ipairs(ED25519) do
            assert.is_true(small_order.is_small("Ed25519", key))
            assert.is_true(small_order.is_small("Ed25519", with_sign(key)))
            local accepted = math.max(forged("Ed25519", key, ED25519[2]), forged("Ed25519", with_sign(key), ED25519[2]))
            assert.is_true(accepted > 0, "key " .. place)
        end
    end)

    it("knows those of Ed448", function()
        for _, key in ipairs(ED448) do
            assert.is_true(small_order.is_small("Ed448", key))
            assert.is_true(small_order.is_small("Ed448", with_sign(key)))
        end
        -- A key of zeros, which a mistake makes: OpenSSL accepts every text.
        assert.equal(64, forged("Ed448", ED448[1], ED448[1]))
    end)

    it("takes no other key for one", function()
        for _, curve in ipairs({ "Ed25519", "Ed448" }) do
            local key = base64url.decode(cjson.decode(token_vectors.keys[curve]).x)
            assert.is_false(small_order.is_small(curve, key))
            assert.equal(0, forged(curve, key, curve == "Ed448" and ED448[1] or ED25519[2]))
        end
    end)
end)
