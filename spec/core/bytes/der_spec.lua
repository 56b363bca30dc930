local der = require("resty.openclaw.core.bytes.der")

local function bytes(hex)
    return (hex:gsub("%s", ""):gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- What openssl says of a public key in DER.
local function openssl(text)
    local path = ngx.config.prefix() .. "/der_spec.bin"
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    local pipe = assert(io.popen("openssl pkey -pubin -inform DER -noout -text -in " .. path .. " 2>&1"))
    local answer = pipe:read("*a")
    pipe:close()
    os.remove(path)
    return answer
end

describe("der", function()
    it("writes RSA keys as RFC 3279 says, with lengths of one, two and three bytes", function()
        assert.equal(bytes("301a 300d 06092a864886f70d0101010500 0309 00 3006 020105 020103"), der.rsa_key("\5", "\3"))
        local modulus = ("\127"):rep(300)
        assert.equal(bytes("3082014b 300d 06092a864886f70d0101010500 03820138 00 30820133 0282012c"):sub(1, 24), der.rsa_key(modulus, "\3"):sub(1, 24))
        local key = der.rsa_key("\1" .. ("\0"):rep(127), "\1\0\1")
        assert.matches("Public%-Key: %(1017 bit%)", openssl(key))
        assert.matches("Exponent: 65537", openssl(key))
    end)

    it("puts a zero before a number with a high first bit, and takes others off", function()
        local plain = der.rsa_key("\127\1", "\1\0\1")
        assert.equal(plain, der.rsa_key("\0\0\0\127\1", "\0\1\0\1"))
        assert.equal(1, select(2, plain:gsub("\2\2\127\1", "")))
        local high = der.rsa_key("\128\1", "\1\0\1")
        assert.equal(1, select(2, high:gsub("\2\3%z\128\1", "")))
        assert.equal(high, der.rsa_key("\0\128\1", "\1\0\1"))
        assert.matches("Public%-Key: %(16 bit%)", openssl(high))
        -- Zero itself has one byte.
        assert.equal(1, select(2, der.rsa_key("\0\0", "\3"):gsub("\2\1%z", "")))
    end)

    it("writes what openssl reads, for every curve", function()
        local x = bytes("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6")
        local y = bytes("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")
        assert.matches("prime256v1", openssl(der.ec_key("P-256", x, y)))
        assert.matches("ED25519", openssl(der.edwards_key("Ed25519", ("\7"):rep(32))))
        assert.matches("ED448", openssl(der.edwards_key("Ed448", ("\7"):rep(57))))
        -- RFC 8410, section 10.1
        local key = bytes("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
        assert.equal(bytes("302a300506032b6570032100") .. key, der.edwards_key("Ed25519", key))
    end)

    it("writes signatures of two numbers, each as short as it can be", function()
        assert.equal(bytes("3006 020101 020102"), der.ecdsa_signature("\0\1\0\2"))
        assert.equal(bytes("3008 02020080 02020081"), der.ecdsa_signature("\128\129"))
        assert.equal(bytes("3006 020100 020100"), der.ecdsa_signature(("\0"):rep(64)))
        local long = der.ecdsa_signature(("\255"):rep(132))
        assert.equal(bytes("30818a 024300ff"), long:sub(1, 7))
        assert.equal(141, #long)
    end)

    it("takes zeros off the front of a number", function()
        assert.equal("", der.significant(""))
        assert.equal("", der.significant("\0\0"))
        assert.equal("\1\0", der.significant("\0\1\0"))
    end)
end)
