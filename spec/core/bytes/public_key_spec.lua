local base64url = require("resty.openclaw.core.bytes.base64url")
local cjson = require("cjson")
local der = require("resty.openclaw.core.bytes.der")
local ffi = require("ffi")
local public_key = require("resty.openclaw.core.bytes.public_key")
local token_vectors = require("spec.support.token_vectors")

ffi.cdef("unsigned long ERR_peek_error(void);")

local function errors_of_openssl()
    return tonumber(ffi.C.ERR_peek_error())
end

local function members(name)
    local key = cjson.decode(token_vectors.keys[name])
    for _, member in ipairs({ "n", "e", "x", "y" }) do key[member] = key[member] and base64url.decode(key[member]) end
    return key
end

local function read(name)
    local key = members(name)
    if key.kty == "RSA" then return assert(public_key.from_der(der.rsa_key(key.n, key.e))) end
    if key.kty == "EC" then return assert(public_key.from_der(der.ec_key(key.crv, key.x, key.y))) end
    return assert(public_key.from_der(der.edwards_key(key.crv, key.x)))
end

local function parts(name)
    local signed, signature = token_vectors.tokens[name]:match("^(.*)%.([^.]*)$")
    return signed, base64url.decode(signature)
end

local SCHEMES = {}
for _, bits in ipairs({ 256, 384, 512 }) do
    SCHEMES["RS" .. bits] = public_key.scheme("pkcs1", "sha" .. bits, bits / 8)
    SCHEMES["PS" .. bits] = public_key.scheme("pss", "sha" .. bits, bits / 8)
    SCHEMES["ES" .. bits] = public_key.scheme(nil, "sha" .. bits, bits / 8)
end
SCHEMES.Ed25519 = public_key.scheme(nil, nil, 0)
SCHEMES.Ed448 = SCHEMES.Ed25519

