local algorithms = require("resty.openclaw.auth.jwt.algorithms")

describe("auth.jwt.algorithms", function()
    it("knows thirteen, and nothing else", function()
        local names = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA HS256 HS384 HS512"
        assert.equal(names, table.concat(algorithms.NAMES, " "))
        for name in names:gmatch("%S+") do assert.equal(name, algorithms.requirement(name).algorithm) end
        for _, name in ipairs({ "none", "None", "NONE", "", "rs256", "RS1", "RS256 ", "HS", "dir", "A256GCM", "ES256K", "RSA-OAEP" }) do
            assert.is_nil(algorithms.requirement(name))
        end
    end)

    it("finds those that a key fits", function()
        local function fitting(...) return table.concat(algorithms.fitting(...), " ") end
        assert.equal("RS256 RS384 RS512 PS256 PS384 PS512", fitting("RSA"))
        assert.equal("PS384", fitting("RSA", nil, "PS384"))
        assert.equal("ES256", fitting("EC", "P-256"))
        assert.equal("ES384", fitting("EC", "P-384", "ES384"))
        assert.equal("EdDSA", fitting("OKP", "Ed448"))
        assert.equal("", fitting("EC", "P-256", "ES384"))
        assert.equal("", fitting("RSA", nil, "ES256"))
        assert.equal("", fitting("RSA", nil, "HS256"))
        assert.equal("", fitting("RSA", nil, "none"))
        assert.equal("", fitting("EC"))
        assert.equal("", fitting("EC", "secp256k1"))
        assert.equal("", fitting("rsa"))
    end)

    it("knows which take a secret, and how long it must be", function()
        for _, name in ipairs(algorithms.NAMES) do
            assert.equal(name:sub(1, 2) == "HS", algorithms.takes_secret(name))
            assert.equal(name:sub(1, 2) == "HS", algorithms.requirement(name).secret_bytes ~= nil)
            assert.equal(name:sub(1, 2) ~= "HS", algorithms.requirement(name).scheme ~= nil)
        end
        assert.equal(32, algorithms.requirement("HS256").secret_bytes)
        assert.equal(64, algorithms.requirement("HS512").secret_bytes)
        assert.is_false(algorithms.takes_secret("none"))
    end)
end)
