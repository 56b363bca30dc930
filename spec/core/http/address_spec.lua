local address = require("resty.openclaw.core.http.address")

describe("address", function()
    it("writes addresses as the system does", function()
        assert.equal("10.0.0.1", address.canonical("10.0.0.1"))
        assert.equal("[::1]", address.canonical("0:0:0:0:0:0:0:1"))
        assert.equal("[fd00::ab:0:1]", address.canonical("FD00:0000:0:0:0:00AB:0:1"))
        assert.equal("[::ffff:10.0.0.1]", address.canonical("::ffff:a00:1"))
    end)

    it("takes nothing else", function()
        for _, text in ipairs({ "", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1.", "a", "localhost", "[::1]", ":", "::1%lo", "1::2::3", "10.0.0.1\0", "::1\0junk", " ::1", "0x7f.0.0.1" }) do
            assert.is_nil(address.canonical(text), text)
        end
    end)

    it("parts host and port", function()
        assert.same({ "10.0.0.1", 80 }, { address.host_and_port("10.0.0.1:80") })
        assert.same({ "[fd00::1]", 65535 }, { address.host_and_port("[FD00:0::1]:65535") })
        assert.same({ "unix:/a b", 0 }, { address.host_and_port("unix:/a b") })
    end)

    it("parts nothing else", function()
        for _, text in ipairs({ "", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:1e3", "10.0.0.1:8000000", "10.0.0.1:80 ", "::1:80", "[::1]", "[10.0.0.1]:80", "[a.b]:80", "gpu:80", "unix:", "unix:/", "unix:relative" }) do
            assert.same({ nil, 0 }, { address.host_and_port(text) }, text)
        end
    end)

    it("knows ports", function()
        assert.equal(1, address.port_number("1"))
        assert.equal(65535, address.port_number("65535"))
        for _, text in ipairs({ "", "0", "65536", "-1", "1.5", "1e3", "0x10", "99999999999999999999" }) do
            assert.is_nil(address.port_number(text), text)
        end
    end)
end)