describe("public_key", function()
    it("says what a key is", function()
        local kinds = { RS256 = "rsa 2048", RS512 = "rsa 4096", ES256 = "ec 256", ES384 = "ec 384", ES512 = "ec 521" }
        for name, kind in pairs(kinds) do
            local key = read(name)
            assert.equal(kind, key.kind .. " " .. key.bits)
        end
        assert.equal("ed25519", read("Ed25519").kind)
        assert.equal("ed448", read("Ed448").kind)
    end)

    it("accepts the signature of every scheme by its own key and scheme alone", function()
        for name in pairs(SCHEMES) do
            local signed, signature = parts(name)
            for other, key_of_other in pairs(token_vectors.keys) do
                assert.truthy(key_of_other)
                local key = read(other)
                for scheme_name, scheme in pairs(SCHEMES) do
                    local fits = other == name and scheme == SCHEMES[name]
                    assert.equal(fits, public_key.verifies(key, scheme, signature, signed), name .. " by " .. other .. " as " .. scheme_name)
                end
            end
        end
        assert.equal(0, errors_of_openssl())
    end)

    it("refuses a changed text, and a signature with any bit changed", function()
        for name, scheme in pairs(SCHEMES) do
            local key = read(name)
            local signed, signature = parts(name)
            assert.is_false(public_key.verifies(key, scheme, signature, signed .. "x"))
            assert.is_false(public_key.verifies(key, scheme, signature, ""))
            for at = 1, #signature, 7 do
                local byte = signature:byte(at)
                local changed = signature:sub(1, at - 1) .. string.char(bit.bxor(byte, 2 ^ (at % 8))) .. signature:sub(at + 1)
                assert.is_false(public_key.verifies(key, scheme, changed, signed), name .. " at " .. at)
            end
            assert.is_true(public_key.verifies(key, scheme, signature, signed), name)
        end
        assert.equal(0, errors_of_openssl())
    end)

    it("refuses signatures of any other length", function()
        for name, scheme in pairs(SCHEMES) do
            local key = read(name)
            local signed, signature = parts(name)
            local others = { "", signature:sub(2), signature:sub(1, -2), signature .. "\0", "\0" .. signature, "\0\0" .. signature, signature .. signature }
            for _, other in ipairs(others) do assert.is_false(public_key.verifies(key, scheme, other, signed), name) end
        end
        local signed, signature = parts("ES256")
        local r, s = signature:sub(1, 32), signature:sub(33)
        assert.is_false(public_key.verifies(read("ES256"), SCHEMES.ES256, "\0" .. r .. "\0" .. s, signed))
        -- As other libraries write ECDSA.
        assert.is_false(public_key.verifies(read("ES256"), SCHEMES.ES256, der.ecdsa_signature(signature), signed))
    end)

    it("refuses ECDSA's numbers where they are 0, or no less than the order", function()
        local key = read("ES256")
        local signed, signature = parts("ES256")
        local order = "\255\255\255\255\0\0\0\0" .. ("\255"):rep(8) .. base64url.decode("vOb6racXnoTzucrC_GMlUQ")
        local r, s = signature:sub(1, 32), signature:sub(33)
        local zero = ("\0"):rep(32)
        for _, other in ipairs({ zero .. zero, zero .. s, r .. zero, r .. order, order .. s, ("\255"):rep(64) }) do
            assert.is_false(public_key.verifies(key, SCHEMES.ES256, other, signed))
        end
        assert.equal(0, errors_of_openssl())
    end)

    it("refuses a digest that OpenSSL does not have", function()
        local signed, signature = parts("RS256")
        assert.is_false(public_key.verifies(read("RS256"), public_key.scheme("pkcs1", "sha257", 32), signature, signed))
    end)

    it("refuses what is no key, or more than one, and leaves no error in OpenSSL's queue", function()
        local rsa = members("RS256")
        local good = der.rsa_key(rsa.n, rsa.e)
        for _, text in ipairs({ "", "x", "\48", "\48\130", good:sub(1, -2), good:sub(2), "\48\0", ("\0"):rep(300), "\48\132\255\255\255\255" }) do
            local key, err = public_key.from_der(text)
            assert.is_nil(key)
            assert.equal("OpenSSL does not accept it", err)
            assert.equal(0, errors_of_openssl())
        end
        assert.equal("bytes follow it", select(2, public_key.from_der(good .. "\0")))
        assert.equal("bytes follow it", select(2, public_key.from_der(good .. good)))
    end)

    it("refuses points that are not on their curve", function()
        for _, name in ipairs({ "ES256", "ES384", "ES512" }) do
            local key = members(name)
            local bytes = #key.x
            local wrong = {
                { key.x, key.y:sub(1, -2) .. string.char(bit.bxor(key.y:byte(-1), 1)) },
                { key.y, key.x }, { ("\0"):rep(bytes), ("\0"):rep(bytes) }, { ("\255"):rep(bytes), ("\255"):rep(bytes) },
                { key.x:sub(2), key.y }, { key.x, "" }, { key.x .. "\0", key.y },
            }
            for _, point in ipairs(wrong) do assert.is_nil((public_key.from_der(der.ec_key(key.crv, point[1], point[2])))) end
        end
        assert.equal(0, errors_of_openssl())
    end)

    it("refuses keys of other kinds", function()
        local x25519 = base64url.decode(cjson.decode(token_vectors.x25519).x)
        local text = der.edwards_key("Ed25519", x25519):gsub("\6\3%+\101\112", "\6\3\43\101\110", 1)
        assert.equal("its type is not known", select(2, public_key.from_der(text)))
        assert.is_nil((public_key.from_der(der.edwards_key("Ed25519", ("\7"):rep(31)))))
        assert.is_nil((public_key.from_der(der.edwards_key("Ed25519", ("\7"):rep(57)))))
    end)

    it("gives keys back to OpenSSL", function()
        local function resident()
            local file = assert(io.open("/proc/self/statm"))
            local pages = file:read("*a"):match("^%d+ (%d+)")
            file:close()
            return tonumber(pages)
        end
        local key = members("RS256")
        local text = der.rsa_key(key.n, key.e)
        local function read_many()
            for _ = 1, 3000 do
                public_key.from_der(text)
                public_key.from_der("x")
            end
            collectgarbage() collectgarbage()
            return resident()
        end
        local before = read_many()
        -- Pages of 4 KB; 3000 keys that stay would be some 6 MB.
        assert.is_true(read_many() - before < 300)
    end)
end)
